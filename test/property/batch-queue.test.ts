import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Entry } from '../../src/batching/entry.js';
import { BatchQueue } from '../../src/batching/queue.js';
import { callContext } from '../support/call-context.js';
import { firstView, takeFirst } from '../support/queue-view.js';

type Step =
  | { readonly kind: 'push'; readonly key: string; readonly rows: number; readonly laterMs: number }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'take'; readonly maxRows: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      key: fc.constantFrom('a', 'b', 'c'),
      rows: fc.integer({ min: 1, max: 6 }),
      laterMs: fc.integer({ min: 0, max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), maxRows: fc.integer({ min: 0, max: 12 }) }) },
);

/** The queue as it would be with one array and no thought for speed. */
class NaiveQueue {
  readonly entries: Entry[] = [];

  /** The entries of the key that is next, in order. Of two heads of one age, either may come first. */
  next(isFirst: (entry: Entry) => boolean): Entry[] {
    const oldestAt = Math.min(...this.entries.map(({ enqueuedAt }) => enqueuedAt));
    const head = this.entries.find((entry) => entry.enqueuedAt === oldestAt && isFirst(entry));
    return this.entries.filter(({ key }) => key === head?.key);
  }

  remove(entry: Entry): void {
    this.entries.splice(this.entries.indexOf(entry), 1);
  }
}

function fitting(entries: readonly Entry[], maxRows: number): Entry[] {
  let rows = 0;
  const end = entries.findIndex((entry, at) => {
    rows += entry.rows;
    return at > 0 && rows > maxRows;
  });
  return end === -1 ? [...entries] : entries.slice(0, end);
}

function rowsOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { rows }) => sum + rows, 0);
}

describe('BatchQueue, after any sequence of arrivals, departures and takes', () => {
  it('is what a plain array would be', () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 60 }), (steps) => {
        const queue = new BatchQueue();
        const naive = new NaiveQueue();
        let now = 0;
        for (const step of steps) {
          switch (step.kind) {
            case 'push': {
              now += step.laterMs;
              const entry = new Entry({ inputs: [], rows: step.rows, key: step.key }, callContext(), now);
              queue.push(entry);
              naive.entries.push(entry);
              break;
            }
            case 'remove': {
              const entry = naive.entries[step.at];
              if (entry === undefined) break;
              queue.remove(entry);
              naive.remove(entry);
              break;
            }
            case 'take': {
              const view = firstView(queue);
              const foreseen = view && { rows: view.rows, oldestAt: view.oldestAt, within: view.rowsWithin(step.maxRows) };
              const taken = takeFirst(queue, step.maxRows);
              const candidates = naive.next((entry) => entry === taken[0]);
              expect(taken).toEqual(fitting(candidates, step.maxRows));
              const [head] = candidates;
              const expected = head && { rows: rowsOf(candidates), oldestAt: head.enqueuedAt, within: rowsOf(taken) };
              expect(foreseen).toEqual(expected);
              for (const entry of taken) naive.remove(entry);
              break;
            }
          }
          expect(queue.size).toBe(naive.entries.length);
          expect(queue.rows).toBe(rowsOf(naive.entries));
        }
        expect(new Set(queue)).toEqual(new Set(naive.entries));
      }),
      { numRuns: 400 },
    );
  });
});
