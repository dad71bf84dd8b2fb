import { describe, expect, it } from '@jest/globals';
import { topIndices } from '../../../src/tensor/top-indices.js';

describe('topIndices', () => {
  it('gives the indices of the highest elements, the highest first', () => {
    expect(topIndices([1, 5, 10, 4], 0, 4, 2)).toEqual([2, 1]);
  });

  it('gives all where there are fewer than asked for', () => {
    expect(topIndices([1, 5, 10, 4], 0, 4, 100)).toEqual([2, 1, 3, 0]);
    expect(topIndices([], 0, 0, 3)).toEqual([]);
  });

  it('counts from where it starts, and looks no further than the end', () => {
    expect(topIndices([100, 3, 7, 5, 100], 1, 4, 2)).toEqual([1, 2]);
  });

  it('has the lower index first among equals, whatever it throws away on the way', () => {
    const equal = Array.from({ length: 1000 }, () => 1);
    expect(topIndices(equal, 0, equal.length, 3)).toEqual([0, 1, 2]);
    expect(topIndices([0, -0, 0], 0, 3, 3)).toEqual([0, 1, 2]);
  });

  it('has NaN behind every number, and among themselves by index', () => {
    const { NaN: nan, NEGATIVE_INFINITY: least } = Number;
    expect(topIndices([nan, least, nan, 1], 0, 4, 4)).toEqual([3, 1, 0, 2]);
  });

  it('tells apart 64-bit integers that are one number', () => {
    expect(topIndices([2n ** 53n, 2n ** 53n + 1n], 0, 2, 1)).toEqual([1]);
  });

  it('finds them among many, in ascending order too', () => {
    const ascending = Array.from({ length: 10_000 }, (_, index) => index);
    expect(topIndices(ascending, 0, ascending.length, 3)).toEqual([9999, 9998, 9997]);
    expect(topIndices(ascending.toReversed(), 0, ascending.length, 3)).toEqual([0, 1, 2]);
  });
});
