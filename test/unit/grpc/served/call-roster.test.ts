import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../../src/error/serving-error.js';
import { CallRoster, type RosterCall } from '../../../../src/grpc/served/call-roster.js';

function call(admission: RosterCall['admission'], lasting: boolean): RosterCall & { readonly abandoned: ServingError[] } {
  const abandoned: ServingError[] = [];
  return { admission, lasting, abandoned, abandon: (reason) => abandoned.push(reason) };
}

const DRAINING = new ServingError('draining', 'the server is draining', { retryAfterMs: 100 });

describe('CallRoster', () => {
  it('tells when the last inference call has left, and counts no others', () => {
    let quiet = 0;
    const roster = new CallRoster(() => {
      quiet += 1;
    });
    const calls = [call('inference', false), call('inference', true)];
    const open = call('open', true);
    for (const one of [...calls, open]) roster.enter(one);
    expect(roster.inference).toBe(2);
    for (const one of calls) roster.leave(one);
    expect([roster.inference, quiet]).toEqual([0, 1]);
    roster.leave(open);
    expect(quiet).toBe(1);
  });

  it('abandons open streams and nothing else', () => {
    const roster = new CallRoster(() => undefined);
    const [watch, check, stream, gone] = [call('open', true), call('open', false), call('inference', true), call('open', true)] as const;
    for (const one of [watch, check, stream, gone]) roster.enter(one);
    roster.leave(gone);
    roster.abandonLasting(DRAINING);
    expect([watch, check, stream, gone].map(({ abandoned }) => abandoned.length)).toEqual([1, 0, 0, 0]);
  });

  it('abandons inference calls while they are idle, and tells when one becomes so', () => {
    let quiet = 0;
    const roster = new CallRoster(() => {
      quiet += 1;
    });
    const [idle, busy, gone, open] = [
      call('inference', true),
      call('inference', true),
      call('inference', true),
      call('open', true),
    ] as const;
    for (const one of [idle, busy, gone, open]) {
      roster.enter(one);
      roster.rest(one, true);
    }
    expect(quiet).toBe(3);
    roster.rest(busy, false);
    roster.leave(gone);
    roster.abandonIdle(DRAINING);
    expect([idle, busy, gone, open].map(({ abandoned }) => abandoned)).toEqual([[DRAINING], [], [], []]);
  });
});
