import { describe, expect, it } from '@jest/globals';
import { toEpoch, toEpochMs } from '../../../src/telemetry/epoch.js';

describe('toEpoch', () => {
  it('counts from the start of the process in whole seconds and nanoseconds below one second', () => {
    const [seconds, nanoseconds] = toEpoch(1234.5);
    expect(seconds * 1000 + nanoseconds / 1e6).toBeCloseTo(performance.timeOrigin + 1234.5, 2);
    expect(Number.isInteger(nanoseconds) && nanoseconds >= 0 && nanoseconds < 1e9).toBe(true);
  });

  it('keeps microseconds apart', () => {
    const nanoseconds = (ms: number) => BigInt(toEpoch(ms)[0]) * 1_000_000_000n + BigInt(toEpoch(ms)[1]);
    expect(Number(nanoseconds(10.002) - nanoseconds(10.001))).toBeGreaterThan(500);
  });
});

describe('toEpochMs', () => {
  it('agrees with toEpoch', () => {
    const [seconds, nanoseconds] = toEpoch(1234.5);
    expect(toEpochMs(1234.5)).toBe(seconds * 1000 + Math.floor(nanoseconds / 1e6));
  });
});
