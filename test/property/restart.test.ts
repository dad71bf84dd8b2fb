import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { afterRestartEvent, DEFAULT_RESTART_POLICY, NEVER_RESTARTED, nextDelayMs } from '../../src/backend/restart.js';

const POLICY = DEFAULT_RESTART_POLICY;

/** What follows one creation: it fails, or its instance breaks after a while. `tookMs` is what creating took. */
const outcome = fc.record({
  fails: fc.boolean(),
  livedMs: fc.nat(20_000),
  tookMs: fc.nat(500),
  jitter: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

describe('restart back-off', () => {
  it('never starts more than ten creations a second and never waits beyond its cap', () => {
    fc.assert(
      fc.property(fc.array(outcome, { minLength: 2, maxLength: 200 }), (outcomes) => {
        let state = NEVER_RESTARTED;
        let now = 0;
        const starts: number[] = [];
        for (const { fails, livedMs, tookMs, jitter } of outcomes) {
          const delayMs = nextDelayMs(state, now, jitter, POLICY);
          expect(delayMs).toBeLessThanOrEqual(POLICY.afterFailure.capMs);
          now += delayMs;
          starts.push(now);
          state = afterRestartEvent(state, { kind: 'create_started', now }, POLICY);
          now += tookMs;
          state = afterRestartEvent(state, { kind: fails ? 'create_failed' : 'created' }, POLICY);
          if (fails) continue;
          now += livedMs;
          state = afterRestartEvent(state, { kind: 'broke', livedMs }, POLICY);
        }
        for (const [at, start] of starts.entries()) {
          const tenLater = starts[at + 10];
          if (tenLater !== undefined) expect(tenLater - start).toBeGreaterThanOrEqual(1_000 - 1e-6);
        }
      }),
    );
  });
});
