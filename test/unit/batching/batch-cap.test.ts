import { describe, expect, it } from '@jest/globals';
import { costBound, explainCap, throughput } from '../../../src/batching/batch-cap.js';
import { CostModel } from '../../../src/batching/cost-model.js';
import { learned, type SituationOptions, situation } from '../../support/situation.js';

const SIZES = [1, 2, 4, 8, 16, 32];
const proportional = (rows: number) => 2 * rows;
const nearlyConstant = (rows: number) => 8 + rows / 10;
const PADDING = { inputs: new Map([['tokens', { axis: 0, value: 0 }]]), outputs: new Map() };

function cap(executeMs: (cost: number) => number, limits: SituationOptions = {}, sizes: readonly number[] = SIZES) {
  return explainCap(learned(executeMs, sizes), situation({ maxBatchSize: 32, ...limits }).limits);
}

describe('explainCap', () => {
  it('is max batch size while too little is known', () => {
    const { limits } = situation({ maxBatchSize: 32 });
    expect(explainCap(new CostModel(), limits)).toEqual({ cap: 32, reason: 'max_batch_size', executeMs: undefined });
    expect(cap(proportional, {}, [4, 5])).toMatchObject({ cap: 32, reason: 'max_batch_size' });
    expect(explainCap(learned(proportional, SIZES, 1), limits)).toMatchObject({ cap: 32, reason: 'max_batch_size' });
  });

  it('is one row where time is in proportion to the rows', () => {
    expect(cap(proportional)).toMatchObject({ cap: 1, reason: 'learned_cap' });
    expect(cap(proportional).executeMs).toBeCloseTo(2);
  });

  it('is max batch size where a batch takes hardly more than a row', () => {
    expect(cap(nearlyConstant)).toMatchObject({ cap: 32, reason: 'max_batch_size' });
  });

  it('is where throughput stops growing', () => {
    const steps = cap(
      (rows) => 4 * Math.ceil(rows / 8),
      {},
      Array.from({ length: 32 }, (_, at) => at + 1),
    );
    expect(steps).toMatchObject({ cap: 8, reason: 'learned_cap' });
  });

  it('never makes a batch larger for the overhead of a run alone', () => {
    expect(cap((rows) => rows * 0.7)).toMatchObject({ cap: 1 });
  });

  it('is so small that two batches are over within the latency target', () => {
    expect(cap(nearlyConstant, { latencyTargetMs: 20 })).toMatchObject({ cap: 20, reason: 'latency_target' });
    expect(cap(nearlyConstant, { latencyTargetMs: 60 })).toMatchObject({ cap: 32, reason: 'max_batch_size' });
    expect(cap(nearlyConstant, { latencyTargetMs: 2 })).toMatchObject({ cap: 1, reason: 'latency_target' });
  });

  it('stays within the cost that the author allows', () => {
    expect(cap(nearlyConstant, { maxBatchCost: 12 })).toMatchObject({ cap: 12, reason: 'max_batch_cost' });
  });

  describe('where rows are padded', () => {
    const lengths = [100, 400, 1600, 6400];

    it('bounds nothing but the rows while the largest that ran was the best', () => {
      expect(cap((cost) => 5 + cost / 1000, { padding: PADDING }, lengths)).toEqual({
        cap: Number.POSITIVE_INFINITY,
        reason: 'max_batch_size',
        executeMs: undefined,
      });
    });

    it('is a cost from which on throughput does not grow', () => {
      expect(cap((cost) => cost / 10, { padding: PADDING }, lengths).cap).toBeLessThanOrEqual(100);
      expect(cap((cost) => Math.max(20, cost / 20), { padding: PADDING }, lengths)).toMatchObject({ cap: 448, reason: 'learned_cap' });
    });

    it('is the cost that the author allows', () => {
      expect(cap((cost) => 5 + cost / 1000, { padding: PADDING, maxBatchCost: 3000 }, lengths)).toMatchObject({
        cap: 3000,
        reason: 'max_batch_cost',
      });
    });
  });

  it('answers anew once predictions changed, or for other limits', () => {
    const costs = learned(nearlyConstant, SIZES);
    const { limits } = situation({ maxBatchSize: 32 });
    const first = explainCap(costs, limits);
    expect(explainCap(costs, limits)).toBe(first);
    expect(explainCap(costs, situation({ maxBatchSize: 4 }).limits).cap).toBe(4);
    for (let time = 0; time < 200; time += 1) for (const rows of SIZES) costs.observe(rows, proportional(rows));
    expect(explainCap(costs, limits).cap).toBe(1);
  });
});

describe('costBound', () => {
  it('is in rows, or without bound where rows are padded', () => {
    expect(costBound(situation({ maxBatchSize: 32 }).limits)).toBe(32);
    expect(costBound(situation({ maxBatchSize: 32, maxBatchCost: 10 }).limits)).toBe(10);
    expect(costBound(situation({ maxBatchSize: 32, padding: PADDING }).limits)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('throughput', () => {
  it('counts what a run costs outside the runtime', () => {
    expect(throughput(learned(proportional, SIZES), 1)).toBeCloseTo(1 / 2.03);
    expect(throughput(new CostModel(), 3)).toBeCloseTo(100);
  });
});
