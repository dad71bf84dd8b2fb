import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../../src/error/serving-error.js';
import type { Call } from '../../../../src/grpc/call.js';
import { DeadlineWheel } from '../../../../src/grpc/deadline-wheel.js';
import { FrontDoor } from '../../../../src/grpc/grpc-js/front-door.js';
import { Arrivals, routesOf } from '../../../../src/grpc/served/arrivals.js';
import { CallRoster } from '../../../../src/grpc/served/call-roster.js';
import { RawCall } from '../../../support/grpc-client.js';
import { type GrpcJsRig, grpcJsRig, RIG_MAX_MESSAGE_BYTES, RIG_PATH, RIG_PEER } from '../../../support/grpc-js-rig.js';
import { unary } from '../../../support/grpc-methods.js';
import { RecordingDoor, RecordingObserver, serviceOf, until } from '../../../support/grpc-server.js';
import { ManualClock } from '../../../support/manual-clock.js';

interface Rig extends GrpcJsRig {
  readonly door: RecordingDoor;
  /** Calls that a handler was given. */
  readonly handled: Call[];
  /** What grpc-js was shown of each. */
  readonly delivered: IncomingHttpHeaders[];
}

async function open(before: (stream: ServerHttp2Stream) => void = () => undefined): Promise<Rig> {
  const clock = new ManualClock();
  const door = new RecordingDoor();
  const handled: Call[] = [];
  const delivered: IncomingHttpHeaders[] = [];
  const echo = unary('Fake', async (text, call) => {
    handled.push(call);
    return text;
  });
  const limits = { maxMessageBytes: RIG_MAX_MESSAGE_BYTES, bodyTimeoutMs: 1000, answerTimeoutMs: 1000 };
  const parts = { clock, door, observer: new RecordingObserver(), wheel: new DeadlineWheel(clock), onInternalError: () => undefined };
  const arrivals = new Arrivals({ ...limits, ...parts, roster: new CallRoster(() => undefined) }, routesOf([serviceOf(echo)]));
  const rig = await grpcJsRig((transport, stream, headers, rawHeaders) => {
    const frontDoor = new FrontDoor(arrivals, (carrier, delivering, bare) => {
      delivered.push(bare);
      transport.deliver(carrier, delivering, bare);
    });
    before(stream);
    frontDoor.onStream(stream, headers, rawHeaders, RIG_PEER);
  });
  return { ...rig, door, handled, delivered };
}

describe('FrontDoor', () => {
  it('shows grpc-js what it needs to frame a call, and the call all that came', async () => {
    await using it = await open();
    const headers = { 'grpc-timeout': '4000000S', 'x-mine': 'a' };
    expect(await it.client.call(RIG_PATH, 'hello', headers)).toMatchObject({ status: 0, messages: [Buffer.from('hello')] });
    expect(it.delivered.map((shown) => ({ ...shown }))).toEqual([{ ':path': RIG_PATH, 'content-type': 'application/grpc' }]);
    expect(it.handled).toMatchObject([{ peer: RIG_PEER, deadline: 4_000_000_000 }]);
    expect(it.handled[0]?.metadata.get('x-mine')).toBe('a');
    await until(() => it.door.left === 1);
  });

  it('leaves decompression to grpc-js', async () => {
    await using it = await open();
    expect(await it.client.call(RIG_PATH, 'as it is', { 'grpc-encoding': 'gzip' })).toMatchObject({ status: 0 });
    expect(it.delivered).toMatchObject([{ 'grpc-encoding': 'gzip' }]);
  });

  it.each([
    ['is no gRPC', { 'content-type': 'application/json' }, '415'],
    ['has no content type that it knows', { 'content-type': '' }, '415'],
    ['is no POST', { ':method': 'PUT' }, '405'],
  ])('answers what %s with a status of HTTP', async (_, headers, status) => {
    await using it = await open();
    const { answer } = new RawCall(it.client.session, RIG_PATH, headers, true);
    expect(String((await answer).headers[':status'])).toBe(status);
    expect([it.door.entered, it.delivered.length]).toEqual([0, 0]);
  });

  it('turns away, on the headers alone, what is unknown', async () => {
    await using it = await open();
    const { answer } = it.client.open('/test.Test/Other');
    expect(await answer).toMatchObject({ status: 12, text: "unknown method '/test.Test/Other'", headers: { 'grpc-status': '12' } });
    expect(it.delivered).toEqual([]);
  });

  it('turns away, on the headers alone, what the door refuses', async () => {
    await using it = await open();
    it.door.refusal = new ServingError('overloaded', 'full', { retryAfterMs: 7 });
    const { answer } = it.client.open(RIG_PATH);
    expect(await answer).toMatchObject({ status: 8, text: 'full', headers: { 'grpc-retry-pushback-ms': '7' } });
    expect(it.delivered).toEqual([]);
  });

  it('lets nobody in for a stream that is gone already', async () => {
    await using it = await open((stream) => stream.close());
    await it.client.open(RIG_PATH).answer;
    expect([it.door.entered, it.delivered.length]).toEqual([0, 0]);
  });

  it('survives a client that goes away while it is turned away', async () => {
    await using it = await open();
    it.door.refusal = new ServingError('overloaded', 'full', { retryAfterMs: 0 });
    for (let count = 0; count < 20; count += 1) {
      const { stream, answer } = it.client.open(RIG_PATH);
      stream.close();
      await answer;
    }
    it.door.refusal = undefined;
    expect(await it.client.call(RIG_PATH, 'still there')).toMatchObject({ status: 0 });
  });
});
