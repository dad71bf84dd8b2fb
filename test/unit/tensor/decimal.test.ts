import { describe, expect, it } from '@jest/globals';
import { formatDecimal } from '../../../src/tensor/decimal.js';

describe('formatDecimal', () => {
  it.each([
    [0.5, '0.500000'],
    [Math.fround(0.1), '0.100000'],
    [Math.fround(0.9999999), '1.000000'],
    [1e-7, '0.000000'],
    [-1e-7, '-0.000000'],
    [-0, '-0.000000'],
    [0, '0.000000'],
    [12_345.678_901_2, '12345.678901'],
    [123_456_789.5, '123456789.500000'],
    [1e20, '100000000000000000000.000000'],
    [1e21, '1000000000000000000000.000000'],
    [-1.5e22, '-15000000000000000000000.000000'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [Number.NaN, 'nan'],
  ])('writes the float %p as printf does', (value, text) => {
    expect(formatDecimal(value, true)).toBe(text);
  });

  it('writes the largest floats digit by digit', () => {
    expect(formatDecimal(Math.fround(3.402_823_4e38), true)).toBe('340282346638528859811704183484516925440.000000');
    expect(formatDecimal(Number.MAX_VALUE, true)).toHaveLength(309 + 7);
  });

  it.each([
    [1 / 128, '0.007812'],
    [3 / 128, '0.023438'],
    [-1 / 128, '-0.007812'],
    [1 + 1 / 128, '1.007812'],
    [127 / 128, '0.992188'],
    [4_194_304 + 5 / 128, '4194304.039062'],
  ])('rounds %p, halfway between two decimals, to the even one', (value, text) => {
    expect(formatDecimal(value, true)).toBe(text);
  });

  it('writes integers plain, of 64 bits too', () => {
    expect([7, -7].map((value) => formatDecimal(value, false))).toEqual(['7', '-7']);
    expect(formatDecimal(2n ** 64n - 1n, false)).toBe('18446744073709551615');
  });
});
