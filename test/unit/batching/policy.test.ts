import { describe, expect, it } from '@jest/globals';
import { type BatchLimits, chooseBatch, decide } from '../../../src/batching/policy.js';
import { queueView } from '../../support/queue-view.js';

const LIMITS: BatchLimits = { maxBatchSize: 8, preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0 };
const NOW = 100;

interface Situation extends Partial<BatchLimits> {
  /** Rows of each entry, oldest first. */
  readonly entries: readonly number[];
  readonly ageMs?: number;
  readonly draining?: boolean;
}

function decideOn({ entries, ageMs = 0, draining = false, ...limits }: Situation) {
  return decide(queueView(entries, NOW - ageMs), { ...LIMITS, ...limits }, draining, NOW);
}

describe('decide', () => {
  it('takes one request at a time for an unbatched model', () => {
    expect(decideOn({ entries: [1, 1], maxBatchSize: 0 })).toEqual({ kind: 'dispatch', maxRows: 0, reason: 'unbatched' });
  });

  it('takes whatever has gathered where the model asks for no delay', () => {
    expect(decideOn({ entries: [1, 1] })).toEqual({ kind: 'dispatch', maxRows: 8, reason: 'instance_free' });
  });

  it('takes no more than max batch size', () => {
    expect(decideOn({ entries: [3, 3, 3] })).toEqual({ kind: 'dispatch', maxRows: 8, reason: 'max_batch_size' });
  });

  it('takes a full batch at once, whatever the delay', () => {
    expect(decideOn({ entries: [4, 4], maxQueueDelayMs: 50 })).toEqual({ kind: 'dispatch', maxRows: 8, reason: 'max_batch_size' });
  });

  it('waits until the oldest entry is max_queue_delay old', () => {
    expect(decideOn({ entries: [1], maxQueueDelayMs: 50, ageMs: 20 })).toEqual({ kind: 'wait', untilMs: 130 });
    expect(decideOn({ entries: [1], maxQueueDelayMs: 50, ageMs: 50 })).toEqual({
      kind: 'dispatch',
      maxRows: 8,
      reason: 'max_queue_delay',
    });
  });

  it('lets nobody wait for company while the model drains', () => {
    expect(decideOn({ entries: [1], maxQueueDelayMs: 50, draining: true })).toEqual({ kind: 'dispatch', maxRows: 8, reason: 'draining' });
  });

  describe('with preferred batch sizes', () => {
    const preferred = { preferredBatchSizes: [2, 4], maxQueueDelayMs: 50 };

    it('takes the largest that has gathered at once', () => {
      expect(decideOn({ ...preferred, entries: [1, 1, 1] })).toEqual({ kind: 'dispatch', maxRows: 2, reason: 'preferred_batch_size' });
      expect(decideOn({ ...preferred, entries: [1, 1, 1, 1, 1] })).toEqual({
        kind: 'dispatch',
        maxRows: 4,
        reason: 'preferred_batch_size',
      });
    });

    it('waits while less than the smallest has gathered', () => {
      expect(decideOn({ ...preferred, entries: [1] })).toEqual({ kind: 'wait', untilMs: 150 });
    });

    it('waits on where the entries step over a size without making it up', () => {
      expect(decideOn({ ...preferred, entries: [3] })).toEqual({ kind: 'wait', untilMs: 150 });
    });

    it('takes a smaller size that the entries make up rather than a larger one that they step over', () => {
      expect(decideOn({ ...preferred, entries: [2, 3] })).toEqual({ kind: 'dispatch', maxRows: 2, reason: 'preferred_batch_size' });
    });

    it('takes what stays below the largest size once no size can be made up any more', () => {
      expect(decideOn({ ...preferred, entries: [3, 3] })).toEqual({ kind: 'dispatch', maxRows: 4, reason: 'preferred_batch_size' });
    });

    it('takes all that fits once the oldest entry has waited long enough, preferred or not', () => {
      expect(decideOn({ ...preferred, entries: [1, 1, 1, 1, 1], ageMs: 50 })).toEqual({
        kind: 'dispatch',
        maxRows: 8,
        reason: 'max_queue_delay',
      });
    });

    it('takes whatever has gathered where no size has and the model asks for no delay', () => {
      expect(decideOn({ preferredBatchSizes: [4], entries: [1, 1] })).toEqual({ kind: 'dispatch', maxRows: 8, reason: 'instance_free' });
    });
  });
});

describe('chooseBatch', () => {
  const limits = { ...LIMITS, maxQueueDelayMs: 10, preferredBatchSizes: [4] };
  const bucket = (key: string, entries: readonly number[], ageMs: number) => ({ ...queueView(entries, NOW - ageMs), key });

  it('has nothing to choose from an empty queue', () => {
    expect(chooseBatch([], limits, false, NOW)).toBeUndefined();
  });

  it('lets no shape that waits for company hold up one that is ready', () => {
    const views = [bucket('lonely', [1], 5), bucket('full', [2, 2], 1)];
    expect(chooseBatch(views, limits, false, NOW)).toEqual({ kind: 'dispatch', maxRows: 4, reason: 'preferred_batch_size', key: 'full' });
  });

  it('takes the batch whose head has waited longest of those that are ready', () => {
    const views = [bucket('a', [4], 1), bucket('b', [4], 3), bucket('c', [4], 2)];
    expect(chooseBatch(views, limits, false, NOW)).toMatchObject({ kind: 'dispatch', key: 'b' });
  });

  it('waits no longer than the first of them has to', () => {
    const views = [bucket('a', [1], 2), bucket('b', [1], 7), bucket('c', [1], 5)];
    expect(chooseBatch(views, limits, false, NOW)).toEqual({ kind: 'wait', untilMs: NOW + 3 });
  });
});
