import { describe, expect, it } from '@jest/globals';
import { StreamLimit } from '../../../src/http2/stream-limit.js';

describe('StreamLimit', () => {
  it('holds from the beginning', () => {
    const limit = new StreamLimit(10);
    expect([limit.announced, limit.enforced, limit.isPending]).toEqual([10, 10, true]);
    limit.acknowledge();
    expect([limit.announced, limit.enforced, limit.isPending]).toEqual([10, 10, false]);
  });

  it('is lower once the peer says that it knows, and higher at once', () => {
    const limit = new StreamLimit(10);
    limit.acknowledge();
    limit.announce(3);
    expect([limit.announced, limit.enforced]).toEqual([3, 10]);
    limit.announce(20);
    expect(limit.enforced).toBe(20);
    limit.acknowledge();
    expect(limit.enforced).toBe(20);
    limit.announce(2);
    limit.acknowledge();
    expect([limit.enforced, limit.isPending]).toEqual([20, true]);
    limit.acknowledge();
    expect([limit.enforced, limit.isPending]).toEqual([2, false]);
  });

  it('takes an acknowledgement of nothing for what it is', () => {
    const limit = new StreamLimit(10);
    limit.acknowledge();
    limit.acknowledge();
    expect([limit.enforced, limit.isPending]).toEqual([10, false]);
  });
});
