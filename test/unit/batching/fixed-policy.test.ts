import { describe, expect, it } from '@jest/globals';
import { decideFixed } from '../../../src/batching/fixed-policy.js';
import { queueView } from '../../support/queue-view.js';
import { learned, type SituationOptions, situation } from '../../support/situation.js';

const NOW = 100;

interface FixedSituation extends SituationOptions {
  /** Rows of each entry, oldest first. */
  readonly entries: readonly number[];
  readonly ageMs?: number;
  readonly earliestDeadline?: number;
}

function decide({ entries, ageMs = 0, earliestDeadline = Number.POSITIVE_INFINITY, ...options }: FixedSituation) {
  return decideFixed(queueView(entries, NOW - ageMs, { earliestDeadline }), situation({ mode: 'fixed', now: NOW, ...options }));
}

function dispatch(reason: string, maxRows = 8, maxCost = Number.POSITIVE_INFINITY) {
  return { kind: 'dispatch', bounds: { maxRows, maxCost, lookAhead: 0 }, reason };
}

describe('decideFixed', () => {
  it('takes whatever has gathered where the model asks for no delay', () => {
    expect(decide({ entries: [1, 1] })).toEqual(dispatch('instance_free'));
  });

  it('looks for entries of about one length where shorter ones are padded', () => {
    const padding = { inputs: new Map([['tokens', { axis: 0, value: 0 }]]), outputs: new Map() };
    expect(decide({ entries: [1, 1], padding })).toMatchObject({ bounds: { lookAhead: 64 } });
  });

  it('takes no more than max batch size', () => {
    expect(decide({ entries: [3, 3, 3] })).toEqual(dispatch('max_batch_size'));
  });

  it('takes a full batch at once, whatever the delay', () => {
    expect(decide({ entries: [4, 4], maxQueueDelayMs: 50 })).toEqual(dispatch('max_batch_size'));
  });

  it('takes what reached the cost that the author allows at once', () => {
    expect(decide({ entries: [2, 3], maxQueueDelayMs: 50, maxBatchCost: 4 })).toEqual(dispatch('max_batch_cost', 8, 4));
    expect(decide({ entries: [2, 1], maxQueueDelayMs: 50, maxBatchCost: 4 })).toEqual({ kind: 'wait', untilMs: 150 });
  });

  it('waits until the oldest entry is max_queue_delay old', () => {
    expect(decide({ entries: [1], maxQueueDelayMs: 50, ageMs: 20 })).toEqual({ kind: 'wait', untilMs: 130 });
    expect(decide({ entries: [1], maxQueueDelayMs: 50, ageMs: 50 })).toEqual(dispatch('max_queue_delay'));
  });

  it('lets nobody wait for company while the model drains', () => {
    expect(decide({ entries: [1], maxQueueDelayMs: 50, draining: true })).toEqual(dispatch('draining'));
  });

  it('waits no longer than a deadline allows', () => {
    const costs = learned((rows) => 2 * rows, [1, 8]);
    const delayed = { entries: [1, 1], maxQueueDelayMs: 50, costs };
    const cut = decide({ ...delayed, earliestDeadline: NOW + 24 });
    expect(cut.kind === 'wait' ? cut.untilMs : undefined).toBeCloseTo(NOW + 20);
    expect(decide({ ...delayed, earliestDeadline: NOW + 3 })).toEqual(dispatch('deadline'));
    expect(decide({ ...delayed, earliestDeadline: NOW + 1 })).toEqual({ kind: 'wait', untilMs: 150 });
  });

  describe('for an instance that is busy', () => {
    const busy = { inFlight: 1, freeAt: NOW + 5 };

    it('takes a batch that is full', () => {
      expect(decide({ ...busy, entries: [4, 4] })).toEqual(dispatch('max_batch_size'));
      expect(decide({ ...busy, entries: [1, 1, 1], preferredBatchSizes: [2] })).toEqual(dispatch('preferred_batch_size', 2));
    });

    it('lets everything else grow until it is free', () => {
      expect(decide({ ...busy, entries: [1, 1] })).toEqual({ kind: 'wait', untilMs: NOW + 5 });
      expect(decide({ ...busy, entries: [1], maxQueueDelayMs: 50, ageMs: 60 })).toEqual({ kind: 'wait', untilMs: NOW + 5 });
    });

    it('looks again later where a run takes longer than was predicted', () => {
      expect(decide({ ...busy, freeAt: NOW - 3, entries: [1] })).toEqual({ kind: 'wait', untilMs: NOW + 1 });
    });
  });

  describe('with preferred batch sizes', () => {
    const preferred = { preferredBatchSizes: [2, 4], maxQueueDelayMs: 50 };

    it('takes the largest that has gathered at once', () => {
      expect(decide({ ...preferred, entries: [1, 1, 1] })).toEqual(dispatch('preferred_batch_size', 2));
      expect(decide({ ...preferred, entries: [1, 1, 1, 1, 1] })).toEqual(dispatch('preferred_batch_size', 4));
    });

    it('waits while less than the smallest has gathered', () => {
      expect(decide({ ...preferred, entries: [1] })).toEqual({ kind: 'wait', untilMs: 150 });
    });

    it('waits on where the entries step over a size without making it up', () => {
      expect(decide({ ...preferred, entries: [3] })).toEqual({ kind: 'wait', untilMs: 150 });
    });

    it('takes a smaller size that the entries make up rather than a larger one that they step over', () => {
      expect(decide({ ...preferred, entries: [2, 3] })).toEqual(dispatch('preferred_batch_size', 2));
    });

    it('takes what stays below the largest size once no size can be made up any more', () => {
      expect(decide({ ...preferred, entries: [3, 3] })).toEqual(dispatch('preferred_batch_size', 4));
    });

    it('takes all that fits once the oldest entry has waited long enough, preferred or not', () => {
      expect(decide({ ...preferred, entries: [1, 1, 1, 1, 1], ageMs: 50 })).toEqual(dispatch('max_queue_delay'));
    });

    it('takes whatever has gathered where no size has and the model asks for no delay', () => {
      expect(decide({ preferredBatchSizes: [4], entries: [1, 1] })).toEqual(dispatch('instance_free'));
    });
  });
});
