import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { explainCap } from '../../src/batching/batch-cap.js';
import { CostModel } from '../../src/batching/cost-model.js';
import { seededRandom } from '../support/seeded-random.js';
import { learned, situation } from '../support/situation.js';

const COST = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 1e9 }));
const MS = fc.double({ min: 0, max: 1e5, noNaN: true });
const RUNS = fc.array(fc.record({ cost: COST, ms: MS }), { minLength: 1, maxLength: 200 });
const SIZES = [1, 2, 4, 8, 16, 32];

describe('CostModel, whatever ran', () => {
  it('never predicts a larger batch to be faster', () => {
    fc.assert(
      fc.property(RUNS, fc.array(COST, { minLength: 2, maxLength: 20 }), (runs, asked) => {
        const costs = new CostModel();
        for (const { cost, ms } of runs) costs.observe(cost, ms);
        const predicted = asked.sort((a, b) => a - b).map((cost) => costs.executeMs(cost) ?? Number.NaN);
        for (const [at, ms] of predicted.entries()) {
          expect(ms).toBeGreaterThan(0);
          expect(ms).toBeGreaterThanOrEqual((predicted[at - 1] ?? 0) * (1 - 1e-9));
        }
      }),
    );
  });

  it('predicts nothing beyond what it saw, for what it saw', () => {
    fc.assert(
      fc.property(RUNS, (runs) => {
        const costs = new CostModel();
        for (const { cost, ms } of runs) costs.observe(cost, ms);
        const seen = runs.map(({ ms }) => Math.max(ms, 0.001));
        const predicted = costs.executeMs(costs.largestCost) ?? Number.NaN;
        expect(predicted).toBeLessThanOrEqual(Math.max(...seen) * (1 + 1e-9));
        expect(predicted).toBeGreaterThanOrEqual(Math.min(...seen) * (1 - 1e-9));
      }),
    );
  });

  it('is not moved by stalls, one in twenty, nor by noise', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.05, max: 100, noNaN: true }), (seed, ms) => {
        const random = seededRandom(seed);
        const costs = new CostModel();
        for (let run = 0; run < 300; run += 1) costs.observe(4, ms * (random() < 0.05 ? 100 : 1 + 0.1 * random()));
        expect((costs.executeMs(4) ?? 0) / ms).toBeGreaterThan(0.98);
        expect((costs.executeMs(4) ?? 0) / ms).toBeLessThan(1.25);
      }),
    );
  });

  it('finds the largest cost that is over in time', () => {
    fc.assert(
      fc.property(RUNS, COST, MS, (runs, most, ms) => {
        const costs = new CostModel();
        for (const run of runs) costs.observe(run.cost, run.ms);
        const largest = costs.largestWithin(ms, most);
        expect(largest).toBeGreaterThanOrEqual(1);
        expect(largest).toBeLessThanOrEqual(most);
        if (largest > 1) expect(costs.executeMs(largest)).toBeLessThanOrEqual(ms);
        if (largest < most) expect(costs.executeMs(largest + 1)).toBeGreaterThan(ms * (1 - 1e-9));
      }),
    );
  });
});

describe('explainCap, whatever ran', () => {
  it('is a whole number from 1 to max batch size', () => {
    const limits = fc.record({ maxBatchSize: fc.integer({ min: 1, max: 200 }), latencyTargetMs: fc.constantFrom(0, 0.01, 5, 1000) });
    fc.assert(
      fc.property(RUNS, limits, (runs, bounds) => {
        const costs = new CostModel();
        for (const { cost, ms } of runs) costs.observe(cost, ms);
        const { cap } = explainCap(costs, situation(bounds).limits);
        expect(Number.isInteger(cap)).toBe(true);
        expect(cap).toBeGreaterThanOrEqual(1);
        expect(cap).toBeLessThanOrEqual(bounds.maxBatchSize);
      }),
    );
  });

  it('comes to one row where time is in proportion to the rows, and to a high cap where a row more is next to nothing', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 100, noNaN: true }), fc.double({ min: 20, max: 200, noNaN: true }), (rowMs, ratio) => {
        const { limits } = situation({ maxBatchSize: 32 });
        expect(
          explainCap(
            learned((rows) => rowMs * rows, SIZES),
            limits,
          ).cap,
        ).toBe(1);
        expect(
          explainCap(
            learned((rows) => rowMs * (ratio + rows), SIZES),
            limits,
          ).cap,
        ).toBeGreaterThanOrEqual(30);
      }),
    );
  });
});
