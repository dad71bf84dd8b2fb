import { describe, expect, it } from '@jest/globals';
import { fromBfloat, fromHalf, toBfloat, toHalf } from '../../../src/tensor/half.js';

const patterns = Array.from({ length: 0x10000 }, (_, bits) => bits);

function isNaNPattern(bits: number, infinity: number): boolean {
  return (bits & 0x7fff) > infinity;
}

describe('half precision', () => {
  it('has the known patterns', () => {
    const known: [number, number][] = [
      [0, 0x0000],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [1 / 3, 0x3555],
      [Number.POSITIVE_INFINITY, 0x7c00],
      [Number.NEGATIVE_INFINITY, 0xfc00],
      [Number.NaN, 0x7e00],
    ];
    for (const [value, bits] of known) expect(toHalf(value)).toBe(bits);
  });

  it('gives every pattern back that is not NaN', () => {
    expect(patterns.filter((bits) => toHalf(fromHalf(bits)) !== bits && !isNaNPattern(bits, 0x7c00))).toEqual([]);
    expect(patterns.filter((bits) => Number.isNaN(fromHalf(bits)) !== isNaNPattern(bits, 0x7c00))).toEqual([]);
  });

  it('rounds half way to the even neighbour and otherwise to the nearest', () => {
    const wrong = patterns.slice(0, 0x7bff).filter((bits) => {
      const [below, above] = [fromHalf(bits), fromHalf(bits + 1)];
      const middle = (below + above) / 2;
      const [even, low, high] = [toHalf(middle), toHalf((below + middle) / 2), toHalf((above + middle) / 2)];
      return even !== bits + (bits % 2) || low !== bits || high !== bits + 1;
    });
    expect(wrong).toEqual([]);
  });

  it('becomes infinite from half way beyond the largest value on', () => {
    expect(toHalf(65519)).toBe(0x7bff);
    expect(toHalf(65520)).toBe(0x7c00);
    expect(toHalf(-1e30)).toBe(0xfc00);
  });
});

describe('bfloat', () => {
  it('gives every pattern back that is not NaN', () => {
    expect(patterns.filter((bits) => toBfloat(fromBfloat(bits)) !== bits && !isNaNPattern(bits, 0x7f80))).toEqual([]);
    expect(patterns.filter((bits) => Number.isNaN(fromBfloat(bits)) !== isNaNPattern(bits, 0x7f80))).toEqual([]);
  });

  it('rounds half way to the even neighbour', () => {
    const wrong = patterns.slice(0x3000, 0x5000).filter((bits) => {
      const middle = (fromBfloat(bits) + fromBfloat(bits + 1)) / 2;
      return toBfloat(middle) !== bits + (bits % 2);
    });
    expect(wrong).toEqual([]);
  });

  it('keeps NaN a NaN and sends what is too large to infinity', () => {
    expect(fromBfloat(toBfloat(Number.NaN))).toBeNaN();
    expect(toBfloat(3.4028234663852886e38)).toBe(0x7f80);
    expect(toBfloat(-3.4028234663852886e38)).toBe(0xff80);
  });
});
