import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { Connection } from '../../../src/http2/connection.js';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import { MAX_STREAM_ID } from '../../../src/http2/frame.js';
import { SETTING } from '../../../src/http2/settings.js';
import {
  dataFrame,
  FRAME_TYPE,
  framesOf,
  headersFrame,
  pingAckFrame,
  pingFrame,
  prefaceAndSettings,
  readGoaway,
  requestFields,
  settingsAckFrame,
  windowUpdateFrame,
} from '../../support/h2-frames.js';
import { GENEROUS_LIMITS, H2Rig, OK_HEADERS } from '../../support/h2-rig.js';
import { ManualClock } from '../../support/manual-clock.js';

const NOTHING = new Uint8Array(0);
const FAREWELL = pingAckFrame(Buffer.from('goodbye!'));
const open = (streamId: number) => headersFrame(streamId, requestFields());
const whole = (streamId: number) => headersFrame(streamId, requestFields(), { endStream: true });

/** Last stream and code of each GOAWAY since the last time. */
async function goaways(rig: H2Rig): Promise<number[][]> {
  const frames = (await rig.sent()).filter(({ type }) => type === FRAME_TYPE.goaway);
  return frames.map((frame) => [readGoaway(frame).lastStreamId, readGoaway(frame).code]);
}

describe('Connection', () => {
  it('greets with its settings, acknowledges those of the peer and opens its window', async () => {
    const rig = new H2Rig({ connectionWindowBytes: 100_000, maxConcurrentStreams: 7, streamWindowBytes: 80_000, maxHeaderListBytes: 9000 });
    const [settings, update] = await rig.sent();
    const entries = [0, 6, 12].map((at) => [settings?.payload.readUInt16BE(at), settings?.payload.readUInt32BE(at + 2)]);
    expect(entries).toEqual([
      [SETTING.MAX_CONCURRENT_STREAMS, 7],
      [SETTING.INITIAL_WINDOW_SIZE, 80_000],
      [SETTING.MAX_HEADER_LIST_SIZE, 9000],
    ]);
    expect([update?.type, update?.payload.readUInt32BE()]).toEqual([FRAME_TYPE.windowUpdate, 100_000 - 65_535]);
    rig.receive(prefaceAndSettings());
    expect(await rig.sent()).toMatchObject([{ type: FRAME_TYPE.settings, flags: 1 }]);
    expect(rig.connection.isLeaving).toBe(false);
  });

  it('writes what one turn brings at once', async () => {
    const rig = await H2Rig.greeted();
    rig.handle = ({ stream }) => {
      stream.respond(OK_HEADERS);
      stream.send(Buffer.from('head'), Buffer.from('body'));
      stream.end(OK_HEADERS);
    };
    const before = rig.socket.writes;
    rig.receive(whole(1), whole(3), pingFrame());
    expect((await rig.sent()).map(({ streamId }) => streamId)).toEqual([1, 1, 1, 3, 3, 3, 0]);
    expect(rig.socket.writes - before).toBe(1);
  });
});

describe('Connection that retires', () => {
  it('still takes what is on its way, then names the last stream, and closes behind it', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(whole(1));
    rig.connection.retire();
    rig.connection.retire();
    const sent = await rig.sent();
    expect(sent.map(({ type }) => type)).toEqual([FRAME_TYPE.goaway, FRAME_TYPE.ping]);
    expect(sent.slice(0, 1).map(readGoaway)).toMatchObject([{ lastStreamId: MAX_STREAM_ID, code: ERROR_CODE.NO_ERROR }]);
    rig.receive(whole(3));
    expect([rig.requests.length, rig.leaving, rig.connection.isLeaving]).toEqual([2, 0, false]);
    rig.receive(FAREWELL, FAREWELL);
    expect(await goaways(rig)).toEqual([[3, ERROR_CODE.NO_ERROR]]);
    expect([rig.leaving, rig.connection.isLeaving]).toEqual([1, true]);
    rig.receive(open(5), dataFrame(5, Buffer.from('ignored'), true), pingFrame());
    expect((await rig.sent()).map(({ type }) => type)).toEqual([FRAME_TYPE.ping]);
    rig.request(0).stream.respond(OK_HEADERS, true);
    expect(rig.socket.isEnded).toBe(false);
    rig.request(1).stream.respond(OK_HEADERS, true);
    expect([rig.socket.isEnded, rig.requests.length]).toEqual([true, 2]);
    expect(framesOf(rig.socket.take()).map(({ streamId }) => streamId)).toEqual([1, 3]);
    rig.socket.destroy();
    expect([rig.closed, rig.requests.map(({ resets }) => resets)]).toEqual([1, [[], []]]);
  });

  it('closes at once where there is no stream', async () => {
    const rig = await H2Rig.greeted();
    rig.connection.retire();
    rig.receive(FAREWELL);
    expect([rig.socket.isEnded, rig.leaving]).toEqual([true, 1]);
  });

  it('waits for a peer that does not answer only so long, and for its socket as well', async () => {
    const rig = await H2Rig.greeted({ leaveTimeoutMs: 1000 });
    rig.connection.retire();
    rig.clock.advance(999);
    rig.connection.tick();
    expect(rig.leaving).toBe(0);
    rig.clock.advance(1);
    rig.connection.tick();
    expect([rig.leaving, rig.socket.isEnded, rig.closed]).toEqual([1, true, 0]);
    rig.clock.advance(1000);
    rig.connection.tick();
    expect([rig.socket.isDestroyed, rig.closed]).toEqual([true, 1]);
    rig.connection.tick();
    rig.connection.retire();
    rig.connection.maxConcurrentStreams = 5;
    expect([rig.closed, rig.leaving]).toEqual([1, 1]);
  });

  it('takes an answer to another PING for nothing', async () => {
    const rig = await H2Rig.greeted();
    rig.connection.retire();
    rig.receive(pingAckFrame(Buffer.from('hello??!')));
    expect(rig.leaving).toBe(0);
  });

  it('names no higher stream when it fails thereafter', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(open(1));
    rig.connection.retire();
    rig.receive(FAREWELL);
    await rig.sent();
    rig.receive(open(7), dataFrame(0, Buffer.alloc(0), false));
    expect(await goaways(rig)).toEqual([[1, ERROR_CODE.PROTOCOL_ERROR]]);
    expect(rig.request().resets).toEqual([ERROR_CODE.CANCEL]);
  });

  it.each([
    ['is idle', { idleMs: 1000 }],
    ['is old', { maxAgeMs: 1000 }],
  ])('does so when it %s', async (_what, limits) => {
    const rig = await H2Rig.greeted(limits);
    rig.receive(settingsAckFrame());
    rig.connection.tick();
    rig.clock.advance(1000);
    rig.connection.tick();
    expect(await goaways(rig)).toEqual([[MAX_STREAM_ID, ERROR_CODE.NO_ERROR]]);
  });
});

describe('Connection over time', () => {
  it('asks a silent peer, and drops one that says nothing', async () => {
    const rig = await H2Rig.greeted({ keepaliveMs: 1000, keepaliveTimeoutMs: 500 });
    rig.receive(settingsAckFrame(), open(1));
    rig.connection.tick();
    rig.clock.advance(1000);
    rig.connection.tick();
    expect(await rig.sent()).toMatchObject([{ type: FRAME_TYPE.ping, flags: 0 }]);
    rig.clock.advance(500);
    rig.connection.tick();
    expect([rig.closed, rig.request().resets, rig.socket.isDestroyed]).toEqual([1, [ERROR_CODE.CANCEL], true]);
  });

  it('drops a peer that does not begin', () => {
    const rig = new H2Rig({ prefaceTimeoutMs: 1000 });
    rig.receive(prefaceAndSettings().subarray(0, 24));
    rig.clock.advance(1000);
    rig.connection.tick();
    expect([rig.closed, rig.socket.isDestroyed]).toEqual([1, true]);
  });

  it('ends a connection whose peer does not acknowledge settings', async () => {
    const rig = await H2Rig.greeted({ settingsTimeoutMs: 1000 });
    rig.clock.advance(1000);
    rig.connection.tick();
    expect((await rig.failure())?.code).toBe(ERROR_CODE.SETTINGS_TIMEOUT);
  });

  it('counts settings that change the limit as well', async () => {
    const rig = await H2Rig.greeted({ settingsTimeoutMs: 1000 });
    rig.receive(settingsAckFrame());
    rig.clock.advance(1000);
    rig.connection.maxConcurrentStreams = 5;
    rig.clock.advance(999);
    rig.connection.tick();
    expect(await rig.failure()).toBeUndefined();
    rig.clock.advance(1);
    rig.connection.tick();
    expect((await rig.failure())?.code).toBe(ERROR_CODE.SETTINGS_TIMEOUT);
  });
});

describe('Connection whose peer does not read', () => {
  async function stuckRig(): Promise<H2Rig> {
    const rig = await H2Rig.greeted({ frameTimeoutMs: 1000, keepaliveMs: 5000 });
    rig.receive(settingsAckFrame(), windowUpdateFrame(0, 10_000_000), open(1), windowUpdateFrame(1, 10_000_000));
    rig.socket.isHeld = true;
    rig.request().stream.send(NOTHING, Buffer.alloc(100_000));
    rig.request().stream.send(NOTHING, Buffer.alloc(100_000));
    await rig.sent();
    return rig;
  }

  it('reads nothing until it does, and goes on then', async () => {
    const rig = await stuckRig();
    expect(rig.socket.isPaused).toBe(false);
    rig.receive(pingFrame());
    expect([rig.socket.isPaused, rig.request().stream.isBacklogged]).toEqual([true, true]);
    for (let turn = 0; turn < 10; turn++) {
      await rig.sent();
      rig.socket.drain();
    }
    expect([rig.socket.isPaused, rig.request().stream.isBacklogged, rig.request().drains]).toEqual([false, false, 1]);
  });

  it('holds no more for its answers than their limit, however much it asks', async () => {
    const rig = await stuckRig();
    rig.receive(...Array.from({ length: 500 }, () => pingFrame()));
    await rig.sent();
    expect(rig.socket.isPaused).toBe(true);
    expect(rig.socket.writableLength).toBeLessThan(64 * 1024 + 100_000 + 500 * 17);
  });

  it('is not late with what is not read', async () => {
    const rig = await stuckRig();
    rig.receive(pingFrame(), pingFrame().subarray(0, 5));
    rig.connection.tick();
    rig.clock.advance(4000);
    rig.connection.tick();
    expect([rig.closed, rig.socket.isEnded]).toEqual([0, false]);
  });

  it('is closed all the same, and reads on to throw away what comes', async () => {
    const rig = await stuckRig();
    rig.receive(pingFrame());
    rig.connection.retire();
    rig.connection.onOverdue(ERROR_CODE.ENHANCE_YOUR_CALM, 'late');
    expect([rig.socket.isPaused, rig.socket.isEnded, rig.request().resets]).toEqual([false, true, [ERROR_CODE.CANCEL]]);
    rig.receive(open(3));
    expect(rig.requests).toHaveLength(1);
  });
});

describe('Connection that is destroyed', () => {
  it('tells everybody, once, and sends nothing more', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(open(1), whole(3), open(5));
    rig.request(1).stream.respond(OK_HEADERS, true);
    await rig.sent();
    rig.connection.destroy();
    rig.connection.destroy();
    rig.socket.emit('error', new Error('late'));
    expect([rig.closed, rig.socket.isDestroyed, rig.connection.openStreams, rig.connection.isLeaving]).toEqual([1, true, 0, true]);
    expect(rig.requests.map(({ resets }) => resets)).toEqual([[ERROR_CODE.CANCEL], [], [ERROR_CODE.CANCEL]]);
    rig.receive(open(7));
    expect([await rig.sent(), rig.requests.length]).toEqual([[], 3]);
  });

  it('may be so while it reads, and reads no further', async () => {
    const rig = await H2Rig.greeted();
    rig.handle = () => rig.connection.destroy();
    rig.receive(whole(1), open(3), pingFrame());
    expect([rig.requests.map(({ resets, ends }) => [resets, ends]), rig.closed, await rig.sent()]).toEqual([
      [[[ERROR_CODE.CANCEL], 0]],
      1,
      [],
    ]);
  });

  it('ends the other streams of which one listener resets the next', async () => {
    const rig = await H2Rig.greeted();
    rig.receive(open(1), open(3));
    const [first, second] = [rig.request(0), rig.request(1)];
    first.onReset = () => second.stream.reset(ERROR_CODE.CANCEL);
    rig.connection.destroy();
    expect([second.resets, rig.closed, rig.connection.openStreams]).toEqual([[], 1, 0]);
  });

  it('lets nothing out that nobody expected, and names it', async () => {
    const rig = await H2Rig.greeted();
    const error = new Error('a mistake of ours');
    rig.onLeaving = () => {
      throw error;
    };
    rig.receive(open(1));
    rig.connection.retire();
    await rig.sent();
    rig.receive(FAREWELL);
    expect(await goaways(rig)).toEqual([
      [1, ERROR_CODE.NO_ERROR],
      [1, ERROR_CODE.INTERNAL_ERROR],
    ]);
    expect([rig.errors, rig.request().resets, rig.socket.isEnded]).toEqual([[error], [ERROR_CODE.CANCEL], true]);
  });
});

describe('Connection over a real socket', () => {
  it('says why it ends before it closes, whatever still comes', async () => {
    await using pair = await socketPair();
    let closed = 0;
    const events = {
      onRequest: () => undefined,
      onOversizedRequest: () => undefined,
      onLeaving: () => undefined,
      onClosed: () => (closed += 1),
    };
    const connection = new Connection(pair.server, GENEROUS_LIMITS, events, new ManualClock());
    const gone = once(pair.server, 'close');
    const received: Buffer[] = [];
    pair.client.on('data', (chunk: Buffer) => received.push(chunk));
    pair.client.write(Buffer.concat([prefaceAndSettings(), dataFrame(0, Buffer.alloc(0), false), Buffer.alloc(500_000)]));
    await once(pair.client, 'end');
    expect(framesOf(Buffer.concat(received)).at(-1)?.type).toBe(FRAME_TYPE.goaway);
    pair.client.end();
    await gone;
    expect([closed, connection.isLeaving]).toEqual([1, true]);
  });

  it('sends and takes large messages in both directions at once, in their order', async () => {
    await using pair = await socketPair();
    const text = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    let got = Buffer.alloc(0);
    const events = { onOversizedRequest: () => undefined, onLeaving: () => undefined, onClosed: () => undefined };
    const echo = new Connection(
      pair.server,
      GENEROUS_LIMITS,
      {
        ...events,
        onRequest: (stream) => {
          stream.respond(OK_HEADERS);
          stream.listener = {
            onData: (bytes, start, end) => {
              stream.send(NOTHING, Buffer.from(bytes.subarray(start, end)));
              stream.consume(end - start);
            },
            onEnd: () => stream.end([]),
            onReset: () => undefined,
            onDrain: () => undefined,
          };
        },
      },
      new ManualClock(),
    );
    const window = 2 ** 30;
    pair.client.write(Buffer.concat([prefaceAndSettings(), open(1), windowUpdateFrame(0, window), windowUpdateFrame(1, window)]));
    let left = 65_535;
    let at = 0;
    let rest: Buffer = Buffer.alloc(0);
    const send = () => {
      while (at < text.length && left > 0) {
        const length = Math.min(16_384, left, text.length - at);
        pair.client.write(dataFrame(1, text.subarray(at, at + length), at + length === text.length));
        at += length;
        left -= length;
      }
    };
    send();
    await new Promise<void>((resolve) => {
      pair.client.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        for (const { type, flags, streamId, payload } of framesOf(rest)) {
          rest = rest.subarray(9 + payload.length);
          if (type === FRAME_TYPE.data) got = Buffer.concat([got, payload]);
          if (type === FRAME_TYPE.windowUpdate && streamId === 1) left += payload.readUInt32BE();
          if (type === FRAME_TYPE.data && (flags & 1) === 1) resolve();
        }
        send();
      });
    });
    expect(got.equals(text)).toBe(true);
    expect(echo.openStreams).toBe(0);
    echo.destroy();
  });
});

interface SocketPair extends AsyncDisposable {
  readonly client: Socket;
  readonly server: Socket;
}

async function socketPair(): Promise<SocketPair> {
  const listener = createServer();
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const accepted = once(listener, 'connection') as Promise<[Socket]>;
  const client = connect({ port, host: '127.0.0.1' });
  client.on('error', () => undefined);
  const [server] = await accepted;
  return {
    client,
    server,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      server.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
