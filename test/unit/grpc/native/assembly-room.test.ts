import { describe, expect, it } from '@jest/globals';
import { nextRoomStep } from '../../../../src/grpc/native/assembly-room.js';

describe('nextRoomStep', () => {
  it.each([
    [{ freeBytes: 100, heldBytes: 900, largestBytes: 900 }, 'hold'],
    [{ freeBytes: 99, heldBytes: 50, largestBytes: 151 }, 'evict'],
    [{ freeBytes: 99, heldBytes: 50, largestBytes: 150 }, 'refuse'],
    [{ freeBytes: 0, heldBytes: 900, largestBytes: 900 }, 'refuse'],
    [{ freeBytes: 0, heldBytes: 0, largestBytes: 0 }, 'refuse'],
  ] as const)('of %j for 100 bytes is to %s', (holdings, step) => {
    expect(nextRoomStep(holdings, 100)).toBe(step);
  });
});
