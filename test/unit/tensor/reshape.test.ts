import { describe, expect, it } from '@jest/globals';
import { canReshape, fillVariable, reshape } from '../../../src/tensor/reshape.js';

describe('canReshape', () => {
  it.each([
    [[4], [4]],
    [
      [2, 4, -1, 6],
      [8, -1, 1, 6],
    ],
    [[1], []],
    [[-1], [-1, 1]],
    [
      [-1, 3, -1],
      [-1, 1, 3, -1],
    ],
  ])('takes %j and %j for the same elements', (from, to) => {
    expect([canReshape(from, to), canReshape(to, from)]).toEqual([true, true]);
  });

  it.each([
    [[4], [2]],
    [[2], []],
    [[-1], [4]],
    [[-1, -1], [-1]],
    [
      [-1, 4],
      [4, -1],
    ],
    [
      [-1, 2, -1, 3],
      [-1, 3, -1, 2],
    ],
    [
      [2 ** 40, 2 ** 40],
      [2 ** 40, 2 ** 40],
    ],
  ])('does not take %j and %j for the same elements', (from, to) => {
    expect([canReshape(from, to), canReshape(to, from)]).toEqual([false, false]);
  });
});

describe('fillVariable', () => {
  it('gives variable axes their sizes in order, and leaves those without one variable', () => {
    expect(fillVariable([-1, 3, -1, -1], [7, 8])).toEqual([7, 3, 8, -1]);
  });
});

describe('reshape', () => {
  it('carries the sizes of variable axes over, behind the axes that are kept', () => {
    expect(reshape([9, 5, 4, 7], [-1, 4, -1], [-1, 2, 2, -1], 1)).toEqual([9, 5, 2, 2, 7]);
    expect(reshape([9, 1], [1], [], 1)).toEqual([9]);
    expect(reshape([], [], [1], 0)).toEqual([1]);
  });

  it.each([
    ['fewer axes', [9, 5]],
    ['more axes', [9, 5, 4, 1]],
    ['another fixed size', [9, 5, 3]],
  ])('refuses a shape of %s than its pattern', (_, shape) => {
    expect(reshape(shape, [-1, 4], [4, -1], 1)).toBeUndefined();
  });
});
