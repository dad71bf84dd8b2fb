import { describe, expect, it } from '@jest/globals';
import { CostModel } from '../../../src/batching/cost-model.js';
import { learned } from '../../support/situation.js';

function observe(costs: CostModel, cost: number, ms: number, times: number): CostModel {
  for (let time = 0; time < times; time += 1) costs.observe(cost, ms);
  return costs;
}

const affine = (cost: number) => 2 + cost / 4;

describe('CostModel', () => {
  it('predicts nothing before anything ran', () => {
    const costs = new CostModel();
    expect(costs.executeMs(1)).toBeUndefined();
    expect([costs.leastCost, costs.largestCost, costs.runs]).toEqual([Number.POSITIVE_INFINITY, 0, 0]);
    expect([costs.knows(1), costs.largestWithin(5, 8)]).toEqual([false, 8]);
  });

  it('predicts what it saw, from the first time on', () => {
    const costs = observe(new CostModel(), 4, 10, 1);
    expect(costs.executeMs(4)).toBeCloseTo(10);
    expect(costs.knows(4)).toBe(false);
    expect(observe(costs, 4, 10, 2).knows(4)).toBe(true);
  });

  it('predicts what lies between and beyond from what it saw', () => {
    const costs = learned(affine, [1, 8, 32]);
    for (const cost of [1, 2, 5, 8, 20, 32, 64]) expect(costs.executeMs(cost)).toBeCloseTo(affine(cost));
    expect([costs.leastCost, costs.largestCost]).toEqual([1, 32]);
  });

  it('takes costs as large as a thousand million', () => {
    const costs = learned((cost) => cost / 1e6, [1e5, 1e9]);
    expect(costs.executeMs(5e8)).toBeCloseTo(500);
  });

  it('takes a run that the clock saw no time pass in for a short one', () => {
    expect(observe(new CostModel(), 1, 0, 3).executeMs(1)).toBeCloseTo(0.001);
  });

  it('does not believe a first run that was a stall', () => {
    const costs = learned(affine, [1]);
    costs.observe(8, 400);
    expect(costs.executeMs(8)).toBeLessThan(20);
    observe(costs, 8, 4, 2);
    expect(costs.executeMs(8)).toBeCloseTo(4, 0);
  });

  it('hardly moves for a few stalls', () => {
    const costs = observe(new CostModel(), 4, 10, 50);
    observe(costs, 4, 1000, 3);
    expect(costs.executeMs(4)).toBeLessThan(11.2);
    observe(costs, 4, 10, 20);
    expect(costs.executeMs(4)).toBeCloseTo(10, 0);
  });

  it.each([
    ['ten times slower', 100],
    ['ten times faster', 1],
    ['a quarter slower', 12.5],
  ])('follows a model that becomes %s within some tens of batches', (_, ms) => {
    const costs = observe(new CostModel(), 4, 10, 50);
    observe(costs, 4, ms, 40);
    const predicted = costs.executeMs(4) ?? 0;
    expect(Math.abs(predicted / ms - 1)).toBeLessThan(0.05);
  });

  it('takes sizes that do not run now along when the machine becomes slower', () => {
    const costs = learned(affine, [1, 32], 20);
    observe(costs, 32, 3 * affine(32), 60);
    expect(costs.executeMs(1)).toBeGreaterThan(1.5 * affine(1));
  });

  it('believes what it saw lately where estimates contradict each other', () => {
    const costs = observe(observe(new CostModel(), 8, 10, 20), 16, 10, 20);
    observe(costs, 16, 5, 1000);
    expect(costs.executeMs(16)).toBeLessThan(5.5);
    expect(costs.executeMs(8)).toBeLessThanOrEqual(costs.executeMs(16) ?? 0);
  });

  it('tells when predictions may have changed, and only then', () => {
    const costs = observe(new CostModel(), 4, 10, 20);
    costs.executeMs(4);
    const { revision } = costs;
    costs.observe(4, 10);
    expect(costs.revision).toBe(revision);
    observe(costs, 4, 14, 10);
    expect(costs.revision).not.toBe(revision);
  });

  it('finds the largest cost that is over in time', () => {
    const costs = learned((cost) => 2 * cost, [1, 32]);
    expect(costs.largestWithin(21, 32)).toBe(10);
    expect(costs.largestWithin(100, 32)).toBe(32);
    expect(costs.largestWithin(0.5, 32)).toBe(1);
    expect(costs.largestWithin(21, Number.POSITIVE_INFINITY)).toBe(10);
  });

  describe('of an instance that has siblings', () => {
    const sibling = () => learned(affine, [1, 8, 32], 50);

    it('begins with what they know', () => {
      const prior = sibling();
      const costs = new CostModel(prior);
      for (const cost of [1, 5, 32]) expect(costs.executeMs(cost)).toBe(prior.executeMs(cost));
      expect(costs.runs).toBe(prior.runs);
    });

    it('believes its own observations more', () => {
      const prior = sibling();
      const costs = new CostModel(prior);
      observe(costs, 8, 1.2 * affine(8), 5);
      observe(prior, 8, 1.2 * affine(8), 5);
      expect(costs.executeMs(8)).toBeGreaterThan(prior.executeMs(8) ?? 0);
    });

    it('tells them nothing', () => {
      const prior = sibling();
      observe(new CostModel(prior), 8, 100, 50);
      expect(prior.executeMs(8)).toBeCloseTo(affine(8));
    });
  });
});
