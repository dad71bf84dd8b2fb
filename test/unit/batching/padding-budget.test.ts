import { describe, expect, it } from '@jest/globals';
import { allowedPadding, MAX_PADDING_SHARE, PADDING_SHARE, PaddingBudget } from '../../../src/batching/padding-budget.js';

describe('allowedPadding', () => {
  it("is the batch's share and what is to spare, up to a bound", () => {
    expect(allowedPadding(1000, 0)).toBe(1000 * PADDING_SHARE);
    expect(allowedPadding(1000, 20)).toBe(1000 * PADDING_SHARE + 20);
    expect(allowedPadding(1000, 1e6)).toBe(1000 * MAX_PADDING_SHARE);
  });
});

describe('PaddingBudget', () => {
  it('has nothing to spare at first, nor after a batch that used up its share', () => {
    const budget = new PaddingBudget();
    expect(budget.spare).toBe(0);
    budget.spend(1000, 1000 * PADDING_SHARE);
    expect(budget.spare).toBe(0);
  });

  it('keeps what a batch left for the next ones, but a part of it for each', () => {
    const budget = new PaddingBudget();
    budget.spend(1000, 0);
    const { spare } = budget;
    expect(spare).toBeGreaterThan(0);
    expect(spare).toBeLessThan(1000 * PADDING_SHARE);
    budget.spend(0, spare);
    expect(budget.spare).toBeLessThan(spare);
    expect(budget.spare).toBeGreaterThan(0);
  });

  it('does not grow without bound', () => {
    const budget = new PaddingBudget();
    for (let batch = 0; batch < 10_000; batch++) budget.spend(1000, 0);
    expect(budget.spare).toBeLessThan(100 * 1000 * PADDING_SHARE);
  });
});
