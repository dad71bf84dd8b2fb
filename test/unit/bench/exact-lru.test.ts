import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { simulateLru } from '../../../bench/lifecycle/exact-lru.js';

describe('simulateLru', () => {
  it('lets go of what was used longest ago', () => {
    // a and b are resident; a is used again, so that c takes the place of b.
    expect(simulateLru('abacab', 2)).toEqual({ hits: 2, misses: 4, evictions: 2 });
  });

  it('never hits without room for two where neighbours differ', () => {
    expect(simulateLru('abab', 1)).toEqual({ hits: 0, misses: 4, evictions: 3 });
  });

  it('hits exactly where fewer than `room` other items were asked for since', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 100 }), fc.integer({ min: 1, max: 8 }), (trace, room) => {
        const hits = trace.filter((item, at) => {
          const last = trace.lastIndexOf(item, at - 1);
          return at > 0 && last !== -1 && new Set(trace.slice(last + 1, at)).size < room;
        }).length;
        const misses = trace.length - hits;
        expect(simulateLru(trace, room)).toEqual({ hits, misses, evictions: Math.max(0, misses - room) });
      }),
    );
  });
});
