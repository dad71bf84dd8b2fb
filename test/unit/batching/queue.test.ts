import { describe, expect, it } from '@jest/globals';
import { Entry } from '../../../src/batching/entry.js';
import { BatchQueue } from '../../../src/batching/queue.js';
import { callContext } from '../../support/call-context.js';
import { firstView, takeFirst } from '../../support/queue-view.js';

function createEntry(rows: number, key = '', enqueuedAt = 0): Entry {
  return new Entry({ inputs: [], rows, key }, callContext(), enqueuedAt);
}

function createLongEntry(rows: number, length: number, deadline?: number): Entry {
  return new Entry({ inputs: [], rows, length, key: '' }, callContext(deadline === undefined ? {} : { deadline }), 0);
}

function queueOf(...entries: readonly Entry[]): BatchQueue {
  const queue = new BatchQueue();
  for (const entry of entries) queue.push(entry);
  return queue;
}

describe('BatchQueue', () => {
  it('has no view and nothing to take while it is empty', () => {
    const queue = new BatchQueue();
    expect(firstView(queue)).toBeUndefined();
    expect(takeFirst(queue, 8)).toEqual([]);
    expect([queue.size, queue.rows]).toEqual([0, 0]);
  });

  it('counts its entries and their rows', () => {
    const queue = queueOf(createEntry(1), createEntry(2, 'b'), createEntry(3));
    expect([queue.size, queue.rows]).toEqual([3, 6]);
    takeFirst(queue, 1);
    expect([queue.size, queue.rows]).toEqual([2, 5]);
  });

  it('gives entries of one key first come first served, as many as fit', () => {
    const [a, b, c] = [createEntry(2), createEntry(2), createEntry(2)];
    const queue = queueOf(a, b, c);
    expect(takeFirst(queue, 5)).toEqual([a, b]);
    expect(takeFirst(queue, 5)).toEqual([c]);
  });

  it('lets no small entry overtake one that does not fit, unless it looks ahead', () => {
    const [a, big, small] = [createEntry(2), createEntry(7), createEntry(1)];
    const queue = queueOf(a, big, small);
    expect(takeFirst(queue, 4)).toEqual([a]);
    expect(takeFirst(queue, 8)).toEqual([big, small]);
  });

  it('fills a batch with what is behind an entry that does not fit, where it looks ahead', () => {
    const [a, big, small, last] = [createEntry(2), createEntry(7), createEntry(1), createEntry(1)];
    const queue = queueOf(a, big, small, last);
    expect(takeFirst(queue, 4, { lookAhead: 1 })).toEqual([a, small]);
    expect([...queue]).toEqual([big, last]);
    expect([queue.size, queue.rows]).toEqual([2, 8]);
  });

  it('gives nothing of a key that nobody has', () => {
    const queue = queueOf(createEntry(1, 'a'));
    expect(queue.take('b', { maxRows: 8, maxCost: 8, lookAhead: 8 })).toEqual({ entries: [], rows: 0, length: 0, cost: 0, padding: 0 });
    expect(queue.size).toBe(1);
  });

  it('shows what the entries cost, the longest and the earliest deadline', () => {
    const queue = queueOf(createLongEntry(2, 3, 50), createLongEntry(1, 7), createLongEntry(4, 1, 40));
    expect(firstView(queue)).toMatchObject({ cost: 17, maxLength: 7, earliestDeadline: 40 });
    takeFirst(queue, 0);
    expect(firstView(queue)).toMatchObject({ cost: 11, maxLength: 7, earliestDeadline: 40 });
  });

  it('lets batches use the padding that earlier ones did not need', () => {
    const bounds = { maxRows: 4, maxCost: Number.POSITIVE_INFINITY, lookAhead: 8 };
    const mixed = () => [createLongEntry(1, 10), createLongEntry(1, 9), createLongEntry(1, 9), createLongEntry(1, 9)];
    expect(queueOf(...mixed()).take('', bounds).entries).toHaveLength(2);
    const queue = queueOf(createLongEntry(4, 100), ...mixed());
    expect(queue.take('', bounds).entries).toHaveLength(1);
    expect(queue.take('', bounds)).toMatchObject({ rows: 4, length: 10, cost: 40, padding: 3 });
  });

  it('gives the head whatever its size, alone where it is too large', () => {
    const [big, small] = [createEntry(9), createEntry(1)];
    const queue = queueOf(big, small);
    expect(takeFirst(queue, 4)).toEqual([big]);
    expect(takeFirst(queue, 4)).toEqual([small]);
  });

  it('gives one entry at a time where no row may be added', () => {
    const [a, b] = [createEntry(1), createEntry(1)];
    const queue = queueOf(a, b);
    expect(takeFirst(queue, 0)).toEqual([a]);
    expect(takeFirst(queue, 0)).toEqual([b]);
  });

  it('shows the rows that could share the next batch and the age of the oldest, not those of other keys', () => {
    const queue = queueOf(createEntry(1, 'a', 10), createEntry(5, 'b', 11), createEntry(2, 'a', 12));
    expect(firstView(queue)).toMatchObject({ rows: 3, oldestAt: 10 });
  });

  it('foresees how many rows a take would give', () => {
    const queue = queueOf(createEntry(3), createEntry(3), createEntry(1));
    const rowsWithin = (maxRows: number) => firstView(queue)?.rowsWithin(maxRows);
    expect([0, 2, 3, 5, 6, 7, 99].map(rowsWithin)).toEqual([3, 3, 3, 3, 6, 7, 7]);
  });

  it('never joins entries of different keys', () => {
    const [a1, b1, a2, b2] = [createEntry(1, 'a', 1), createEntry(1, 'b', 2), createEntry(1, 'a', 3), createEntry(1, 'b', 4)];
    const queue = queueOf(a1, b1, a2, b2);
    expect(takeFirst(queue, 8)).toEqual([a1, a2]);
    expect(takeFirst(queue, 8)).toEqual([b1, b2]);
  });

  it('turns to the key whose head has waited longest, so that a busy key starves nobody', () => {
    const queue = queueOf(createEntry(1, 'busy', 0), createEntry(1, 'rare', 1));
    let now = 2;
    const order: string[] = [];
    for (let round = 0; round < 4; round++) {
      queue.push(createEntry(1, 'busy', now++));
      order.push(...takeFirst(queue, 1).map(({ key }) => key));
    }
    expect(order).toEqual(['busy', 'rare', 'busy', 'busy']);
  });

  it.each([
    ['first', 0],
    ['in the middle', 1],
    ['last', 2],
  ])('removes an entry that is %s at once', (_where, at) => {
    const entries = [createEntry(1), createEntry(2), createEntry(4)];
    const queue = queueOf(...entries);
    const [gone] = entries.splice(at, 1);
    if (gone !== undefined) queue.remove(gone);
    expect(queue.size).toBe(2);
    expect(queue.rows).toBe(7 - (gone?.rows ?? 0));
    expect([...queue]).toEqual(entries);
    queue.push(createEntry(1));
    expect(takeFirst(queue, 99)).toHaveLength(3);
  });

  it('forgets a key whose last entry has gone', () => {
    const [only, other] = [createEntry(1, 'a', 0), createEntry(1, 'b', 1)];
    const queue = queueOf(only, other);
    queue.remove(only);
    expect(firstView(queue)?.oldestAt).toBe(1);
    expect(takeFirst(queue, 8)).toEqual([other]);
    expect(firstView(queue)).toBeUndefined();
  });

  it('can be emptied while it is walked', () => {
    const queue = queueOf(createEntry(1, 'a'), createEntry(1, 'b'), createEntry(1, 'a'), createEntry(1, 'b'));
    const walked: Entry[] = [];
    for (const entry of queue) {
      queue.remove(entry);
      walked.push(entry);
    }
    expect(walked).toHaveLength(4);
    expect([queue.size, queue.rows]).toEqual([0, 0]);
  });
});
