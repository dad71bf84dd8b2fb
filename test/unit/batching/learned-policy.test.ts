import { describe, expect, it } from '@jest/globals';
import type { CostModel } from '../../../src/batching/cost-model.js';
import type { Decision } from '../../../src/batching/decision.js';
import { decideLearned } from '../../../src/batching/learned-policy.js';
import { queueView } from '../../support/queue-view.js';
import { learned, type SituationOptions, situation } from '../../support/situation.js';

const NOW = 100;
const SIZES = [1, 2, 4, 8, 16, 32];
const proportional = () => learned((rows) => 2 * rows, SIZES, 9);
const nearlyConstant = () => learned((rows) => 8 + rows / 10, SIZES, 9);
const PADDING = { inputs: new Map([['tokens', { axis: 0, value: 0 }]]), outputs: new Map() };

interface LearnedSituation extends SituationOptions {
  /** Entries of one row each. */
  readonly waiting: number;
  readonly ageMs?: number;
  readonly length?: number;
  readonly earliestDeadline?: number;
}

function decide({ waiting, ageMs = 0, length = 1, earliestDeadline = Number.POSITIVE_INFINITY, ...options }: LearnedSituation): Decision {
  const view = queueView(new Array<number>(waiting).fill(1), NOW - ageMs, { length, earliestDeadline });
  return decideLearned(view, situation({ maxBatchSize: 32, now: NOW, ...options }));
}

function dispatch(reason: string, maxRows: number) {
  return { kind: 'dispatch', bounds: { maxRows, maxCost: Number.POSITIVE_INFINITY, lookAhead: 64 }, reason };
}

function untilMs(decision: Decision): number | undefined {
  return decision.kind === 'wait' ? decision.untilMs : undefined;
}

describe('decideLearned', () => {
  describe('for an instance that is idle', () => {
    it('takes what has gathered while nothing is known', () => {
      expect(decide({ waiting: 3 })).toEqual(dispatch('instance_free', 32));
      expect(decide({ waiting: 40 })).toEqual(dispatch('max_batch_size', 32));
    });

    it('takes no more than the cap', () => {
      expect(decide({ waiting: 20, costs: proportional() })).toEqual(dispatch('learned_cap', 1));
      expect(decide({ waiting: 40, costs: nearlyConstant() })).toEqual(dispatch('max_batch_size', 32));
      expect(decide({ waiting: 40, costs: nearlyConstant(), latencyTargetMs: 20 })).toEqual(dispatch('latency_target', 20));
      expect(decide({ waiting: 40, costs: nearlyConstant(), maxBatchCost: 12 })).toEqual(dispatch('max_batch_cost', 12));
    });

    it('waits for company that is on its way where that pays', () => {
      expect(untilMs(decide({ waiting: 1, costs: nearlyConstant(), arrivalGapMs: 0.8 }))).toBeCloseTo(NOW + 1.6);
      expect(untilMs(decide({ waiting: 2, costs: nearlyConstant(), arrivalGapMs: 1, ageMs: 0.5 }))).toBeCloseTo(NOW + 1.5);
    });

    it('waits no longer in all than a share of what the batch takes', () => {
      expect(untilMs(decide({ waiting: 1, costs: nearlyConstant(), arrivalGapMs: 1.5 }))).toBeCloseTo(NOW + 8.1 / 4);
      expect(decide({ waiting: 1, costs: nearlyConstant(), arrivalGapMs: 1.5, ageMs: 3 })).toEqual(dispatch('instance_free', 32));
    });

    it.each<[string, LearnedSituation]>([
      ['a lone caller', { waiting: 1, costs: nearlyConstant(), arrivalGapMs: 8.5 }],
      ['arrivals that are too rare', { waiting: 1, costs: nearlyConstant(), arrivalGapMs: 2.1 }],
      ['more at hand than what comes would repay', { waiting: 6, costs: nearlyConstant(), arrivalGapMs: 1 }],
      ['a wait too short for a timer', { waiting: 1, costs: nearlyConstant(), arrivalGapMs: 0.2 }],
    ])('does not wait with %s', (_, waiting) => {
      expect(decide(waiting)).toEqual(dispatch('instance_free', 32));
    });

    it('never waits where a row more takes a row longer', () => {
      const costs = learned((rows) => 20 * rows, [1]);
      expect(decide({ waiting: 1, costs, arrivalGapMs: 1 })).toEqual(dispatch('instance_free', 32));
    });

    it('lets nobody wait for company while the model drains', () => {
      expect(decide({ waiting: 1, costs: nearlyConstant(), arrivalGapMs: 0.8, draining: true })).toEqual(dispatch('draining', 32));
    });

    it('waits no longer than a deadline allows', () => {
      const costs = learned((rows) => 40 + rows, SIZES, 9);
      const waiting = { waiting: 1, costs, arrivalGapMs: 3 };
      expect(untilMs(decide(waiting))).toBeCloseTo(NOW + 6);
      expect(untilMs(decide({ ...waiting, earliestDeadline: NOW + 45 }))).toBeCloseTo(NOW + 3);
      expect(decide({ ...waiting, earliestDeadline: NOW + 42 })).toEqual(dispatch('instance_free', 32));
    });
  });

  describe('for an instance that is busy', () => {
    const busy = { inFlight: 1, freeAt: NOW + 5 };

    it('takes a batch that can grow no further at once', () => {
      expect(decide({ ...busy, waiting: 20, costs: proportional() })).toEqual(dispatch('learned_cap', 1));
      expect(decide({ ...busy, waiting: 32, costs: nearlyConstant() })).toEqual(dispatch('max_batch_size', 32));
    });

    it('lets the others grow until just before it is free', () => {
      expect(untilMs(decide({ ...busy, waiting: 3, costs: nearlyConstant() }))).toBeCloseTo(NOW + 4.85);
      expect(untilMs(decide({ ...busy, waiting: 3 }))).toBeCloseTo(NOW + 4.85);
      expect(decide({ ...busy, freeAt: NOW + 0.1, waiting: 3, costs: nearlyConstant() })).toEqual(dispatch('instance_free', 32));
    });

    it('does not hand over a short batch long before', () => {
      const costs = learned((rows) => 0.04 + rows / 1e6, SIZES);
      expect(untilMs(decide({ ...busy, freeAt: NOW + 0.1, waiting: 3, costs }))).toBeCloseTo(NOW + 0.09);
    });

    it('takes what has gathered where a run takes longer than was predicted', () => {
      expect(decide({ ...busy, freeAt: NOW - 1, waiting: 3 })).toEqual(dispatch('instance_free', 32));
    });
  });

  describe('with deadlines', () => {
    it('takes no more than will be over in time', () => {
      const costs = learned((rows) => 8 + rows, SIZES, 9);
      expect(decide({ waiting: 20, costs, earliestDeadline: NOW + 18.5 })).toEqual(dispatch('deadline', 10));
      expect(decide({ waiting: 20, costs, earliestDeadline: NOW + 30 })).toEqual(dispatch('instance_free', 32));
      expect(decide({ waiting: 20, costs, earliestDeadline: NOW + 5 })).toEqual(dispatch('instance_free', 32));
    });

    it('counts what a busy instance has to end first', () => {
      const costs = learned((rows) => 8 + rows, SIZES, 9);
      const busy = { waiting: 32, costs, inFlight: 1, earliestDeadline: NOW + 38.5 };
      expect(decide({ ...busy, freeAt: NOW + 10 })).toEqual(dispatch('deadline', 20));
      expect(decide({ ...busy, freeAt: NOW - 10 })).toEqual(dispatch('deadline', 30));
    });
  });

  describe('with probes', () => {
    /** One run before the turn of a probe. */
    function costsOnTurn(executeMs: (rows: number) => number): CostModel {
      const costs = learned(executeMs, SIZES, 85);
      costs.observe(1, executeMs(1));
      costs.observe(1, executeMs(1));
      return costs;
    }

    it('lets a batch grow beyond the cap now and then', () => {
      const costs = costsOnTurn((rows) => 2 * rows);
      expect(costs.runs).toBe(512);
      expect(decide({ waiting: 20, costs })).toEqual(dispatch('probe', 4));
      costs.observe(4, 8);
      expect(decide({ waiting: 20, costs })).toEqual(dispatch('learned_cap', 1));
    });

    it('does so only where no deadline is in danger', () => {
      const costs = costsOnTurn((rows) => 2 * rows);
      expect(decide({ waiting: 4, costs, earliestDeadline: NOW + 5 })).toEqual(dispatch('deadline', 2));
    });
  });

  describe('where rows are padded', () => {
    const bounds = (maxCost: number) => ({ maxRows: 32, maxCost, lookAhead: 256 });

    it('bounds the cost, and the rows by max batch size', () => {
      const costs = learned((cost) => cost / 10, [100, 400, 1600], 30);
      expect(decide({ waiting: 3, length: 100, padding: PADDING, costs })).toEqual({
        kind: 'dispatch',
        bounds: bounds(96),
        reason: 'learned_cap',
      });
    });

    it('is full with so many rows, whatever their cost', () => {
      expect(decide({ waiting: 32, length: 5, padding: PADDING, inFlight: 1, freeAt: NOW + 9 })).toEqual({
        kind: 'dispatch',
        bounds: bounds(Number.POSITIVE_INFINITY),
        reason: 'max_batch_size',
      });
    });
  });

  it('looks some way behind the head, however small its batches', () => {
    expect(decide({ waiting: 1, maxBatchSize: 4 })).toMatchObject({ bounds: { lookAhead: 16 } });
  });
});
