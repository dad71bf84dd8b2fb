import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../../src/error/serving-error.js';
import { DeadlineWheel } from '../../../../src/grpc/deadline-wheel.js';
import { HeaderMetadata } from '../../../../src/grpc/metadata.js';
import { Arrivals, type CallHeaders, isGrpc, routesOf } from '../../../../src/grpc/served/arrivals.js';
import { CallRoster } from '../../../../src/grpc/served/call-roster.js';
import { unary } from '../../../support/grpc-methods.js';
import { RecordingDoor, RecordingObserver, serviceOf } from '../../../support/grpc-server.js';
import { ManualClock } from '../../../support/manual-clock.js';

const SERVICE = serviceOf(unary('Echo', async (text) => text));
const PEER = { address: 'unix:', local: true };

function setUp() {
  const clock = new ManualClock();
  clock.advance(1000);
  const door = new RecordingDoor();
  const observer = new RecordingObserver();
  const roster = new CallRoster(() => undefined);
  const limits = { maxMessageBytes: 100, bodyTimeoutMs: 1000, answerTimeoutMs: 1000 };
  const host = { ...limits, clock, door, observer, roster, wheel: new DeadlineWheel(clock), onInternalError: () => undefined };
  const arrivals = new Arrivals(host, routesOf([SERVICE]));
  const admit = (headers: Partial<CallHeaders> = {}) =>
    arrivals.admit(
      { path: '/test.Test/Echo', encoding: undefined, timeout: undefined, metadata: new HeaderMetadata([]), ...headers },
      PEER,
    );
  return { admit, door, observer, roster };
}

describe('Arrivals', () => {
  it('let in what is well-formed and known, with its deadline', () => {
    const { admit, door, roster, observer } = setUp();
    const admitted = admit({ timeout: '2S', encoding: 'gzip' });
    expect(admitted).toMatchObject({ call: { path: '/test.Test/Echo', startedAt: 1000, deadline: 3000, peer: PEER } });
    expect([door.entered, roster.inference, observer.refusals]).toEqual([1, 1, []]);
  });

  it('give a call without a timeout no deadline', () => {
    expect(setUp().admit()).toMatchObject({ call: { deadline: Infinity } });
  });

  it.each([
    ['an unknown path', { path: '/test.Test/Other' }, 12, "unknown method '/test.Test/Other'", 'unknown'],
    ['an unknown encoding', { encoding: 'br' }, 12, "unknown grpc-encoding 'br'", '/test.Test/Echo'],
    ['an encoding named twice', { encoding: 'gzip, gzip' }, 12, "unknown grpc-encoding 'gzip, gzip'", '/test.Test/Echo'],
    ['a malformed timeout', { timeout: '1S, 2S' }, 3, "got '1S, 2S'", '/test.Test/Echo'],
    ['a timeout of nothing', { timeout: '0n' }, 4, 'deadline exceeded before the call came in', '/test.Test/Echo'],
  ])('turn away %s', (_what, headers, code, says, path) => {
    const { admit, door, roster, observer } = setUp();
    expect(admit(headers)).toMatchObject({ refusal: { code, message: expect.stringContaining(says) } });
    expect([door.entered, roster.inference, observer.refusals]).toEqual([0, 0, [{ path, status: code }]]);
  });

  it('turn away what the door refuses', () => {
    const { admit, door, roster, observer } = setUp();
    door.refusal = new ServingError('overloaded', 'full', { retryAfterMs: 5 });
    expect(admit()).toMatchObject({ refusal: { code: 8, message: 'full', pushbackMs: 5 } });
    expect([roster.inference, observer.refusals]).toEqual([0, [{ path: '/test.Test/Echo', status: 8 }]]);
  });
});

describe('routesOf', () => {
  it('throws where two services claim one path', () => {
    expect(() => routesOf([SERVICE, SERVICE])).toThrow('two services serve /test.Test/Echo');
  });
});

describe('isGrpc', () => {
  it.each([
    ['application/grpc', true],
    ['application/grpc+proto', true],
    ['Application/gRPC', true],
    ['application/grpc;charset=utf-8', true],
    ['application/grpc+proto;v=1', true],
    ['application/grpc+json', false],
    ['application/grpc-web', false],
    ['application/grpc, application/grpc', false],
    ['text/html', false],
    ['', false],
    [undefined, false],
  ])('takes %j: %s', (contentType, expected) => {
    expect(isGrpc(contentType)).toBe(expected);
  });
});
