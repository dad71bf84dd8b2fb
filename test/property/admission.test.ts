import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ServingError } from '../../src/error/serving-error.js';
import { Admission, type Arrival, type Permit } from '../../src/serving/admission.js';
import { ManualClock } from '../support/manual-clock.js';

type Step =
  | { readonly kind: 'enter'; readonly admission: Arrival['admission']; readonly budgetMs: number }
  | { readonly kind: 'leave'; readonly at: number }
  | { readonly kind: 'reserve'; readonly bytes: number }
  | { readonly kind: 'dispose'; readonly at: number }
  | { readonly kind: 'advance'; readonly ms: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('enter' as const),
    admission: fc.constantFrom<Arrival['admission']>('inference', 'inference', 'open'),
    budgetMs: fc.constantFrom(0, 10, Number.POSITIVE_INFINITY),
  }),
  fc.record({ kind: fc.constant('leave' as const), at: fc.nat(10) }),
  fc.record({ kind: fc.constant('reserve' as const), bytes: fc.nat(120) }),
  fc.record({ kind: fc.constant('dispose' as const), at: fc.nat(10) }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(3000) }),
);

const LIMITS = { maxInflight: 3, maxQueuedBytes: 100 };

function tryReserve(admission: Admission, bytes: number): Permit | ServingError {
  try {
    return admission.reserve(bytes);
  } catch (error) {
    return ServingError.from(error);
  }
}

describe('Admission, after any sequence of calls', () => {
  it('counts exactly those inside, never beyond its limits, and hints between a millisecond and ten seconds', () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 80 }), (steps) => {
        const clock = new ManualClock();
        let sheds = 0;
        const admission = new Admission(LIMITS, clock, () => {
          sheds += 1;
        });
        const inside: Arrival[] = [];
        const permits: Permit[] = [];
        let refusals = 0;
        const inference = () => inside.filter((call) => call.admission === 'inference').length;
        const bytes = () => permits.reduce((sum, permit) => sum + permit.bytes, 0);
        for (const step of steps) {
          switch (step.kind) {
            case 'enter': {
              const arrival = { admission: step.admission, deadline: clock.now() + step.budgetMs };
              const fits = step.admission === 'open' || (inference() < LIMITS.maxInflight && step.budgetMs > 0);
              const refusal = admission.enter(arrival);
              expect(refusal === undefined).toBe(fits);
              if (refusal === undefined) inside.push(arrival);
              else refusals += 1;
              break;
            }
            case 'leave': {
              const [call] = inside.splice(step.at, 1);
              if (call !== undefined) admission.leave(call);
              break;
            }
            case 'reserve': {
              const fits = bytes() + step.bytes <= LIMITS.maxQueuedBytes;
              const permit = tryReserve(admission, step.bytes);
              expect(permit instanceof ServingError).toBe(!fits);
              if (permit instanceof ServingError) refusals += 1;
              else permits.push(permit);
              break;
            }
            case 'dispose': {
              const [permit] = permits.splice(step.at, 1);
              permit?.[Symbol.dispose]();
              break;
            }
            case 'advance':
              clock.advance(step.ms);
              break;
          }
          expect([admission.inflight, admission.queuedBytes, sheds]).toEqual([inference(), bytes(), refusals]);
          expect(admission.retryAfterMs()).toBeGreaterThanOrEqual(1);
          expect(admission.retryAfterMs()).toBeLessThanOrEqual(10_000);
        }
      }),
      { numRuns: 300 },
    );
  });
});
