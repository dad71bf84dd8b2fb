import { describe, expect, it } from '@jest/globals';
import type { ModelConfig } from '../../../src/gen/inference/model_config.js';
import { parseModelConfigText } from '../../../src/wire/model-config-text.js';
import { parameterOf, parseIntegerUpTo, parseOnOff, parsePositiveInteger, parsePositiveNumber } from '../../../src/wire/parameter-value.js';

function configOf(value: string): ModelConfig {
  return parseModelConfigText(`parameters { key: "p" value { string_value: "${value}" } }`);
}

const NONE = parseModelConfigText('');

describe('a parameter', () => {
  it('that is not there has no value, whatever objects have of themselves', () => {
    expect(parameterOf(configOf('v'), 'p')).toBe('v');
    expect(parameterOf(NONE, 'p')).toBeUndefined();
    expect(parameterOf(NONE, 'toString')).toBeUndefined();
    const parsed = [parseOnOff, parsePositiveNumber, parsePositiveInteger].map((parse) => parse(NONE, 'p'));
    expect([...parsed, parseIntegerUpTo(NONE, 'p', 16)]).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('is on or off', () => {
    expect([parseOnOff(configOf('on'), 'p'), parseOnOff(configOf('off'), 'p')]).toEqual([true, false]);
    expect(() => parseOnOff(configOf('true'), 'p')).toThrow("parameter 'p' is 'true', expected 'on' or 'off'");
  });

  it('is a number above 0', () => {
    expect([parsePositiveNumber(configOf('12'), 'p'), parsePositiveNumber(configOf('0.25'), 'p')]).toEqual([12, 0.25]);
  });

  it.each(['0', '0.0', '-1', '', '1e3', 'ten', '1.', ' 1', 'Infinity', '0x10', '1'.repeat(13)])('is no number as %p', (value) => {
    expect(() => parsePositiveNumber(configOf(value), 'p')).toThrow(`parameter 'p' is '${value}', expected a number above 0`);
  });

  it('is an integer above 0', () => {
    expect(parsePositiveInteger(configOf('4096'), 'p')).toBe(4096);
    for (const value of ['0', '1.5', '-3', '1'.repeat(16)]) {
      expect(() => parsePositiveInteger(configOf(value), 'p')).toThrow(`parameter 'p' is '${value}', expected an integer above 0`);
    }
  });

  it('is an integer within bounds', () => {
    expect([parseIntegerUpTo(configOf('1'), 'p', 16), parseIntegerUpTo(configOf('16'), 'p', 16)]).toEqual([1, 16]);
    for (const value of ['0', '17', '2.0']) {
      expect(() => parseIntegerUpTo(configOf(value), 'p', 16)).toThrow(`parameter 'p' is '${value}', expected an integer from 1 to 16`);
    }
  });
});
