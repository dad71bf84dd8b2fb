import type { HrTime } from '@opentelemetry/api';

/**
 * A time of the monotonic clock (performance.now()) as seconds and nanoseconds since the epoch. All spans of a process go through
 * here, so that a parent and its children never disagree by a step of the wall clock.
 */
export function toEpoch(monotonicMs: number): HrTime {
  const epochMs = performance.timeOrigin + monotonicMs;
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.floor((epochMs - seconds * 1000) * 1e6)];
}

/** The same in whole milliseconds. */
export function toEpochMs(monotonicMs: number): number {
  return Math.floor(performance.timeOrigin + monotonicMs);
}
