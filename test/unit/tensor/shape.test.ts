import { describe, expect, it } from '@jest/globals';
import { elementCount, formatShape, sameShape } from '../../../src/tensor/shape.js';

describe('elementCount', () => {
  it.each([
    [[], 1],
    [[7], 7],
    [[2, 3, 4], 24],
    [[0], 0],
    [[5, 0, 3], 0],
    [[Number.MAX_SAFE_INTEGER], Number.MAX_SAFE_INTEGER],
  ])('multiplies %p to %p', (shape, count) => {
    expect(elementCount(shape)).toBe(count);
  });

  it.each([[[Number.MAX_SAFE_INTEGER, 2]], [[2 ** 32, 2 ** 32]], [new Array<number>(1_000).fill(1_000)]])('sees an overflow', (shape) => {
    expect(elementCount(shape)).toBeUndefined();
  });

  it('is 0 with an empty axis, however large the others are', () => {
    expect(elementCount([2 ** 40, 2 ** 40, 0])).toBe(0);
  });
});

describe('formatShape', () => {
  it('writes axes in brackets', () => {
    expect(formatShape([])).toBe('[]');
    expect(formatShape([-1, 16])).toBe('[-1,16]');
    expect(formatShape([9_007_199_254_740_993n])).toBe('[9007199254740993]');
  });

  it('keeps a shape of many axes short', () => {
    expect(formatShape(new Array<number>(10_000).fill(1))).toBe('[1,1,1,1,1,1,1,1,…]');
  });
});

describe('sameShape', () => {
  it('compares axis by axis', () => {
    expect(sameShape([], [])).toBe(true);
    expect(sameShape([2, 3], [2, 3])).toBe(true);
    expect(sameShape([2, 3], [3, 2])).toBe(false);
    expect(sameShape([2], [2, 1])).toBe(false);
  });
});
