import { describe, expect, it } from '@jest/globals';
import { Allowance } from '../../../src/http2/allowance.js';
import { ManualClock } from '../../support/manual-clock.js';

describe('Allowance', () => {
  it('gives its burst, and then so much a second', () => {
    const clock = new ManualClock();
    const allowance = new Allowance({ burst: 3, perSecond: 2 }, clock.now());
    const spend = () => allowance.spend(clock);
    expect([spend(), spend(), spend(), spend()]).toEqual([true, true, true, false]);
    clock.advance(499);
    expect(spend()).toBe(false);
    clock.advance(1);
    expect([spend(), spend()]).toEqual([true, false]);
    clock.advance(60_000);
    expect([spend(), spend(), spend(), spend()]).toEqual([true, true, true, false]);
  });

  it('takes what costs more', () => {
    const clock = new ManualClock();
    const allowance = new Allowance({ burst: 10, perSecond: 1 }, clock.now());
    expect([allowance.spend(clock, 7), allowance.spend(clock, 4), allowance.spend(clock, 3)]).toEqual([true, false, true]);
  });

  it('does not look at the clock before its burst is used up', () => {
    const allowance = new Allowance({ burst: 1, perSecond: 1 }, 0);
    const clock = {
      now: () => {
        throw new Error('looked at');
      },
    };
    expect(allowance.spend(clock)).toBe(true);
    expect(() => allowance.spend(clock)).toThrow('looked at');
  });
});
