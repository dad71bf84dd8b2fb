import { describe, expect, it } from '@jest/globals';
import { CONNECTION_WINDOW_BYTES, ReceiveBudget } from '../../../../src/grpc/served/receive-budget.js';

describe('ReceiveBudget', () => {
  it('grants wide windows until the budget is spent, and again once they are given back', () => {
    const budget = new ReceiveBudget(2.5 * CONNECTION_WINDOW_BYTES);
    expect([budget.take(), budget.take(), budget.take()]).toEqual([CONNECTION_WINDOW_BYTES, CONNECTION_WINDOW_BYTES, undefined]);
    budget.giveBack(CONNECTION_WINDOW_BYTES);
    expect([budget.take(), budget.take()]).toEqual([CONNECTION_WINDOW_BYTES, undefined]);
  });

  it('grants none from an empty budget', () => {
    expect(new ReceiveBudget(0).take()).toBeUndefined();
  });
});
