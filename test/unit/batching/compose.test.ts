import { describe, expect, it } from '@jest/globals';
import type { BatchBounds } from '../../../src/batching/bounds.js';
import { compose } from '../../../src/batching/compose.js';
import { createEntry, type EntryOptions, linked } from '../../support/entries.js';

const NO_BOUND = Number.POSITIVE_INFINITY;

/** Places of the members in the list that is composed from. */
function composed(list: readonly EntryOptions[], { maxRows = 8, maxCost = NO_BOUND, lookAhead = 8 }: Partial<BatchBounds> = {}, spare = 0) {
  const entries = linked(list.map(createEntry));
  const [head] = entries;
  if (head === undefined) throw new RangeError('no head');
  return compose(head, { maxRows, maxCost, lookAhead }, spare).entries.map((entry) => entries.indexOf(entry));
}

function rows(...sizes: readonly number[]): EntryOptions[] {
  return sizes.map((size) => ({ rows: size }));
}

function lengths(...sizes: readonly number[]): EntryOptions[] {
  return sizes.map((length) => ({ length }));
}

describe('compose, without padding', () => {
  it('takes what fits in the order in which it came', () => {
    expect(composed(rows(3, 3, 2, 1))).toEqual([0, 1, 2]);
  });

  it('takes all that there are where they fit, however few it may look at', () => {
    expect(composed(rows(1, 1, 1, 1), { lookAhead: 1 })).toEqual([0, 1, 2, 3]);
  });

  it('passes over what does not fit for what does', () => {
    expect(composed(rows(3, 6, 4, 5, 1))).toEqual([0, 2, 4]);
  });

  it('looks no farther than it may behind the first that does not fit', () => {
    const list = rows(3, 1, 6, 6, 6, 4);
    expect(composed(list, { lookAhead: 2 })).toEqual([0, 1]);
    expect(composed(list, { lookAhead: 3 })).toEqual([0, 1, 5]);
  });

  it('closes at the first that does not fit where it may not look ahead', () => {
    expect(composed(rows(3, 1, 6, 1), { lookAhead: 0 })).toEqual([0, 1]);
  });

  it('takes the head whatever its size, alone where it may have no company', () => {
    expect(composed(rows(9, 1))).toEqual([0]);
    expect(composed(rows(1, 1), { maxRows: 0 })).toEqual([0]);
    expect(composed(rows(4, 1), { maxCost: 3 })).toEqual([0]);
  });

  it('keeps to the cost', () => {
    expect(composed(rows(2, 3, 1, 1), { maxCost: 4 })).toEqual([0, 2, 3]);
  });

  it('fills up with a lower rank, but lets it overtake nobody', () => {
    const [high, low] = [1, 2];
    const level = (size: number, of: number): EntryOptions => ({ rows: size, level: of });
    expect(composed([level(3, high), level(3, high), level(6, low), level(2, low)])).toEqual([0, 1, 3]);
    expect(composed([level(3, high), level(6, high), level(2, high), level(1, low)])).toEqual([0, 2]);
  });
});

describe('compose, with lengths that differ', () => {
  it('takes those that are about as long as the head', () => {
    expect(composed(lengths(100, 10, 98, 300, 96, 103))).toEqual([0, 5, 2, 4]);
  });

  it('takes the head alone where nobody is about as long', () => {
    expect(composed(lengths(100, 80, 130, 20))).toEqual([0]);
  });

  it('takes first come first served those of one length', () => {
    expect(composed(lengths(7, 7, 7, 7, 90), { maxRows: 3 })).toEqual([0, 1, 2]);
    expect(composed(lengths(7, 90, 7, 7, 7), { maxRows: 3 })).toEqual([0, 2, 3]);
  });

  it('keeps to the cost, of the padded length', () => {
    expect(composed(lengths(100, 98, 101, 99), { maxCost: 300 })).toEqual([0, 3, 1]);
  });

  it('looks no farther than it may behind the head', () => {
    expect(composed(lengths(100, 20, 100, 100), { lookAhead: 2 })).toEqual([0, 2]);
  });

  it('closes at the first that would be padded too much where it may not look ahead', () => {
    expect(composed(lengths(100, 96, 50, 100), { lookAhead: 0 })).toEqual([0, 1]);
  });

  it('uses padding that is to spare', () => {
    expect(composed(lengths(100, 80), {}, 9)).toEqual([0]);
    expect(composed(lengths(100, 80), {}, 10)).toEqual([0, 1]);
  });

  it('fills up with a lower rank once none of its own is left', () => {
    const at = (length: number, level: number): EntryOptions => ({ length, level });
    expect(composed([at(100, 1), at(98, 1), at(20, 2), at(97, 2)])).toEqual([0, 1, 3]);
    expect(composed([at(100, 1), at(20, 1), at(97, 2)])).toEqual([0]);
    expect(composed([at(100, 1), at(97, 2)], { maxRows: 2 })).toEqual([0, 1]);
  });
});
