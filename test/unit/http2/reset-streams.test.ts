import { describe, expect, it } from '@jest/globals';
import { ResetStreams } from '../../../src/http2/reset-streams.js';

describe('ResetStreams', () => {
  const known = (streams: ResetStreams, ids: readonly number[]) => ids.filter((id) => streams.has(id));

  it('knows none before the first', () => {
    expect(new ResetStreams(2).has(1)).toBe(false);
  });

  it('forgets the oldest, and never the last ones', () => {
    const streams = new ResetStreams(2);
    for (const id of [1, 3, 3, 5]) streams.add(id);
    expect(known(streams, [1, 3, 5, 7])).toEqual([1, 3, 5]);
    for (const id of [7, 9]) streams.add(id);
    expect(known(streams, [1, 3, 5, 7, 9])).toEqual([3, 5, 7, 9]);
    for (let id = 11; id < 1000; id += 2) {
      streams.add(id);
      expect(known(streams, [id - 8, id - 2, id])).toEqual([id - 2, id]);
    }
  });
});
