import { describe, expect, it } from '@jest/globals';
import { DeadlineEntry, DeadlineWheel } from '../../../src/grpc/deadline-wheel.js';
import { ManualClock } from '../../support/manual-clock.js';

class Entry extends DeadlineEntry {
  readonly #clock: ManualClock;
  readonly expiredAt: number[] = [];
  onExpire: () => void = () => undefined;

  constructor(clock: ManualClock) {
    super();
    this.#clock = clock;
  }

  override expire(): void {
    this.expiredAt.push(this.#clock.now());
    this.onExpire();
  }
}

function setUp() {
  const clock = new ManualClock();
  return { clock, wheel: new DeadlineWheel(clock), entry: () => new Entry(clock) };
}

describe('DeadlineWheel', () => {
  it('expires an entry at its deadline, never before and at most a slot after', () => {
    const { clock, wheel, entry } = setUp();
    const one = entry();
    wheel.schedule(one, 1001);
    clock.advance(1000);
    expect(one.expiredAt).toEqual([]);
    clock.advance(6);
    expect(one.expiredAt).toHaveLength(1);
    expect(one.expiredAt[0]).toBeGreaterThanOrEqual(1001);
  });

  it('never expires a cancelled entry', () => {
    const { clock, wheel, entry } = setUp();
    const one = entry();
    wheel.schedule(one, 50);
    wheel.cancel(one);
    wheel.cancel(one);
    expect(wheel.size).toBe(0);
    clock.advance(1000);
    expect(one.expiredAt).toEqual([]);
  });

  it('passes over entries of later turns that share a slot with near ones', () => {
    const { clock, wheel, entry } = setUp();
    const TURN = 5120;
    const far = entry();
    const near = entry();
    wheel.schedule(far, 100 * TURN + 100);
    wheel.schedule(near, 100);
    clock.advance(200);
    expect([near.expiredAt.length, far.expiredAt.length]).toEqual([1, 0]);
    clock.advance(100 * TURN);
    expect(far.expiredAt).toEqual([100 * TURN + 100]);
  });

  it('keeps months: 2^31 ms and more neither wrap nor fire early', () => {
    const { clock, wheel, entry } = setUp();
    const months = [2 ** 31, 2 ** 32, 90 * 86_400_000, 99_999_999 * 3_600_000].map((span) => {
      const one = entry();
      wheel.schedule(one, span);
      return one;
    });
    clock.advance(600_000);
    expect(months.map(({ expiredAt }) => expiredAt)).toEqual([[], [], [], []]);
    expect(wheel.size).toBe(4);
  });

  it('expires what is overdue with the next slot', () => {
    const { clock, wheel, entry } = setUp();
    clock.advance(1000);
    const late = entry();
    wheel.schedule(late, 3);
    expect(late.expiredAt).toEqual([]);
    clock.advance(5);
    expect(late.expiredAt).toHaveLength(1);
  });

  it('arms one timer for any number of entries, and none for an empty wheel', () => {
    const { clock, wheel, entry } = setUp();
    expect(clock.pending).toBe(0);
    const entries = Array.from({ length: 500 }, entry);
    for (const [at, one] of entries.entries()) wheel.schedule(one, 100 + at);
    expect(clock.pending).toBe(1);
    for (const one of entries) wheel.cancel(one);
    // The armed timer may fire once more; it arms no other.
    clock.advance(6000);
    expect([wheel.size, clock.pending]).toEqual([0, 0]);
  });

  it('wakes earlier for an earlier deadline', () => {
    const { clock, wheel, entry } = setUp();
    const late = entry();
    const early = entry();
    wheel.schedule(late, 4000);
    wheel.schedule(early, 20);
    clock.advance(25);
    expect([early.expiredAt.length, late.expiredAt.length, clock.pending]).toEqual([1, 0, 1]);
  });

  it('lets an expiring entry cancel and schedule others, itself included', () => {
    const { clock, wheel, entry } = setUp();
    const first = entry();
    const second = entry();
    first.onExpire = () => {
      wheel.cancel(second);
      if (first.expiredAt.length === 1) wheel.schedule(first, 200);
    };
    wheel.schedule(first, 100);
    wheel.schedule(second, 100);
    clock.advance(300);
    expect([first.expiredAt, second.expiredAt, wheel.size]).toEqual([[100, 200], [], 0]);
  });

  it('moves an entry that is scheduled again', () => {
    const { clock, wheel, entry } = setUp();
    const one = entry();
    wheel.schedule(one, 100);
    wheel.schedule(one, 500);
    expect(wheel.size).toBe(1);
    clock.advance(450);
    expect(one.expiredAt).toEqual([]);
    clock.advance(100);
    expect(one.expiredAt).toEqual([500]);
  });
});
