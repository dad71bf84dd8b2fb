import { describe, expect, it } from '@jest/globals';
import { type Cap, explainCap } from '../../../src/batching/batch-cap.js';
import { CostModel } from '../../../src/batching/cost-model.js';
import { probeCost } from '../../../src/batching/probe.js';
import { situation } from '../../support/situation.js';

const { limits } = situation({ maxBatchSize: 32 });
const ONE: Cap = { cap: 1, reason: 'learned_cap', executeMs: 2 };

function observed(runs: number): CostModel {
  const costs = new CostModel();
  for (let run = 0; run < runs; run += 1) costs.observe(32, 64);
  return costs;
}

describe('probeCost', () => {
  it('tries small batches now and then while the model is young, until it knows them', () => {
    const costs = observed(7);
    const cap = explainCap(costs, limits);
    expect(probeCost(costs, limits, cap, 64)).toBe(1);
    for (let run = 0; run < 8; run += 1) costs.observe(1, 2);
    expect(probeCost(costs, limits, cap, 64)).toBe(4);
    for (let run = 0; run < 8; run += 1) costs.observe(4, 8);
    for (let run = 0; run < 8; run += 1) costs.observe(16, 32);
    expect(probeCost(costs, limits, cap, 64)).toBeUndefined();
    expect(probeCost(observed(6), limits, cap, 64)).toBeUndefined();
  });

  it('tries none that is all that waits', () => {
    const costs = observed(7);
    expect(probeCost(costs, limits, explainCap(costs, limits), 1)).toBeUndefined();
  });

  it('tries what is larger than the cap later, the larger the rarer', () => {
    const tried = new Map<number, number>();
    const costs = observed(255);
    for (let run = 256; run < 256 + 8192; run += 1) {
      costs.observe(1, 2);
      const cost = probeCost(costs, limits, ONE, 64);
      if (cost !== undefined) tried.set(cost, (tried.get(cost) ?? 0) + 1);
    }
    expect([...tried].sort(([a], [b]) => a - b)).toEqual([
      [2, 16],
      [4, 8],
      [8, 4],
      [16, 2],
      [32, 2],
    ]);
  });

  it('tries none that does not wait, and none larger than the limits allow', () => {
    const costs = observed(1024);
    expect(probeCost(costs, limits, ONE, 64)).toBe(8);
    expect(probeCost(costs, limits, ONE, 7)).toBeUndefined();
    expect(probeCost(costs, situation({ maxBatchSize: 6 }).limits, ONE, 64)).toBe(6);
    expect(probeCost(costs, limits, { ...ONE, cap: 32 }, 64)).toBeUndefined();
  });

  it('oversteps a latency target by the next size alone', () => {
    expect(probeCost(observed(1024), limits, { ...ONE, cap: 4, reason: 'latency_target' }, 64)).toBe(8);
  });
});
