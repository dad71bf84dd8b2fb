import { describe, expect, it } from '@jest/globals';
import { chooseBatch } from '../../../src/batching/policy.js';
import { queueView } from '../../support/queue-view.js';
import { situation } from '../../support/situation.js';

const NOW = 100;

describe('chooseBatch', () => {
  const fixed = situation({ mode: 'fixed', maxQueueDelayMs: 10, preferredBatchSizes: [4], now: NOW });
  const bucket = (key: string, entries: readonly number[], ageMs: number, rank = 0) => ({ ...queueView(entries, NOW - ageMs), key, rank });

  it('has nothing to choose from an empty queue', () => {
    expect(chooseBatch([], fixed)).toBeUndefined();
  });

  it('has nothing for a lane without room', () => {
    expect(chooseBatch([bucket('a', [4], 1)], situation({ inFlight: 2, depth: 2 }))).toBeUndefined();
  });

  it('takes one request at a time for an unbatched model, as long as there is room', () => {
    const choice = {
      kind: 'dispatch',
      bounds: { maxRows: 0, maxCost: Number.POSITIVE_INFINITY, lookAhead: 0 },
      reason: 'unbatched',
      key: 'a',
    };
    for (const inFlight of [0, 1]) {
      expect(chooseBatch([bucket('a', [1, 1], 1)], situation({ maxBatchSize: 0, inFlight, freeAt: NOW + 50, now: NOW }))).toEqual(choice);
    }
  });

  it('lets the learned policy rule where the model does not say', () => {
    const views = [bucket('a', [1, 1], 1)];
    const waits = { maxQueueDelayMs: 50, now: NOW };
    expect(chooseBatch(views, situation(waits))).toMatchObject({ kind: 'dispatch', reason: 'instance_free' });
    expect(chooseBatch(views, situation({ ...waits, mode: 'learned' }))).toMatchObject({ kind: 'dispatch', reason: 'instance_free' });
    expect(chooseBatch(views, situation({ ...waits, mode: 'fixed' }))).toEqual({ kind: 'wait', untilMs: NOW + 49 });
  });

  it('lets no shape that waits for company hold up one that is ready', () => {
    for (const views of [
      [bucket('lonely', [1], 5), bucket('full', [2, 2], 1)],
      [bucket('full', [2, 2], 1), bucket('lonely', [1], 5)],
    ]) {
      expect(chooseBatch(views, fixed)).toMatchObject({
        kind: 'dispatch',
        bounds: { maxRows: 4 },
        reason: 'preferred_batch_size',
        key: 'full',
      });
    }
  });

  it('takes the batch whose head has waited longest of those that are ready', () => {
    const views = [bucket('a', [4], 1), bucket('b', [4], 3), bucket('c', [4], 2)];
    expect(chooseBatch(views, fixed)).toMatchObject({ kind: 'dispatch', key: 'b' });
  });

  it('takes the smallest rank before all others', () => {
    const views = [bucket('a', [4], 9, 2), bucket('b', [4], 1, 1), bucket('c', [4], 5, 2)];
    expect(chooseBatch(views, fixed)).toMatchObject({ kind: 'dispatch', key: 'b' });
  });

  it('waits no longer than the first of them has to', () => {
    const views = [bucket('a', [1], 2), bucket('b', [1], 7), bucket('c', [1], 5)];
    expect(chooseBatch(views, fixed)).toEqual({ kind: 'wait', untilMs: NOW + 3 });
  });
});
