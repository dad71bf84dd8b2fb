import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { BatchBounds } from '../../src/batching/bounds.js';
import type { Composition } from '../../src/batching/compose.js';
import type { Entry } from '../../src/batching/entry.js';
import { MAX_PADDING_SHARE, PADDING_SHARE } from '../../src/batching/padding-budget.js';
import { BatchQueue } from '../../src/batching/queue.js';
import { createEntry, type EntryOptions } from '../support/entries.js';

type Step =
  | { readonly kind: 'push'; readonly entry: EntryOptions }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'delay'; readonly at: number }
  | { readonly kind: 'take'; readonly key: string; readonly bounds: BatchBounds };

const LENGTHS = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 90, max: 110 }));
const KEYS = fc.constantFrom('a', 'a', 'b');
const BOUNDS: fc.Arbitrary<BatchBounds> = fc.record({
  maxRows: fc.integer({ min: 0, max: 12 }),
  maxCost: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 800 })),
  lookAhead: fc.integer({ min: 0, max: 8 }),
});

function stepOf(lengths: fc.Arbitrary<number>, levels: fc.Arbitrary<number>): fc.Arbitrary<Step> {
  const deadline = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 50 }));
  const entry = fc.record({ rows: fc.integer({ min: 1, max: 6 }), length: lengths, key: KEYS, level: levels, deadline });
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('push' as const), entry }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delay' as const), at: fc.nat(30) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), key: KEYS, bounds: BOUNDS }) },
  );
}

const PADDED = stepOf(LENGTHS, fc.constantFrom(0, 0, 1, 2));
const UNPADDED = stepOf(fc.constant(1), fc.constantFrom(0, 0, 1, 2));
const EQUAL = stepOf(LENGTHS, fc.constant(0)).filter(({ kind }) => kind !== 'delay');

interface Take {
  readonly composition: Composition;
  readonly bounds: BatchBounds;
  /** Who of that key waited, in order, those taken included. */
  readonly waiting: readonly Entry[];
}

/** Plays the steps; `entries` are those that were ever there, in order, each with those of its key that were before it when it came. */
function play(
  steps: readonly Step[],
  onTake: (take: Take) => void,
  onPush: (entry: Entry, before: number) => void = () => undefined,
): void {
  const queue = new BatchQueue();
  let present: Entry[] = [];
  for (const step of steps) {
    switch (step.kind) {
      case 'push': {
        const entry = createEntry(step.entry);
        onPush(entry, present.filter(({ key }) => key === entry.key).length);
        queue.push(entry);
        present.push(entry);
        break;
      }
      case 'remove': {
        const entry = present[step.at];
        if (entry !== undefined) queue.remove(entry);
        present = present.filter((other) => other !== entry);
        break;
      }
      case 'delay': {
        const entry = present[step.at];
        if (entry?.delayed === false) {
          queue.delay(entry);
          present = [...present.filter((other) => other !== entry), entry];
        }
        break;
      }
      case 'take': {
        const waiting = present.filter(({ key }) => key === step.key).sort((a, b) => a.rank - b.rank);
        const composition = queue.take(step.key, step.bounds);
        onTake({ composition, bounds: step.bounds, waiting });
        const taken = new Set(composition.entries);
        expect(composition.entries.every((entry) => present.includes(entry))).toBe(true);
        expect(taken.size).toBe(composition.entries.length);
        present = present.filter((entry) => !taken.has(entry));
        break;
      }
    }
    expectSame(queue, present);
  }
}

/** Nobody is lost and nobody is there twice; what the views say of them is true, or as far off as it may be. */
function expectSame(queue: BatchQueue, present: readonly Entry[]): void {
  const inQueue = [...queue];
  expect(inQueue).toHaveLength(present.length);
  expect(new Set(inQueue)).toEqual(new Set(present));
  expect(queue.size).toBe(present.length);
  for (const view of queue.views()) {
    const own = present.filter(({ key }) => key === view.key);
    expect(view.rows).toBe(sum(own.map(({ rows }) => rows)));
    expect(view.cost).toBe(sum(own.map(({ cost }) => cost)));
    expect(view.maxLength).toBeGreaterThanOrEqual(Math.max(...own.map(({ length }) => length)));
    expect(view.earliestDeadline).toBeLessThanOrEqual(Math.min(...own.map(({ deadline }) => deadline)));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Triton's: in order, up to the first that does not fit. */
function prefixOf(entries: readonly Entry[], { maxRows, maxCost }: BatchBounds): Entry[] {
  let rows = 0;
  const end = entries.findIndex((entry, at) => {
    rows += entry.rows;
    return at > 0 && (rows > maxRows || rows > maxCost);
  });
  return end === -1 ? [...entries] : entries.slice(0, end);
}

describe('a batch, after any sequence of arrivals, departures, delays and takes', () => {
  it('has its head, keeps to its bounds and adds up', () => {
    fc.assert(
      fc.property(fc.array(PADDED, { maxLength: 60 }), (steps) => {
        play(steps, ({ composition: { entries, rows, length, cost, padding }, bounds, waiting }) => {
          expect(entries[0]).toBe(waiting[0]);
          expect(rows).toBe(sum(entries.map((entry) => entry.rows)));
          expect(length).toBe(Math.max(0, ...entries.map((entry) => entry.length)));
          expect([cost, padding]).toEqual([rows * length, rows * length - sum(entries.map((entry) => entry.cost))]);
          if (entries.length <= 1) return;
          expect(rows).toBeLessThanOrEqual(bounds.maxRows);
          expect(cost).toBeLessThanOrEqual(bounds.maxCost);
          expect(padding).toBeLessThanOrEqual(MAX_PADDING_SHARE * cost);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('has no more padding than its share, together with those before it', () => {
    fc.assert(
      fc.property(fc.array(PADDED, { maxLength: 80 }), (steps) => {
        let [cost, padding] = [0, 0];
        play(steps, ({ composition }) => {
          cost += composition.cost;
          padding += composition.padding;
          expect(padding).toBeLessThanOrEqual(PADDING_SHARE * cost + 1e-6);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('never has an entry while one of a higher rank is left', () => {
    fc.assert(
      fc.property(fc.array(PADDED, { maxLength: 60 }), (steps) => {
        play(steps, ({ composition: { entries }, waiting }) => {
          const last = entries.at(-1);
          const left = waiting.filter((entry) => !entries.includes(entry));
          if (last === undefined) return;
          expect(left.every(({ rank }) => rank >= last.rank)).toBe(true);
        });
      }),
      { numRuns: 300 },
    );
  });

  it("is Triton's where it does not look ahead and nothing is padded, and never has fewer rows where it does", () => {
    fc.assert(
      fc.property(fc.array(UNPADDED, { maxLength: 60 }), (steps) => {
        play(steps, ({ composition: { entries, rows }, bounds, waiting }) => {
          const prefix = prefixOf(waiting, bounds);
          if (bounds.lookAhead === 0) expect(entries).toEqual(prefix);
          expect(entries.slice(0, prefix.length)).toEqual(prefix);
          expect(rows).toBeGreaterThanOrEqual(sum(prefix.map((entry) => entry.rows)));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('is one of no more than there were entries of its key before a member when that one came, and its own: nobody starves', () => {
    fc.assert(
      fc.property(fc.array(EQUAL, { maxLength: 80 }), (steps) => {
        const waits = new Map<Entry, { readonly before: number; batches: number }>();
        play(
          steps,
          ({ composition: { entries }, waiting }) => {
            for (const entry of waiting) {
              const wait = waits.get(entry);
              if (wait === undefined) continue;
              if (!entries.includes(entry)) wait.batches += 1;
              expect(wait.batches).toBeLessThanOrEqual(wait.before);
            }
          },
          (entry, before) => waits.set(entry, { before, batches: 0 }),
        );
      }),
      { numRuns: 300 },
    );
  });
});
