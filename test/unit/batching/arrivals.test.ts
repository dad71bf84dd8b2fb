import { describe, expect, it } from '@jest/globals';
import { Arrivals } from '../../../src/batching/arrivals.js';

function arrivals(...times: readonly number[]): Arrivals {
  const made = new Arrivals();
  for (const time of times) made.came(time);
  return made;
}

describe('Arrivals', () => {
  it('knows no gap before there were two', () => {
    expect(arrivals().gapMs(5)).toBe(Number.POSITIVE_INFINITY);
    expect(arrivals(3).gapMs(5)).toBe(Number.POSITIVE_INFINITY);
  });

  it('takes the mean of the gaps', () => {
    expect(arrivals(10, 11, 16).gapMs(16)).toBe(3);
  });

  it('counts the silence since the last where it is longer', () => {
    const times = arrivals(10, 11, 16);
    expect(times.gapMs(18)).toBe(3);
    expect(times.gapMs(26)).toBe(10);
  });

  it('sees a mean gap where callers come in groups', () => {
    const groups = Array.from({ length: 10 }, (_, at) => [at * 8, at * 8, at * 8, at * 8]).flat();
    expect(arrivals(...groups).gapMs(72)).toBeCloseTo(2, 0);
  });

  it('forgets what was long ago', () => {
    const times = arrivals(0, 1000);
    for (let time = 1001; time <= 1031; time += 1) times.came(time);
    expect(times.gapMs(1031)).toBe(1);
  });
});
