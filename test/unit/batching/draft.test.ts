import { describe, expect, it } from '@jest/globals';
import { Draft } from '../../../src/batching/draft.js';
import { createEntry } from '../../support/entries.js';

const BOUNDS = { maxRows: 4, maxCost: 400, lookAhead: 0 };

describe('Draft', () => {
  it('begins with its head', () => {
    const head = createEntry({ rows: 2, length: 10 });
    expect(new Draft(head)).toMatchObject({ entries: [head], rows: 2, length: 10, cost: 20, padding: 0 });
  });

  it('has the length of its longest member, and the others are padded', () => {
    const draft = new Draft(createEntry({ rows: 2, length: 10 }));
    draft.add(createEntry({ length: 12 }));
    draft.add(createEntry({ length: 11 }));
    expect(draft).toMatchObject({ rows: 4, length: 12, ownCost: 43, cost: 48, padding: 5 });
  });

  it.each([
    ['as many rows as it may have', { rows: 2, length: 100 }, true],
    ['more rows', { rows: 3, length: 100 }, false],
    ['a length that costs too much', { rows: 2, length: 101 }, false],
    ['a length that pads too little to matter', { rows: 1, length: 92 }, true],
    ['a length that pads too much', { rows: 1, length: 80 }, false],
  ])('tells whether what has %s fits', (_what, entry, fits) => {
    expect(new Draft(createEntry({ rows: 2, length: 100 })).fits(createEntry(entry), BOUNDS, 0)).toBe(fits);
  });
});
