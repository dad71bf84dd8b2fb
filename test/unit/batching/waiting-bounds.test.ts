import { describe, expect, it } from '@jest/globals';
import { WaitingBounds } from '../../../src/batching/waiting-bounds.js';
import { createEntry, type EntryOptions, linked } from '../../support/entries.js';

function boundsOf(...list: readonly EntryOptions[]) {
  const bounds = new WaitingBounds();
  const entries = linked(list.map(createEntry));
  for (const entry of entries) bounds.add(entry);
  const leave = (count: number): void => {
    for (const entry of entries.splice(0, count)) bounds.remove(entry);
  };
  return { leave, found: () => ({ maxLength: bounds.of(entries[0]).maxLength, earliestDeadline: bounds.of(entries[0]).earliestDeadline }) };
}

const NONE = Number.POSITIVE_INFINITY;

describe('WaitingBounds', () => {
  it('has the longest length and the earliest deadline', () => {
    expect(boundsOf({ length: 3 }, { length: 5, deadline: 9 }, { length: 2, deadline: 11 }).found()).toEqual({
      maxLength: 5,
      earliestDeadline: 9,
    });
  });

  it('has no deadline where nobody has one', () => {
    expect(boundsOf({}, {}).found()).toEqual({ maxLength: 1, earliestDeadline: NONE });
  });

  it('is exact where others left', () => {
    const { leave, found } = boundsOf({ length: 3 }, { length: 5, deadline: 9 });
    leave(1);
    expect(found()).toEqual({ maxLength: 5, earliestDeadline: 9 });
  });

  it.each<[string, EntryOptions, object, object]>([
    ['the longest', { length: 7 }, { maxLength: 7, earliestDeadline: 20 }, { maxLength: 2, earliestDeadline: 20 }],
    [
      'who had the earliest deadline',
      { length: 2, deadline: 3 },
      { maxLength: 2, earliestDeadline: 3 },
      { maxLength: 2, earliestDeadline: 20 },
    ],
  ])('is exact again once as many have left as are there, from %s on', (_who, first, before, after) => {
    const { leave, found } = boundsOf(first, { length: 2 }, { length: 2 }, { length: 2, deadline: 20 });
    leave(1);
    expect(found()).toEqual(before);
    leave(1);
    expect(found()).toEqual(after);
  });

  it('is as it was before the first came, once the last has left', () => {
    const { leave, found } = boundsOf({ length: 7, deadline: 3 });
    leave(1);
    expect(found()).toEqual({ maxLength: 0, earliestDeadline: NONE });
  });
});
