import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Entry } from '../../src/batching/entry.js';
import { type WaitLimit, WaitLimits } from '../../src/batching/wait-limits.js';
import { callContext } from '../support/call-context.js';

type Step = { readonly kind: 'add'; readonly at: number } | { readonly kind: 'remove'; readonly index: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), at: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), index: fc.nat(40) }) },
);

describe('WaitLimits, after any sequence of arrivals and departures', () => {
  it('has the earliest at hand, of equal ones the first that came', () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 80 }), (steps) => {
        const limits = new WaitLimits();
        const naive: WaitLimit[] = [];
        for (const step of steps) {
          if (step.kind === 'add') {
            const entry = new Entry({ inputs: [], rows: 1, key: '' }, callContext(), 0);
            const limit: WaitLimit = { entry, at: step.at, action: 'reject' };
            limits.add(limit);
            naive.push(limit);
          } else {
            const [gone] = naive.splice(step.index, 1);
            if (gone !== undefined) limits.remove(gone.entry);
          }
          const earliest = naive.reduce<WaitLimit | undefined>(
            (best, one) => (best !== undefined && best.at <= one.at ? best : one),
            undefined,
          );
          expect(limits.earliest?.entry).toBe(earliest?.entry);
          expect(limits.size).toBe(naive.length);
        }
      }),
      { numRuns: 400 },
    );
  });
});
