import { describe, expect, it } from '@jest/globals';
import { simulateLru } from '../../../bench/lifecycle/exact-lru.js';
import { zipfTrace } from '../../../bench/lifecycle/zipf-trace.js';
import { createRandom } from '../../../bench/models/random-weights.js';

describe('zipfTrace', () => {
  it('asks for the nth model in proportion to 1 / n^exponent', () => {
    const trace = zipfTrace(4, 1, 120_000, createRandom(3));
    const counts = [0, 1, 2, 3].map((model) => trace.filter((each) => each === model).length / trace.length);
    // 1 + 1/2 + 1/3 + 1/4 = 25/12
    const shares = [12, 6, 4, 3].map((part) => part / 25);
    for (const [model, share] of shares.entries()) expect(counts[model]).toBeCloseTo(share, 2);
  });

  it('is the same for the same seed and names every model but no other', () => {
    const trace = zipfTrace(50, 1.2, 20_000, createRandom(7));
    expect(trace).toEqual(zipfTrace(50, 1.2, 20_000, createRandom(7)));
    expect([...new Set(trace)].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, at) => at));
  });

  it('takes the last model for what rounding leaves below 1', () => {
    expect(zipfTrace(3, 1, 1, () => 1)).toEqual([2]);
  });

  it('is a trace of which an exact LRU with room for 20 of the 50 answers at least 79 %', () => {
    const trace = zipfTrace(50, 1.2, 20_000, createRandom(7));
    expect(simulateLru(trace, 20).hits / trace.length).toBeGreaterThanOrEqual(0.79);
  });
});
