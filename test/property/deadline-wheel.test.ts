import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DeadlineEntry, DeadlineWheel } from '../../src/grpc/deadline-wheel.js';
import { ManualClock } from '../support/manual-clock.js';

const SLOT_MS = 5;

class Entry extends DeadlineEntry {
  deadline = Infinity;
  expiredAt: number | undefined;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    super();
    this.#clock = clock;
  }

  override expire(): void {
    this.expiredAt = this.#clock.now();
  }
}

const span = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 90 * 86_400_000 }));
const step = fc.oneof(
  fc.record({
    kind: fc.constant('schedule' as const),
    entry: fc.nat(19),
    span: fc.tuple(span, fc.double({ min: 0, max: 1, noNaN: true })),
  }),
  fc.record({ kind: fc.constant('cancel' as const), entry: fc.nat(19) }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 30_000 })) }),
);

describe('DeadlineWheel', () => {
  it('expires exactly what is due, at its deadline or within a slot after it, whatever the order of events', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.double({ min: 0, max: 1000, noNaN: true }), (steps, start) => {
        const clock = new ManualClock();
        clock.advance(start);
        const wheel = new DeadlineWheel(clock);
        const entries = Array.from({ length: 20 }, () => new Entry(clock));
        const waiting = new Set<Entry>();
        for (const taken of steps) {
          if (taken.kind === 'advance') {
            clock.advance(taken.ms);
            for (const entry of waiting) if (entry.expiredAt !== undefined) waiting.delete(entry);
            for (const entry of waiting) expect(entry.deadline + SLOT_MS).toBeGreaterThan(clock.now());
          } else {
            const entry = entries[taken.entry] ?? new Entry(clock);
            entry.expiredAt = undefined;
            if (taken.kind === 'schedule') {
              entry.deadline = clock.now() + taken.span[0] + taken.span[1];
              wheel.schedule(entry, entry.deadline);
              waiting.add(entry);
            } else {
              wheel.cancel(entry);
              waiting.delete(entry);
            }
          }
          for (const entry of entries) {
            if (entry.expiredAt === undefined) continue;
            expect(entry.expiredAt).toBeGreaterThanOrEqual(entry.deadline);
            // One that was due at once waits for the next slot's end.
            expect(entry.expiredAt).toBeLessThanOrEqual(entry.deadline + 2 * SLOT_MS);
          }
          expect(wheel.size).toBe(waiting.size);
          if (waiting.size > 0) expect(clock.pending).toBe(1);
        }
      }),
      { numRuns: 300 },
    );
  });
});
