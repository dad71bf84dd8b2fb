import { describe, expect, it } from '@jest/globals';
import {
  afterRestartEvent,
  DEFAULT_RESTART_POLICY,
  NEVER_RESTARTED,
  nextDelayMs,
  type RestartEvent,
  type RestartState,
} from '../../../src/backend/restart.js';

const POLICY = DEFAULT_RESTART_POLICY;

function stateAfter(...events: RestartEvent[]): RestartState {
  return events.reduce((state, event) => afterRestartEvent(state, event, POLICY), NEVER_RESTARTED);
}

function repeat(event: RestartEvent, times: number): RestartEvent[] {
  return Array.from({ length: times }, () => event);
}

const broke: RestartEvent = { kind: 'broke', livedMs: 50 };
const failed: RestartEvent = { kind: 'create_failed' };

describe('nextDelayMs', () => {
  it('replaces the first broken instance at once', () => {
    expect(nextDelayMs(stateAfter(broke), 1_000, 0.5, POLICY)).toBe(0);
  });

  it('keeps the spacing between two creations', () => {
    const state = stateAfter({ kind: 'create_started', now: 1_000 }, broke);
    expect(nextDelayMs(state, 1_030, 0.5, POLICY)).toBe(70);
    expect(nextDelayMs(state, 1_200, 0.5, POLICY)).toBe(0);
  });

  it('doubles with each failure up to the cap', () => {
    const delays = [1, 2, 3, 4, 20].map((times) => nextDelayMs(stateAfter(...repeat(failed, times)), 0, 0.999999, POLICY));
    expect(delays.map(Math.round)).toEqual([200, 400, 800, 1_600, 30_000]);
  });

  it('spreads a wait over the upper half of its span', () => {
    const state = stateAfter(failed);
    expect(nextDelayMs(state, 0, 0, POLICY)).toBe(100);
    expect(nextDelayMs(state, 0, 0.5, POLICY)).toBe(150);
  });

  it('never waits longer than a second after breaks alone, so that a broken instance is replaced within two', () => {
    expect(nextDelayMs(stateAfter(...repeat(broke, 500)), 0, 0.999999, POLICY)).toBeLessThanOrEqual(1_000);
  });
});

describe('afterRestartEvent', () => {
  it('forgets failures when a creation succeeds', () => {
    expect(stateAfter(failed, failed, { kind: 'created' }).failures).toBe(0);
  });

  it('forgets earlier breaks when an instance had lived healthily', () => {
    expect(stateAfter(broke, broke, broke).breaks).toBe(3);
    expect(stateAfter(broke, broke, { kind: 'broke', livedMs: POLICY.healthyMs }).breaks).toBe(1);
  });
});
