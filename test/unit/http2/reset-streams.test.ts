import { describe, expect, it } from '@jest/globals';
import { ResetStreams } from '../../../src/http2/reset-streams.js';

describe('ResetStreams', () => {
  it('forgets the oldest', () => {
    const streams = new ResetStreams(2);
    for (const id of [1, 3, 3, 5]) streams.add(id);
    expect([1, 3, 5, 7].map((id) => streams.has(id))).toEqual([false, true, true, false]);
  });
});
