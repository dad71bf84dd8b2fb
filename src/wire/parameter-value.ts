import { quote } from '../error/quote.js';
import type { ModelConfig } from '../gen/inference/model_config.js';

const DECIMAL = /^\d{1,12}(\.\d{1,12})?$/;
const INTEGER = /^\d{1,15}$/;

/** The value of a parameter; undefined where it is not there. */
export function parameterOf({ parameters }: ModelConfig, name: string): string | undefined {
  return Object.hasOwn(parameters, name) ? parameters[name]?.stringValue : undefined;
}

/** Every parameter's refusal reads alike. */
export function badValue(name: string, value: string, expected: string): Error {
  return new Error(`parameter ${quote(name)} is ${quote(value)}, expected ${expected}`);
}

export function parseOnOff(config: ModelConfig, name: string): boolean | undefined {
  const value = parameterOf(config, name);
  if (value === undefined) return undefined;
  if (value !== 'on' && value !== 'off') throw badValue(name, value, "'on' or 'off'");
  return value === 'on';
}

export function parsePositiveNumber(config: ModelConfig, name: string): number | undefined {
  return parseNumber(config, name, { format: DECIMAL, accepts: (number) => number > 0, expected: 'a number above 0' });
}

export function parsePositiveInteger(config: ModelConfig, name: string): number | undefined {
  return parseNumber(config, name, { format: INTEGER, accepts: (number) => number > 0, expected: 'an integer above 0' });
}

export function parseIntegerUpTo(config: ModelConfig, name: string, most: number): number | undefined {
  const accepts = (number: number) => number >= 1 && number <= most;
  return parseNumber(config, name, { format: INTEGER, accepts, expected: `an integer from 1 to ${most}` });
}

interface NumberRule {
  readonly format: RegExp;
  readonly accepts: (number: number) => boolean;
  readonly expected: string;
}

function parseNumber(config: ModelConfig, name: string, { format, accepts, expected }: NumberRule): number | undefined {
  const value = parameterOf(config, name);
  if (value === undefined) return undefined;
  const number = format.test(value) ? Number(value) : Number.NaN;
  if (!accepts(number)) throw badValue(name, value, expected);
  return number;
}
