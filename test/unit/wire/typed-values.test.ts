import { describe, expect, it } from '@jest/globals';
import {
  decodeBools,
  decodeFloats,
  decodeIntegers,
  encodeBools,
  encodeFloats,
  encodeIntegers,
  type IntegerDatatype,
} from '../../../src/wire/typed-values.js';
import { servingErrorOf } from '../../support/wire-messages.js';

const RANGES: [IntegerDatatype, bigint, bigint][] = [
  ['INT8', -128n, 127n],
  ['INT16', -32768n, 32767n],
  ['INT32', -2147483648n, 2147483647n],
  ['INT64', -(2n ** 63n), 2n ** 63n - 1n],
  ['UINT8', 0n, 255n],
  ['UINT16', 0n, 65535n],
  ['UINT32', 0n, 4294967295n],
  ['UINT64', 0n, 2n ** 64n - 1n],
];

describe('encodeIntegers', () => {
  it.each(RANGES)('takes the ends of the range of %s and gives them back', (datatype, min, max) => {
    expect(decodeIntegers(datatype, encodeIntegers('x', datatype, [min, max, 0n, 1n]))).toEqual([min, max, 0n, 1n]);
  });

  it.each(RANGES)('refuses what is one beyond the range of %s, naming tensor, element, value and range', (datatype, min, max) => {
    for (const value of [min - 1n, max + 1n]) {
      const error = servingErrorOf(() => encodeIntegers('x', datatype, [0n, value]));
      expect(error.code).toBe('invalid_request');
      for (const part of [`${value}`, 'element 1', "'x'", datatype, `${min} to ${max}`]) expect(error.message).toContain(part);
    }
  });

  it('takes numbers as well as bigints, and is little endian', () => {
    expect([...encodeIntegers('x', 'UINT32', [0x01020304])]).toEqual([4, 3, 2, 1]);
    expect([...encodeIntegers('x', 'INT64', [-2n])]).toEqual([254, 255, 255, 255, 255, 255, 255, 255]);
  });
});

describe('encodeFloats', () => {
  it('is little endian in each width', () => {
    expect([...encodeFloats('x', 'FP16', [1])]).toEqual([0, 0x3c]);
    expect([...encodeFloats('x', 'BF16', [1])]).toEqual([0x80, 0x3f]);
    expect([...encodeFloats('x', 'FP32', [1])]).toEqual([0, 0, 0x80, 0x3f]);
    expect([...encodeFloats('x', 'FP64', [1])]).toEqual([0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
  });

  it('refuses a finite value that the datatype cannot hold, but takes infinities and NaN', () => {
    const error = servingErrorOf(() => encodeFloats('x', 'FP16', [1, 70000]));
    expect(error.code).toBe('invalid_request');
    expect(error.message).toContain('value 70000 at element 1');
    expect(decodeFloats('FP16', encodeFloats('x', 'FP16', [Infinity, -Infinity, NaN]))).toEqual([Infinity, -Infinity, NaN]);
  });

  it('reads from where the data stands, aligned or not', () => {
    const data = new Uint8Array([9, ...encodeFloats('x', 'FP32', [1.5, -2])]).subarray(1);
    expect(decodeFloats('FP32', data)).toEqual([1.5, -2]);
  });
});

describe('encodeBools', () => {
  it('is one byte an element; any byte but 0 is true', () => {
    expect([...encodeBools([true, false])]).toEqual([1, 0]);
    expect(decodeBools(Uint8Array.of(0, 1, 2))).toEqual([false, true, true]);
  });
});
