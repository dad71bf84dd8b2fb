import { describe, expect, it } from '@jest/globals';
import { connectionLimits } from '../../../src/grpc/native/transport-limits.js';
import { DEFAULT_GRPC_SERVER_OPTIONS } from '../../../src/grpc/server-options.js';
import { FAREWELL_PING } from '../../../src/http2/control-frames.js';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import { SETTING } from '../../../src/http2/settings.js';
import type { StreamListener } from '../../../src/http2/stream.js';
import {
  dataFrame,
  endsStream,
  FRAME_TYPE,
  headersFrame,
  pingAckFrame,
  pingFrame,
  requestFields,
  resetFrame,
  settingsAckFrame,
  windowUpdateFrame,
} from '../../support/h2-frames.js';
import { H2Rig, OK_HEADERS, type SeenRequest } from '../../support/h2-rig.js';

const NOTHING = new Uint8Array(0);
const open = (streamId: number) => headersFrame(streamId, requestFields());
const whole = (streamId: number) => headersFrame(streamId, requestFields(), { endStream: true });

/** As node:net tells it: 'close' follows 'error'. */
function failed(rig: H2Rig): void {
  rig.socket.emit('error', new Error('reset'));
  rig.socket.emit('close');
}

describe('StreamTable', () => {
  it('announces a request with what it says, and its end', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(headersFrame(1, [...requestFields('/path'), ['a', 'b']]), whole(7));
    expect(rig.request(0).head).toMatchObject({
      method: 'POST',
      scheme: 'http',
      path: '/path',
      authority: 'localhost',
      fields: [{ name: 'a', value: 'b' }],
    });
    expect(rig.requests.map(({ ends }) => ends)).toEqual([0, 1]);
    expect(rig.connection.openStreams).toBe(2);
  });

  it('closes a stream that both sides have ended, in either order', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(whole(1));
    rig.request(0).stream.respond(OK_HEADERS, true);
    expect([rig.request(0).stream.isOver, rig.connection.openStreams]).toEqual([true, 0]);
    rig.receive(open(3));
    rig.request(1).stream.respond(OK_HEADERS);
    rig.receive(headersFrame(3, [['a', 'b']], { endStream: true }));
    rig.request(1).stream.end([]);
    expect([rig.request(1).ends, rig.connection.openStreams]).toEqual([1, 0]);
    expect((await rig.sent()).filter(endsStream).map(({ streamId }) => streamId)).toEqual([1, 3]);
  });

  it('tells a peer that still sends its request that nobody listens', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(open(1));
    rig.request().stream.respond(OK_HEADERS, true);
    rig.receive(dataFrame(1, Buffer.from('late'), true), pingFrame());
    const sent = await rig.sent();
    expect(sent.map(({ type }) => type)).toEqual([FRAME_TYPE.headers, FRAME_TYPE.reset, FRAME_TYPE.ping]);
    expect([sent[1]?.payload.readUInt32BE(), rig.request().body, rig.request().resets]).toEqual([ERROR_CODE.NO_ERROR, '', []]);
  });

  it('announces a request over the limit of headers, which can be answered', async () => {
    const rig = await H2Rig.greeted({ maxHeaderListBytes: 1000 });
    rig.handle = ({ stream }) => stream.respond(OK_HEADERS, true);
    rig.receive(headersFrame(1, [...requestFields(), ['a', 'v'.repeat(1000)]], { endStream: true }), whole(3));
    expect(rig.requests.map(({ head, ends }) => [head?.method, ends])).toEqual([
      [undefined, 0],
      ['POST', 0],
    ]);
    expect((await rig.sent()).filter(endsStream)).toHaveLength(2);
  });

  it('refuses a stream over the limit, and takes the next once one is over', async () => {
    const rig = await H2Rig.greeted({ maxConcurrentStreams: 2 });
    rig.receive(whole(1), whole(3), open(5), dataFrame(5, Buffer.from('x'), true));
    expect(await rig.resets()).toEqual([[5, ERROR_CODE.REFUSED_STREAM]]);
    rig.request(0).stream.respond(OK_HEADERS, true);
    rig.receive(whole(7));
    expect(rig.requests.map(({ stream }) => stream.id)).toEqual([1, 3, 7]);
  });

  it('refuses a whole flight of a peer that has not heard of the limit, bodies and all, without an error', async () => {
    const rig = await H2Rig.greeted({ maxConcurrentStreams: 2 });
    const ids = Array.from({ length: 100 }, (_, index) => 2 * index + 1);
    rig.receive(...ids.map(open), ...ids.map((id) => dataFrame(id, Buffer.from('body'), true)));
    expect(await rig.resets()).toEqual(ids.slice(2).map((id) => [id, ERROR_CODE.REFUSED_STREAM]));
    expect(rig.requests.map(({ body, ends, resets }) => [body, ends, resets])).toEqual([
      ['body', 1, []],
      ['body', 1, []],
    ]);
  });

  it('enforces a lower limit once it is acknowledged, and leaves the streams that there are', async () => {
    const rig = await H2Rig.greeted({ maxConcurrentStreams: 3 });
    rig.receive(settingsAckFrame(), open(1), open(3));
    rig.connection.maxConcurrentStreams = 1;
    const [settings] = (await rig.sent()).filter(({ type }) => type === FRAME_TYPE.settings);
    expect([settings?.payload.readUInt16BE(0), settings?.payload.readUInt32BE(2)]).toEqual([SETTING.MAX_CONCURRENT_STREAMS, 1]);
    rig.receive(open(5));
    expect(await rig.resets()).toEqual([]);
    rig.receive(resetFrame(5, 8), settingsAckFrame(), open(7));
    expect(await rig.resets()).toEqual([[7, ERROR_CODE.REFUSED_STREAM]]);
    expect(rig.requests.map(({ stream, resets }) => [stream.id, resets])).toEqual([
      [1, []],
      [3, []],
      [5, [8]],
    ]);
    rig.connection.maxConcurrentStreams = 3;
    // Whoever has heard of it may use it before its acknowledgement is here.
    rig.receive(open(9));
    expect(await rig.resets()).toEqual([]);
  });

  it('says nothing where the limit stays', async () => {
    const rig = await H2Rig.greeted({ maxConcurrentStreams: 3 });
    rig.connection.maxConcurrentStreams = 3;
    expect(await rig.sent()).toEqual([]);
  });

  it.each<readonly [string, (rig: H2Rig, request: SeenRequest) => void, readonly number[]]>([
    ['the peer resets it', (rig) => rig.receive(resetFrame(1, 7)), [7]],
    ['the peer breaks its rules', (rig) => rig.receive(windowUpdateFrame(1, 0)), [ERROR_CODE.PROTOCOL_ERROR]],
    ['the connection fails', (rig) => rig.receive(dataFrame(0, Buffer.alloc(0), true)), [ERROR_CODE.CANCEL]],
    ['the connection is destroyed', (rig) => rig.connection.destroy(), [ERROR_CODE.CANCEL]],
    ['the socket closes', (rig) => rig.socket.destroy(), [ERROR_CODE.CANCEL]],
    ['the socket fails', failed, [ERROR_CODE.CANCEL]],
    ['the peer ends its side', (rig) => rig.socket.emit('end'), [ERROR_CODE.CANCEL]],
    ['it is reset by its listener', (_rig, { stream }) => stream.reset(ERROR_CODE.CANCEL), []],
    ['it is answered', (_rig, { stream }) => stream.respond(OK_HEADERS, true), []],
  ])('tells a listener exactly once when %s, and sends nothing more', async (_what, end, told) => {
    const rig = await H2Rig.greeted();
    rig.receive(open(1));
    const request = rig.request();
    end(rig, request);
    await rig.sent();
    expect([request.stream.isOver, request.resets]).toEqual([true, told]);
    request.stream.respond(OK_HEADERS);
    request.stream.send(NOTHING, Buffer.from('late'));
    request.stream.end(OK_HEADERS);
    request.stream.reset(ERROR_CODE.CANCEL);
    request.stream.consume(5);
    request.stream.expect(5);
    rig.receive(resetFrame(1, 9));
    expect(await rig.sent()).toEqual([]);
    rig.connection.destroy();
    rig.connection.destroy();
    expect([request.resets, request.ends, request.drains, rig.closed]).toEqual([told, 0, 0, 1]);
  });

  it('sends nothing behind trailers that wait', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(whole(1));
    const { stream } = rig.request();
    stream.send(NOTHING, Buffer.alloc(65_536));
    stream.end(OK_HEADERS);
    stream.send(NOTHING, Buffer.from('late'));
    stream.respond(OK_HEADERS);
    stream.end(OK_HEADERS);
    await rig.sent();
    rig.receive(windowUpdateFrame(0, 100), windowUpdateFrame(1, 100));
    expect((await rig.sent()).map(({ type, payload }) => [type, payload.length])).toEqual([
      [FRAME_TYPE.data, 1],
      [FRAME_TYPE.headers, 1],
    ]);
  });

  it('remembers some of the streams that it reset, and forgets the oldest', async () => {
    const rig = await H2Rig.greeted({ maxConcurrentStreams: 2 });
    rig.handle = ({ stream }) => stream.reset(ERROR_CODE.CANCEL);
    for (let index = 0; index <= 512; index++) rig.receive(open(2 * index + 1));
    rig.receive(dataFrame(2 * 257 + 1, Buffer.from('late'), true), pingFrame());
    expect((await rig.sent()).at(-1)?.type).toBe(FRAME_TYPE.ping);
    rig.receive(dataFrame(1, Buffer.from('late'), true));
    expect((await rig.failure())?.code).toBe(ERROR_CODE.STREAM_CLOSED);
  });
});

describe('StreamTable, of windows below the default', () => {
  const bytes = (length: number) => Buffer.alloc(length, 'x');

  it('lets a peer that has not heard of them go by the default', async () => {
    const rig = await H2Rig.greeted({ streamWindowBytes: 100 });
    rig.receive(open(1), dataFrame(1, bytes(16_000), false), dataFrame(1, bytes(16_000), false), open(3));
    rig.request(1).consumes = false;
    rig.receive(dataFrame(3, bytes(1000), false));
    // It has now, and takes what is gone from what is left.
    rig.receive(settingsAckFrame(), settingsAckFrame(), dataFrame(3, bytes(0), false), dataFrame(3, bytes(1), false));
    expect(await rig.resets()).toEqual([[3, ERROR_CODE.FLOW_CONTROL_ERROR]]);
    expect(rig.requests.map(({ stream }) => stream.receiveWindow + stream.unannounced)).toEqual([100, 100 - 1000]);
    rig.receive(open(5), dataFrame(5, bytes(101), false));
    expect(await rig.resets()).toEqual([[5, ERROR_CODE.FLOW_CONTROL_ERROR]]);
  });

  it('gives a stream that is below nothing its window once what it sent is taken', async () => {
    const rig = await H2Rig.greeted({ streamWindowBytes: 100 });
    rig.receive(open(1));
    rig.request().consumes = false;
    rig.receive(dataFrame(1, bytes(1000), false), settingsAckFrame());
    rig.request().stream.consume(900);
    rig.request().stream.consume(100);
    rig.receive(dataFrame(1, bytes(100), true));
    expect([await rig.resets(), rig.request().bytes, rig.request().ends]).toEqual([[], 1100, 1]);
  });
});

describe('StreamTable, of HEADERS that nobody takes', () => {
  const limits = connectionLimits({ ...DEFAULT_GRPC_SERVER_OPTIONS, listen: [] });
  const { maxConcurrentStreams, controlFrames } = limits;

  /** A connection that has sent its last GOAWAY, and has a call to wait for. */
  async function goneAway(): Promise<H2Rig> {
    const rig = await H2Rig.greeted(limits);
    rig.receive(open(1));
    rig.connection.retire();
    rig.receive(pingAckFrame(FAREWELL_PING));
    await rig.sent();
    return rig;
  }

  it('lets a client that has its pipe full of requests when it is sent away go in peace', async () => {
    const rig = await goneAway();
    for (let id = 3; id <= 8 * maxConcurrentStreams; id += 2)
      rig.receive(open(id), dataFrame(id, Buffer.alloc(3000), false), dataFrame(id, Buffer.alloc(0), true));
    expect([rig.leaving, rig.requests.length, await rig.sent().then((sent) => sent.map(({ type }) => type))]).toEqual([
      1,
      1,
      expect.not.arrayContaining([FRAME_TYPE.goaway]),
    ]);
    rig.request().stream.respond(OK_HEADERS, true);
    expect((await rig.sent()).filter(endsStream)).toHaveLength(1);
  });

  it.each<readonly [string, () => Promise<H2Rig>, (index: number) => Buffer]>([
    ['behind the last GOAWAY', goneAway, (index) => whole(2 * index + 3)],
    [
      'on a stream that was reset',
      async () => {
        const rig = await H2Rig.greeted(limits);
        rig.handle = ({ stream }) => stream.reset(ERROR_CODE.CANCEL);
        rig.receive(open(1));
        return rig;
      },
      () => whole(1),
    ],
    [
      'on a stream that was refused',
      async () => {
        const rig = await H2Rig.greeted({ ...limits, maxConcurrentStreams: 0 });
        rig.receive(open(1));
        return rig;
      },
      () => whole(1),
    ],
  ])('ends a connection that sends too many %s', async (_what, start, frame) => {
    const rig = await start();
    await rig.sent();
    for (let index = 0; index < controlFrames.burst - 10; index++) rig.receive(frame(index));
    expect(await rig.failure()).toBeUndefined();
    for (let index = controlFrames.burst - 10; index < controlFrames.burst + 10; index++) rig.receive(frame(index));
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
  });
});

describe('StreamTable with a listener that throws', () => {
  const error = new Error('a mistake');
  const fail = () => {
    throw error;
  };
  const deaf: StreamListener = { onData: () => undefined, onEnd: () => undefined, onReset: () => undefined, onDrain: () => undefined };

  it.each<readonly [string, Partial<StreamListener>, readonly Buffer[]]>([
    ['onData', { onData: fail }, [open(1), dataFrame(1, Buffer.from('a'), false)]],
    ['onEnd behind DATA', { onEnd: fail }, [open(1), dataFrame(1, Buffer.from('a'), true)]],
    ['onEnd behind HEADERS', { onEnd: fail }, [whole(1)]],
    ['onEnd behind trailers', { onEnd: fail }, [open(1), headersFrame(1, [['a', 'b']], { endStream: true })]],
    ['onData and onReset', { onData: fail, onReset: fail }, [open(1), dataFrame(1, Buffer.from('a'), true)]],
  ])('resets its stream alone: %s', async (_what, listener, frames) => {
    const rig = await H2Rig.greeted();
    const codes: number[] = [];
    rig.handle = ({ stream }) => {
      if (stream.id === 1) stream.listener = { ...deaf, onReset: (code) => codes.push(code), ...listener };
    };
    rig.receive(...frames, open(3), dataFrame(3, Buffer.from('b'), true));
    expect(await rig.resets()).toEqual([[1, ERROR_CODE.INTERNAL_ERROR]]);
    expect(rig.errors).toEqual('onReset' in listener ? [error, error] : [error]);
    expect(codes).toEqual('onReset' in listener ? [] : [ERROR_CODE.INTERNAL_ERROR]);
    expect([rig.request(1).body, rig.request(1).ends, rig.connection.openStreams]).toEqual(['b', 1, 1]);
  });

  it('resets the stream of a request that nobody could take', async () => {
    const rig = await H2Rig.greeted();
    rig.handle = ({ stream }) => stream.id === 1 && fail();
    rig.receive(whole(1), open(3));
    expect([await rig.resets(), rig.errors]).toEqual([[[1, ERROR_CODE.INTERNAL_ERROR]], [error]]);
    expect(rig.requests.map(({ ends, resets }) => [ends, resets])).toEqual([
      [0, [ERROR_CODE.INTERNAL_ERROR]],
      [0, []],
    ]);
  });

  it('goes on when it threw as its stream was over', async () => {
    const rig = await H2Rig.greeted();
    rig.handle = ({ stream }) => {
      stream.listener = { ...deaf, onReset: fail };
    };
    rig.receive(open(1), resetFrame(1, 8), open(3), windowUpdateFrame(3, 0), open(5), open(7));
    expect([await rig.resets(), rig.errors]).toEqual([[[3, ERROR_CODE.PROTOCOL_ERROR]], [error, error]]);
    rig.connection.destroy();
    expect([rig.errors.length, rig.closed, rig.connection.openStreams]).toEqual([4, 1, 0]);
  });

  it('goes on when it threw as there was room, in a turn of nobody', async () => {
    const rig = await H2Rig.greeted();
    rig.socket.isHeld = true;
    rig.receive(open(1), open(3), windowUpdateFrame(0, 1_000_000), windowUpdateFrame(1, 100_000), windowUpdateFrame(3, 100_000));
    rig.request(0).stream.listener = { ...deaf, onDrain: fail };
    // The first is written at once; what comes behind it has to wait.
    for (const { stream } of [...rig.requests, ...rig.requests]) stream.send(NOTHING, Buffer.alloc(80_000));
    for (let turn = 0; turn < 20; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      rig.socket.drain();
    }
    expect([await rig.resets(), rig.errors, rig.request(1).drains]).toEqual([[[1, ERROR_CODE.INTERNAL_ERROR]], [error], 1]);
  });
});
