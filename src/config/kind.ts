import { isIP } from 'node:net';
import { z } from 'zod';
import { HeaderPattern } from '../model/header-pattern.js';

/**
 * What an option's value may be. The schema takes the value as YAML gives it, and the same value as text, which is all that flags and
 * the environment have.
 */
export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** What is allowed, for messages and help: "an integer from 0 to 65535". */
  readonly allowed: string;
  /** `flag`: may stand on the command line without a value. `many`: may be given more than once. */
  readonly arity: 'one' | 'many' | 'flag';
  /** Values that only a later version will know. */
  readonly later: readonly string[];
  /** As the environment, and a reader of --print-config, would write it. */
  show(value: T): ShownValue;
}

export type ShownValue = string | number | boolean | readonly string[] | undefined;

const MAX_PORT = 65_535;
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9][A-Za-z0-9-]{0,62}(\.[A-Za-z0-9][A-Za-z0-9-]{0,62})*\.?$/;

export function integer(min: number, max: number, unit = ''): Kind<number> {
  const number = z.union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,16}$/)
      .transform(Number),
  ]);
  return {
    schema: number.pipe(z.int().min(min).max(max)),
    allowed: `an integer from ${min} to ${max}${unit}`,
    arity: 'one',
    later: [],
    show: (value) => value,
  };
}

export function port(): Kind<number> {
  return { ...integer(0, MAX_PORT), allowed: `a port from 1 to ${MAX_PORT}, or 0 for any free one` };
}

/** `later` are values that a later version will take. */
export function oneOf<const V extends readonly [string, ...string[]]>(values: V, later: readonly string[] = []): Kind<V[number]> {
  return { schema: z.enum(values), allowed: values.join(' or '), arity: 'one', later, show: (value) => value };
}

/** 1, and later as many as `max`. */
export function oneYet(max: number): Kind<number> {
  const later = Array.from({ length: max - 1 }, (_, index) => String(index + 2));
  return { ...integer(1, 1), allowed: '1', later };
}

/** on or off; YAML may also say true or false. */
export function onOff(): Kind<boolean> {
  const text = z.enum(['on', 'off']).transform((value) => value === 'on');
  return { schema: z.union([z.boolean(), text]), allowed: 'on or off', arity: 'one', later: [], show: (value) => (value ? 'on' : 'off') };
}

/** True where the flag stands, with or without a value behind it. */
export function flag(): Kind<boolean> {
  const text = z.enum(['true', 'false']).transform((value) => value === 'true');
  return { schema: z.union([z.boolean(), text]), allowed: 'true or false', arity: 'flag', later: [], show: (value) => value };
}

export function filePath(): Kind<string | undefined> {
  return { schema: z.string().min(1), allowed: 'the path of a file', arity: 'one', later: [], show: (value) => value };
}

/** Compiled once; shown as it was written. */
export function headerPattern(): Kind<HeaderPattern | undefined> {
  return {
    schema: z.string().min(1).transform(compilePattern),
    allowed: 'a regular expression without look-around and back-references',
    arity: 'one',
    later: [],
    show: (pattern) => pattern?.source,
  };
}

function compilePattern(source: string, context: z.RefinementCtx): HeaderPattern {
  try {
    return new HeaderPattern(source);
  } catch (error) {
    context.addIssue(error instanceof Error ? error.message : String(error));
    return z.NEVER;
  }
}

/** Each element is described by `element`. YAML may give a single one without a list around it. */
export function listOf(element: z.ZodType<string>, allowed: string): Kind<readonly string[]> {
  const list = z.union([element.transform((one) => [one]), z.array(element)]);
  return { schema: list, allowed, arity: 'many', later: [], show: (value) => value };
}

export function paths(): Kind<readonly string[]> {
  return listOf(z.string().min(1), 'the path of a directory');
}

export function names(): Kind<readonly string[]> {
  return listOf(z.string().min(1).max(256), 'the name of a model, or * for all');
}

export function hosts(): Kind<readonly string[]> {
  const host = z.string().transform(unbracket).refine(isHost);
  return listOf(host, 'an address or host name without a port (--grpc-port has it), or unix:/path/of/socket');
}

function unbracket(text: string): string {
  const inner = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : '';
  return isIP(inner) === 6 ? inner : text;
}

function isHost(text: string): boolean {
  if (text.startsWith('unix:')) return text.length > 'unix:'.length;
  return isIP(text) !== 0 || HOST_NAME.test(text);
}
