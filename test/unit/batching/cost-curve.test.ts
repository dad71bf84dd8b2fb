import { describe, expect, it } from '@jest/globals';
import { CostCurve } from '../../../src/batching/cost-curve.js';

type Point = readonly [cost: number, ms: number, weight?: number];

function curve(...points: readonly Point[]): CostCurve {
  const made = new CostCurve();
  for (const [cost, ms, weight = 1] of points) made.add(cost, ms, weight);
  made.finish();
  return made;
}

describe('CostCurve', () => {
  it('goes through its points and in a straight line from one to the next', () => {
    const line = curve([1, 1], [4, 7], [8, 9], [16, 10]);
    expect([1, 2, 4, 6, 8, 16].map((cost) => line.msAt(cost))).toEqual([1, 3, 7, 8, 9, 10]);
    expect([line.points, line.firstCost, line.lastCost]).toEqual([4, 1, 16]);
  });

  it('pools what falls, by weight, as far back as it must', () => {
    const pooled = curve([1, 1], [2, 6], [3, 7], [4, 2, 2], [5, 9]);
    expect(pooled.msAt(1)).toBe(1);
    for (const cost of [2, 3, 4]) expect(pooled.msAt(cost)).toBeCloseTo((6 + 7 + 2 * 2) / 4);
    expect(pooled.msAt(5)).toBe(9);
  });

  it('takes one point for as slow below it and in proportion above', () => {
    const point = curve([4, 8]);
    expect([1, 4, 8].map((cost) => point.msAt(cost))).toEqual([8, 8, 16]);
  });

  it('goes on along the line of its last points, of which one is at most half the other', () => {
    expect(curve([2, 6], [8, 12], [9, 13]).msAt(16)).toBe(13 + 7);
  });

  it('lets no cost above it be slower per row than its last point', () => {
    expect(curve([1, 1], [2, 8]).msAt(4)).toBe(16);
  });

  it('goes back along the line of its first points, but not below what a row takes in the first', () => {
    expect(curve([8, 12], [9, 12], [16, 20]).msAt(4)).toBe(8);
    expect(curve([8, 8], [16, 24]).msAt(4)).toBe(4);
  });

  it('forgets its points', () => {
    const again = curve([1, 5], [2, 6]);
    again.clear();
    again.add(1, 2, 1);
    again.finish();
    expect([again.points, again.msAt(1)]).toEqual([1, 2]);
  });
});
