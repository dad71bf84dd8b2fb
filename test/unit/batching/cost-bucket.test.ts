import { describe, expect, it } from '@jest/globals';
import { bucketStart, COST_BUCKETS, costBucket } from '../../../src/batching/cost-bucket.js';

describe('costBucket', () => {
  it('keeps small costs apart', () => {
    const buckets = Array.from({ length: 16 }, (_, at) => costBucket(at + 1));
    expect(new Set(buckets).size).toBe(16);
  });

  it('has few buckets for large ones, each of which begins where the one before ends', () => {
    expect(COST_BUCKETS).toBeLessThanOrEqual(128);
    for (let bucket = 2; bucket < COST_BUCKETS; bucket += 1) {
      expect(costBucket(bucketStart(bucket))).toBe(bucket);
      expect(costBucket(bucketStart(bucket) - 1)).toBe(bucket - 1);
    }
  });

  it('has a place for every cost', () => {
    expect(costBucket(0)).toBe(1);
    expect(costBucket(1e9)).toBeLessThan(COST_BUCKETS);
    expect(costBucket(1e15)).toBe(COST_BUCKETS - 1);
  });
});
