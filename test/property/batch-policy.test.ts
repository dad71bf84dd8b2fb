import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CostModel } from '../../src/batching/cost-model.js';
import { type BatchLimits, type Choice, chooseBatch } from '../../src/batching/policy.js';
import { queueView } from '../support/queue-view.js';
import { situation } from '../support/situation.js';

interface FixedSituation {
  readonly limits: BatchLimits;
  /** Rows of each entry, oldest first; at least one entry. */
  readonly entries: readonly number[];
  readonly ageMs: number;
  readonly draining: boolean;
}

const NOW = 1000;

function situations(batching: { readonly maxQueueDelayMs: fc.Arbitrary<number>; readonly draining: fc.Arbitrary<boolean> }) {
  return fc.integer({ min: 1, max: 12 }).chain((maxBatchSize) => {
    const rows = fc.integer({ min: 1, max: maxBatchSize });
    return fc.record({
      limits: fc.record({
        mode: fc.constant('fixed' as const),
        maxBatchSize: fc.constant(maxBatchSize),
        preferredBatchSizes: fc.uniqueArray(rows, { maxLength: 4 }).map((sizes) => sizes.sort((a, b) => a - b)),
        maxQueueDelayMs: batching.maxQueueDelayMs,
        maxQueueSize: fc.constant(0),
      }),
      entries: fc.array(rows, { minLength: 1, maxLength: 16 }),
      ageMs: fc.integer({ min: 0, max: 20 }),
      draining: batching.draining,
    });
  });
}

const ANY = situations({ maxQueueDelayMs: fc.constantFrom(0, 10), draining: fc.boolean() });

function decideOn({ limits, entries, ageMs, draining }: FixedSituation) {
  const view = queueView(entries, NOW - ageMs);
  const choice = chooseBatch([view], situation({ ...limits, draining, now: NOW }));
  return { choice, rows: choice?.kind === 'dispatch' ? view.rowsWithin(choice.bounds.maxRows) : undefined };
}

/**
 * Rows that Triton's dynamic batcher would send, undefined where it waits. Told request by request as its documentation and code
 * do: it adds requests while they fit, remembers the last preferred size it met, and stops at the largest preferred size where it met none.
 */
function tritonRows({ limits, entries, ageMs }: FixedSituation): number | undefined {
  const { maxBatchSize, maxQueueDelayMs, preferredBatchSizes } = limits;
  const preferred = preferredBatchSizes.length === 0 ? [maxBatchSize] : preferredBatchSizes;
  const largest = Math.max(...preferred);
  let pending = 0;
  let best = 0;
  let full = false;
  for (const rows of entries) {
    if (pending > 0 && best === 0 && pending + rows > largest) best = pending;
    full = pending > 0 && pending + rows > maxBatchSize;
    if (full) break;
    pending += rows;
    if (preferred.includes(pending)) best = pending;
  }
  const delayed = maxQueueDelayMs > 0 && ageMs >= maxQueueDelayMs;
  if (best > 0 && !delayed) return best;
  return full || delayed || pending >= largest || maxQueueDelayMs === 0 ? pending : undefined;
}

describe('chooseBatch by fixed rules, for any queue', () => {
  it('never dispatches more rows than max batch size, and never none', () => {
    fc.assert(
      fc.property(ANY, (queue) => {
        const { rows } = decideOn(queue);
        if (rows === undefined) return;
        expect(rows).toBeLessThanOrEqual(queue.limits.maxBatchSize);
        expect(rows).toBeGreaterThan(0);
      }),
    );
  });

  it('dispatches what Triton would, and waits where Triton would', () => {
    const settled = situations({ maxQueueDelayMs: fc.constantFrom(0, 10), draining: fc.constant(false) });
    fc.assert(
      fc.property(settled, (queue) => {
        expect(decideOn(queue).rows).toBe(tritonRows(queue));
      }),
      { numRuns: 1000 },
    );
  });

  it('waits only for a moment to come, which is when the oldest entry will be max_queue_delay old', () => {
    fc.assert(
      fc.property(ANY, (queue) => {
        const { choice } = decideOn(queue);
        if (choice?.kind !== 'wait') return;
        expect(choice.untilMs).toBe(NOW - queue.ageMs + queue.limits.maxQueueDelayMs);
        expect(choice.untilMs).toBeGreaterThan(NOW);
      }),
    );
  });

  it('never waits while draining', () => {
    fc.assert(
      fc.property(situations({ maxQueueDelayMs: fc.constant(10), draining: fc.constant(true) }), (queue) => {
        expect(decideOn(queue).choice?.kind).toBe('dispatch');
      }),
    );
  });

  it('takes one request at a time where the model has no batch axis', () => {
    fc.assert(
      fc.property(ANY, ({ limits, ...queue }) => {
        const { choice } = decideOn({ ...queue, limits: { ...limits, maxBatchSize: 0 } });
        expect(choice).toMatchObject({ kind: 'dispatch', bounds: { maxRows: 0 }, reason: 'unbatched' });
      }),
    );
  });
});

interface LearnedSituation {
  readonly runs: readonly { readonly rows: number; readonly ms: number }[];
  readonly waiting: readonly { readonly entries: number; readonly ageMs: number; readonly rank: number; readonly slackMs: number }[];
  readonly inFlight: number;
  readonly freeInMs: number;
  readonly arrivalGapMs: number;
  readonly latencyTargetMs: number;
  readonly draining: boolean;
}

const LEARNED: fc.Arbitrary<LearnedSituation> = fc.record({
  runs: fc.array(fc.record({ rows: fc.integer({ min: 1, max: 32 }), ms: fc.double({ min: 0.1, max: 100, noNaN: true }) }), {
    maxLength: 60,
  }),
  waiting: fc.array(
    fc.record({
      entries: fc.integer({ min: 1, max: 80 }),
      ageMs: fc.double({ min: 0, max: 10, noNaN: true }),
      rank: fc.integer({ min: 0, max: 2 }),
      slackMs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.double({ min: 0, max: 200, noNaN: true })),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  inFlight: fc.integer({ min: 0, max: 2 }),
  freeInMs: fc.double({ min: -5, max: 50, noNaN: true }),
  arrivalGapMs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.double({ min: 0, max: 30, noNaN: true })),
  latencyTargetMs: fc.constantFrom(0, 10, 100),
  draining: fc.boolean(),
});

function chooseLearned({ runs, waiting, freeInMs, ...rest }: LearnedSituation) {
  const costs = new CostModel();
  for (const { rows, ms } of runs) costs.observe(rows, ms);
  const views = waiting.map(({ entries, ageMs, rank, slackMs }, at) => ({
    ...queueView(new Array<number>(entries).fill(1), NOW - ageMs, { earliestDeadline: NOW + slackMs }),
    key: String(at),
    rank,
  }));
  const all = situation({ maxBatchSize: 32, costs, freeAt: NOW + freeInMs, now: NOW, ...rest });
  return { choice: chooseBatch(views, all), again: chooseBatch(views, all), views, costs };
}

function dispatchedKey(choice: Choice | undefined): string | undefined {
  return choice?.kind === 'dispatch' ? choice.key : undefined;
}

describe('chooseBatch by what it learned, for any queue', () => {
  it('decides the same of the same', () => {
    fc.assert(
      fc.property(LEARNED, (queue) => {
        const { choice, again } = chooseLearned(queue);
        expect(again).toEqual(choice);
      }),
    );
  });

  it('never gives a lane more than it takes, and an idle lane without arrivals always something', () => {
    fc.assert(
      fc.property(LEARNED, (queue) => {
        expect(chooseLearned({ ...queue, inFlight: 2 }).choice).toBeUndefined();
        expect(chooseLearned({ ...queue, inFlight: 0, arrivalGapMs: Number.POSITIVE_INFINITY }).choice?.kind).toBe('dispatch');
        expect(chooseLearned({ ...queue, inFlight: 0, draining: true }).choice?.kind).toBe('dispatch');
      }),
    );
  });

  it('never makes a batch larger than max batch size, and none empty', () => {
    fc.assert(
      fc.property(LEARNED, (queue) => {
        const { choice } = chooseLearned(queue);
        if (choice?.kind !== 'dispatch') return;
        expect(Number.isInteger(choice.bounds.maxRows)).toBe(true);
        expect(choice.bounds.maxRows).toBeGreaterThanOrEqual(1);
        expect(choice.bounds.maxRows).toBeLessThanOrEqual(32);
      }),
    );
  });

  it('lets an idle lane wait no longer than two gaps, a quarter of the batch, or what the deadlines leave', () => {
    fc.assert(
      fc.property(LEARNED, ({ waiting: [first], ...queue }) => {
        if (first === undefined) return;
        const { choice, views, costs } = chooseLearned({ ...queue, waiting: [first], inFlight: 0 });
        const [view] = views;
        if (choice?.kind !== 'wait' || view === undefined) return;
        expect(choice.untilMs).toBeGreaterThan(NOW);
        expect(choice.untilMs).toBeLessThanOrEqual(view.oldestAt + 2 * queue.arrivalGapMs);
        expect(choice.untilMs).toBeLessThanOrEqual(view.oldestAt + (costs.executeMs(view.cost) ?? 0) / 4);
        if ((costs.executeMs(1) ?? 0) > first.slackMs) return;
        expect(choice.untilMs).toBeLessThanOrEqual(view.earliestDeadline - (costs.executeMs(view.cost + 1) ?? 0));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes, of what is ready, the smallest rank and then the oldest head', () => {
    fc.assert(
      fc.property(LEARNED, (queue) => {
        const { choice, views } = chooseLearned({ ...queue, inFlight: 0, arrivalGapMs: Number.POSITIVE_INFINITY });
        const [first] = [...views].sort((a, b) => a.rank - b.rank || a.headAt - b.headAt);
        expect(dispatchedKey(choice)).toBe(first?.key);
      }),
    );
  });

  it('is over by the earliest deadline where that bounded the batch', () => {
    fc.assert(
      fc.property(LEARNED, (queue) => {
        const { choice, views, costs } = chooseLearned({ ...queue, inFlight: 0 });
        if (choice?.kind !== 'dispatch' || choice.reason !== 'deadline') return;
        const view = views.find(({ key }) => key === choice.key);
        expect(NOW + (costs.executeMs(choice.bounds.maxRows) ?? 0)).toBeLessThanOrEqual((view?.earliestDeadline ?? 0) + 1e-9);
      }),
      { numRuns: 500 },
    );
  });
});
