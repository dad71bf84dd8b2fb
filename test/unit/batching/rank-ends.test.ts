import { describe, expect, it } from '@jest/globals';
import { Entry } from '../../../src/batching/entry.js';
import { RankEnds } from '../../../src/batching/rank-ends.js';
import { callContext } from '../../support/call-context.js';

function createEntry(level: number, enqueuedAt = 0): Entry {
  return new Entry({ inputs: [], rows: 1, key: '' }, callContext(), enqueuedAt, level);
}

function link(previous: Entry, next: Entry): void {
  previous.next = next;
  next.previous = previous;
}

describe('RankEnds', () => {
  it('says behind whom an entry comes', () => {
    const second = createEntry(2);
    const ends = new RankEnds(second);
    const fourth = createEntry(4);
    expect(ends.add(fourth)).toBe(second);
    expect(ends.add(createEntry(1))).toBeUndefined();
    const third = createEntry(3);
    expect(ends.add(third)).toBe(second);
    expect(ends.add(createEntry(3))).toBe(third);
  });

  it('gives the place of one who leaves to the one before it, where that is of the same rank', () => {
    const [a, b, low] = [createEntry(1), createEntry(1), createEntry(2)];
    const ends = new RankEnds(a);
    link(a, b);
    ends.add(b);
    link(b, low);
    ends.add(low);
    ends.remove(b);
    expect(ends.add(createEntry(1))).toBe(a);
    ends.remove(low);
    expect(ends.add(createEntry(3))?.rank).toBe(2);
  });

  it('knows the oldest of those who begin a rank behind the head', () => {
    const [head, low] = [createEntry(1, 9), createEntry(2, 3)];
    const ends = new RankEnds(head);
    expect(ends.oldestFollowerAt).toBe(Number.POSITIVE_INFINITY);
    ends.add(low);
    link(head, low);
    expect(ends.oldestFollowerAt).toBe(3);
  });
});
