import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BatchLimits, decide } from '../../src/batching/policy.js';
import { queueView } from '../support/queue-view.js';

interface Situation {
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

function decideOn({ limits, entries, ageMs, draining }: Situation) {
  const view = queueView(entries, NOW - ageMs);
  const decision = decide(view, limits, draining, NOW);
  return { decision, rows: decision.kind === 'dispatch' ? view.rowsWithin(decision.maxRows) : undefined };
}

/**
 * Rows that Triton's dynamic batcher would send, undefined where it waits. Told request by request as its documentation and code
 * do: it adds requests while they fit, remembers the last preferred size it met, and stops at the largest preferred size where it met none.
 */
function tritonRows({ limits, entries, ageMs }: Situation): number | undefined {
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

describe('decide, for any queue', () => {
  it('never dispatches more rows than max batch size, and never none', () => {
    fc.assert(
      fc.property(ANY, (situation) => {
        const { rows } = decideOn(situation);
        if (rows === undefined) return;
        expect(rows).toBeLessThanOrEqual(situation.limits.maxBatchSize);
        expect(rows).toBeGreaterThan(0);
      }),
    );
  });

  it('dispatches what Triton would, and waits where Triton would', () => {
    const settled = situations({ maxQueueDelayMs: fc.constantFrom(0, 10), draining: fc.constant(false) });
    fc.assert(
      fc.property(settled, (situation) => {
        expect(decideOn(situation).rows).toBe(tritonRows(situation));
      }),
      { numRuns: 1000 },
    );
  });

  it('waits only for a moment to come, which is when the oldest entry will be max_queue_delay old', () => {
    fc.assert(
      fc.property(ANY, (situation) => {
        const { decision } = decideOn(situation);
        if (decision.kind !== 'wait') return;
        expect(decision.untilMs).toBe(NOW - situation.ageMs + situation.limits.maxQueueDelayMs);
        expect(decision.untilMs).toBeGreaterThan(NOW);
      }),
    );
  });

  it('never waits while draining', () => {
    fc.assert(
      fc.property(situations({ maxQueueDelayMs: fc.constant(10), draining: fc.constant(true) }), (situation) => {
        expect(decideOn(situation).decision.kind).toBe('dispatch');
      }),
    );
  });

  it('takes one request at a time where the model has no batch axis', () => {
    fc.assert(
      fc.property(ANY, ({ limits, ...situation }) => {
        const { decision } = decideOn({ ...situation, limits: { ...limits, maxBatchSize: 0 } });
        expect(decision).toEqual({ kind: 'dispatch', maxRows: 0, reason: 'unbatched' });
      }),
    );
  });
});
