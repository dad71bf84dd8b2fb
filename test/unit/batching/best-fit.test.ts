import { describe, expect, it } from '@jest/globals';
import { bestFit } from '../../../src/batching/best-fit.js';
import type { BatchBounds } from '../../../src/batching/bounds.js';
import { Draft } from '../../../src/batching/draft.js';
import { createEntry, type EntryOptions } from '../../support/entries.js';

const BOUNDS: BatchBounds = { maxRows: 8, maxCost: Number.POSITIVE_INFINITY, lookAhead: 8 };

/** Lengths of those chosen for a head of length 100. */
function chosen(candidates: readonly EntryOptions[], bounds: Partial<BatchBounds> = {}, spare = 0): number[] {
  const draft = new Draft(createEntry({ length: 100 }));
  return bestFit(draft, candidates.map(createEntry), { ...BOUNDS, ...bounds }, spare).map(({ length }) => length);
}

function lengths(...sizes: readonly number[]): EntryOptions[] {
  return sizes.map((length) => ({ length }));
}

describe('bestFit', () => {
  it('chooses nobody of nobody', () => {
    expect(chosen([])).toEqual([]);
  });

  it('prefers the length with the most rows, be it longer or shorter than what is there', () => {
    expect(chosen(lengths(105, 105, 105, 92, 92), { maxRows: 4 })).toEqual([105, 105, 105]);
    expect(chosen(lengths(106, 95, 95, 95))).toEqual([95, 95, 95]);
  });

  it('prefers, of as many rows, the least padding', () => {
    expect(chosen(lengths(104, 99))).toEqual([104, 99]);
    expect(chosen(lengths(104, 99), { maxRows: 2 })).toEqual([99]);
    expect(chosen(lengths(101, 92), { maxRows: 2 })).toEqual([101]);
  });

  it('counts rows, not entries', () => {
    expect(chosen([{ length: 105, rows: 5 }, { length: 98 }, { length: 98 }], { maxRows: 6 })).toEqual([105]);
  });

  it('passes over what has too many rows or costs too much', () => {
    expect(
      chosen([
        { length: 100, rows: 8 },
        { length: 99, rows: 7 },
      ]),
    ).toEqual([99]);
    expect(chosen(lengths(103, 99), { maxCost: 200 })).toEqual([99]);
  });

  it('pads a batch no more than may be, whatever is to spare', () => {
    expect(chosen(lengths(80), {}, 9)).toEqual([]);
    expect(chosen(lengths(80), {}, 10)).toEqual([80]);
    expect(chosen(lengths(69), {}, 1000)).toEqual([]);
    expect(chosen(lengths(70), {}, 1000)).toEqual([70]);
  });
});
