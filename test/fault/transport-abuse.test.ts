import { describe, expect, it } from '@jest/globals';
import { connectionLimits } from '../../src/grpc/native/transport-limits.js';
import { DEFAULT_GRPC_SERVER_OPTIONS } from '../../src/grpc/server-options.js';
import { ERROR_CODE } from '../../src/http2/error-code.js';
import { SETTING } from '../../src/http2/settings.js';
import { AbuseRig, COLLECT, ECHO, HOLD, LARGE, ONE, STREAM, STUCK } from '../support/abuse-rig.js';
import { FramePeer } from '../support/frame-peer.js';
import { frame, RawClient } from '../support/grpc-client.js';
import { until } from '../support/grpc-server.js';
import {
  continuationFrame,
  dataFrame,
  FRAME_TYPE,
  frameOf,
  grpcHeadersFrame,
  headerBlock,
  headerBlockFrame,
  headersFrame,
  paddedDataFrame,
  pingFrame,
  prefaceAndSettings,
  priorityFrame,
  requestFields,
  resetFrame,
  settingsAckFrame,
  settingsFrame,
  windowUpdateFrame,
} from '../support/h2-frames.js';
import { H2Rig } from '../support/h2-rig.js';

const EMPTY = Buffer.alloc(0);
/** More than any allowance: none of them grows while the clock stands. */
const FLOOD = 5_100;
const RESETS = 1_100;

function times(count: number, bytes: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => bytes(index)));
}

function streamIds(count: number, from = 1): number[] {
  return Array.from({ length: count }, (_, index) => from + 2 * index);
}

function unaryRequest(streamId: number, path: string, message = 'hello'): Buffer {
  return Buffer.concat([grpcHeadersFrame(streamId, path), dataFrame(streamId, frame(message), true)]);
}

/** A literal that enters the table: RFC 7541 section 6.2.1. */
function tableEntry(value: string): Buffer {
  const length = Buffer.from([127, ((value.length - 127) & 0x7f) | 0x80, (value.length - 127) >> 7]);
  return Buffer.concat([Buffer.from([0x40, 1]), Buffer.from('x'), length, Buffer.from(value)]);
}

const TOO_MANY_RESETS = 'too many streams are reset or refused';
const TOO_MANY_FRAMES = 'too many frames that carry nothing';
const BLOCK_TOO_LONG = 'a header block is over 65536 bytes or 16 frames';
const CALM = ERROR_CODE.ENHANCE_YOUR_CALM;
const { CANCEL } = ERROR_CODE;

/** Asks for more than the system holds, with windows that have room for all of it, and reads nothing. */
async function fillSocket(attacker: FramePeer): Promise<void> {
  attacker.send(settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 2 ** 31 - 1]), windowUpdateFrame(0, 2 ** 31 - 1 - 65_535));
  await until(() => attacker.all(FRAME_TYPE.settings).length === 3);
  attacker.socket.pause();
  attacker.send(...streamIds(100).map((id) => unaryRequest(id, STREAM)));
}

describe('a client that floods is told to calm down and sent away, and nobody else is:', () => {
  const opened = grpcHeadersFrame(1, HOLD);
  const initialWindow = (index: number) => settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 65_535 + (index % 2)]);
  it.each<[what: string, text: string, bytes: Buffer]>([
    ['rapid reset', TOO_MANY_RESETS, times(RESETS, (n) => Buffer.concat([grpcHeadersFrame(2 * n + 1, HOLD), resetFrame(2 * n + 1, 8)]))],
    ['requests that are malformed', TOO_MANY_RESETS, times(RESETS, (n) => headersFrame(2 * n + 1, [[':method', 'POST']]))],
    ['more streams than it may have', TOO_MANY_RESETS, times(512 + RESETS, (n) => grpcHeadersFrame(2 * n + 1, HOLD))],
    [
      'streams that it makes us reset',
      TOO_MANY_RESETS,
      times(RESETS, (n) => Buffer.concat([grpcHeadersFrame(2 * n + 1, HOLD), windowUpdateFrame(2 * n + 1, 0)])),
    ],
    ['PING', TOO_MANY_FRAMES, times(FLOOD, () => pingFrame())],
    ['answers to PINGs that nobody sent', TOO_MANY_FRAMES, times(FLOOD, () => frameOf(FRAME_TYPE.ping, 1, 0, Buffer.from('hello??!')))],
    ['SETTINGS', TOO_MANY_FRAMES, times(FLOOD, () => settingsFrame())],
    ['SETTINGS acknowledgements', TOO_MANY_FRAMES, times(FLOOD, () => settingsAckFrame())],
    [
      'SETTINGS that change the window of many streams',
      TOO_MANY_FRAMES,
      Buffer.concat([times(500, (n) => grpcHeadersFrame(2 * n + 1, HOLD)), times(1_000, initialWindow)]),
    ],
    ['PRIORITY', TOO_MANY_FRAMES, times(FLOOD, (n) => priorityFrame(2 * n + 1, 0))],
    ['WINDOW_UPDATE of the connection', TOO_MANY_FRAMES, times(FLOOD, () => windowUpdateFrame(0, 1))],
    ['WINDOW_UPDATE of a stream', TOO_MANY_FRAMES, Buffer.concat([opened, times(FLOOD, () => windowUpdateFrame(1, 1))])],
    ['frames of no known type', TOO_MANY_FRAMES, times(FLOOD, () => frameOf(0xee, 0, 0, EMPTY))],
    ['empty DATA', TOO_MANY_FRAMES, Buffer.concat([opened, times(FLOOD, () => dataFrame(1, EMPTY, false))])],
    ['DATA that is all padding', TOO_MANY_FRAMES, Buffer.concat([opened, times(FLOOD, () => paddedDataFrame(1, EMPTY, 3, false))])],
    [
      'DATA for a stream that is over',
      TOO_MANY_FRAMES,
      // What it could have sent before it heard of that is free: as much as the window.
      Buffer.concat([
        opened,
        windowUpdateFrame(1, 0),
        times(64, () => dataFrame(1, Buffer.alloc(16_384), false)),
        times(FLOOD, () => dataFrame(1, Buffer.from('x'), false)),
      ]),
    ],
    ['HEADERS for a stream that is over', TOO_MANY_FRAMES, Buffer.concat([opened, windowUpdateFrame(1, 0), times(FLOOD, () => opened)])],
    [
      'CONTINUATION',
      BLOCK_TOO_LONG,
      Buffer.concat([
        headerBlockFrame(1, headerBlock(requestFields(ECHO)), { endHeaders: false }),
        times(20, (n) => continuationFrame(1, headerBlock([[`x-${n}`, 'y'.repeat(4_000)]]), false)),
      ]),
    ],
    [
      'empty CONTINUATION',
      BLOCK_TOO_LONG,
      Buffer.concat([headerBlockFrame(1, EMPTY, { endHeaders: false }), times(10_000, () => continuationFrame(1, EMPTY, false))]),
    ],
  ])('%s', async (_what, text, bytes) => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.greeted(rig.at.address);
    attacker.send(bytes);
    expect(await attacker.goaway()).toEqual([CALM, text]);
    await rig.settled();
  });
});

describe('a client that breaks the protocol loses its connection and nobody else theirs:', () => {
  const compressed = (block: Buffer) => headerBlockFrame(1, block, { endStream: true });
  it.each<[what: string, code: number, bytes: Buffer]>([
    ['a window of the connection that overflows', ERROR_CODE.FLOW_CONTROL_ERROR, windowUpdateFrame(0, 2 ** 31 - 1)],
    ['an increment of nothing', ERROR_CODE.PROTOCOL_ERROR, windowUpdateFrame(0, 0)],
    ['an initial window over 31 bits', ERROR_CODE.FLOW_CONTROL_ERROR, settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 2 ** 31])],
    ['a frame over the limit', ERROR_CODE.FRAME_SIZE_ERROR, frameOf(FRAME_TYPE.headers, 4, 1, Buffer.alloc(16_385))],
    ['a CONTINUATION of nothing', ERROR_CODE.PROTOCOL_ERROR, continuationFrame(1, EMPTY)],
    [
      'a header block with something between',
      ERROR_CODE.PROTOCOL_ERROR,
      Buffer.concat([headerBlockFrame(1, EMPTY, { endHeaders: false }), pingFrame()]),
    ],
    ['HPACK: an index that no table has', ERROR_CODE.COMPRESSION_ERROR, compressed(Buffer.from([0xff, 0x7f]))],
    ['HPACK: a number without end', ERROR_CODE.COMPRESSION_ERROR, compressed(Buffer.from([0xff, ...Array<number>(40).fill(0xff)]))],
    ['HPACK: a table beyond the setting', ERROR_CODE.COMPRESSION_ERROR, compressed(Buffer.from([0x3f, 0xe2, 0x1f]))],
    ['HPACK: a string longer than its block', ERROR_CODE.COMPRESSION_ERROR, compressed(Buffer.from([0x00, 0x7f, 0xff, 0xff, 0x7f]))],
  ])('%s', async (_what, code, bytes) => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.greeted(rig.at.address);
    attacker.send(bytes);
    expect(await attacker.goaway()).toMatchObject([code, expect.any(String)]);
    await rig.settled();
  });

  it('and the calls that it had are cancelled', async () => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.greeted(rig.at.address);
    attacker.send(...streamIds(100).map((id) => unaryRequest(id, HOLD)));
    await until(() => rig.at.door.inside.size >= 100);
    attacker.send(windowUpdateFrame(0, 0));
    expect(await attacker.goaway()).toMatchObject([ERROR_CODE.PROTOCOL_ERROR, expect.any(String)]);
    await rig.settled();
  });
});

describe('a stream that is at fault is reset, and its connection lives on:', () => {
  it.each<[what: string, code: number, bytes: Buffer]>([
    ['an increment of nothing', ERROR_CODE.PROTOCOL_ERROR, windowUpdateFrame(1, 0)],
    ['a window that overflows', ERROR_CODE.FLOW_CONTROL_ERROR, windowUpdateFrame(1, 2 ** 31 - 1)],
    ['a PRIORITY on itself', ERROR_CODE.PROTOCOL_ERROR, priorityFrame(1, 1)],
    ['trailers that do not end it', ERROR_CODE.PROTOCOL_ERROR, headersFrame(1, [['x', 'y']])],
    ['more DATA than its window', ERROR_CODE.FLOW_CONTROL_ERROR, times(65, () => dataFrame(1, Buffer.alloc(16_384), false))],
  ])('%s', async (_what, code, bytes) => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.greeted(rig.at.address);
    attacker.send(grpcHeadersFrame(1, STUCK), bytes);
    expect(await attacker.resetOf(1)).toBe(code);
    attacker.send(unaryRequest(3, ECHO));
    await until(() => attacker.of(3).some(({ flags, type }) => type === FRAME_TYPE.headers && (flags & 1) === 1));
    expect(attacker.all(FRAME_TYPE.goaway)).toEqual([]);
    await rig.settled();
  });

  it('a header list that unpacks to many times its block ends the connection', async () => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.greeted(rig.at.address);
    const bomb = Buffer.concat([headerBlock(requestFields(ECHO)), Buffer.alloc(16_000, 0xbe)]);
    attacker.send(headerBlockFrame(1, tableEntry('y'.repeat(4_000)), { endStream: true }));
    attacker.send(...streamIds(50, 3).map((id) => headerBlockFrame(id, bomb, { endStream: true })));
    expect(await attacker.goaway()).toMatchObject([CALM, expect.any(String)]);
    await rig.settled();
  });
});

describe('a client that takes its time', () => {
  it('over a request, byte by byte on many streams, is answered on all of them', async () => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.greeted(rig.at.address);
    const ids = streamIds(200);
    attacker.send(...ids.map((id) => grpcHeadersFrame(id, COLLECT)));
    for (const byte of frame('slow')) {
      attacker.send(...ids.map((id) => dataFrame(id, Buffer.from([byte]), false)));
      await until(() => attacker.socket.writableLength === 0);
    }
    attacker.send(...ids.map((id) => dataFrame(id, EMPTY, true)));
    const isAnswered = (id: number) => attacker.of(id).some(({ flags, type }) => type === FRAME_TYPE.headers && (flags & 1) === 1);
    await until(() => ids.every(isAnswered));
    expect(
      attacker
        .of(1)
        .find(({ type }) => type === FRAME_TYPE.data)
        ?.payload.subarray(5)
        .toString(),
    ).toBe('4');
    await rig.settled();
  });

  it('over the body of a request is ended by the server, headers alone on every stream', async () => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.greeted(rig.at.address);
    const ids = streamIds(512);
    attacker.send(...ids.map((id) => grpcHeadersFrame(id, ECHO)));
    await until(() => rig.at.door.inside.size >= ids.length);
    await rig.pass(60_500);
    await until(() => ids.every((id) => attacker.of(id).length > 0));
    await rig.settled();
  });

  it.each<[what: string, bytes: Buffer, code: number, text: string]>([
    ['within a frame', pingFrame().subarray(0, 12), CALM, 'a frame or a header block takes too long to come'],
    ['within a header block', headerBlockFrame(1, EMPTY, { endHeaders: false }), CALM, 'a frame or a header block takes too long to come'],
  ])('%s is sent away', async (_what, bytes, code, text) => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.greeted(rig.at.address);
    attacker.send(bytes);
    await until(() => attacker.socket.writableLength === 0);
    const gone = attacker.goaway();
    await rig.pass(11_500);
    expect(await gone).toEqual([code, text]);
    await rig.settled();
  });

  it('to acknowledge SETTINGS is sent away', async () => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.connect(rig.at.address);
    attacker.send(prefaceAndSettings());
    await until(() => attacker.all(FRAME_TYPE.settings).length === 2);
    await rig.pass(10_500);
    expect(await attacker.goaway()).toEqual([ERROR_CODE.SETTINGS_TIMEOUT, 'SETTINGS are not acknowledged']);
    await rig.settled();
  });
});

describe('a client that takes nothing', () => {
  /** Preface and settings of a client whose streams have no window. */
  async function stalled(rig: AbuseRig): Promise<FramePeer> {
    const attacker = await FramePeer.greeted(rig.at.address);
    attacker.send(settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 0]));
    await until(() => attacker.all(FRAME_TYPE.settings).length === 3);
    return attacker;
  }

  it('into its windows is given up after a while, on every stream', async () => {
    await using rig = await AbuseRig.start();
    await using attacker = await stalled(rig);
    const ids = streamIds(512);
    attacker.send(...ids.map((id) => unaryRequest(id, LARGE)));
    await until(() => ids.every((id) => attacker.of(id).length > 0));
    expect(rig.at.door.inside.size).toBeGreaterThanOrEqual(512);
    await rig.pass(60_500);
    for (const id of ids) expect(await attacker.resetOf(id)).toBe(ERROR_CODE.CANCEL);
    expect(attacker.all(FRAME_TYPE.data)).toEqual([]);
    await rig.settled();
  });

  it('of streams without end makes them wait, and leaves nothing behind', async () => {
    await using rig = await AbuseRig.start();
    await using attacker = await stalled(rig);
    const ids = streamIds(100);
    attacker.send(...ids.map((id) => unaryRequest(id, STREAM)));
    await until(() => ids.every((id) => attacker.of(id).length > 0));
    const before = rig.bystander.answers;
    await until(() => rig.bystander.answers > before + 20);
    expect(rig.sent.count).toBe(0);
    // A few bytes at a time on one of them: a message needs 10,005.
    for (let update = 1; update <= 3; update += 1) {
      attacker.send(windowUpdateFrame(1, 4_000));
      await until(() => attacker.of(1).filter(({ type }) => type === FRAME_TYPE.data).length >= update);
    }
    await until(() => rig.sent.count === 1);
    attacker.drop();
    await rig.settled();
  });

  it('out of its socket is not read any further, and is let go when it goes', async () => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.greeted(rig.at.address);
    await fillSocket(attacker);
    // What is sent is bounded by what the two systems hold, and by the server's own mark.
    let before = -1;
    for (let answers = rig.bystander.answers; before !== rig.sent.count; answers = rig.bystander.answers) {
      before = rig.sent.count;
      await until(() => rig.bystander.answers > answers + 50);
    }
    expect(before * 10_000).toBeLessThan(64 * 1024 * 1024);
    // Nothing that has to be acknowledged is read now: it stays with the sender.
    attacker.send(times(400_000, () => pingFrame()));
    const answered = rig.bystander.answers;
    await until(() => rig.bystander.answers > answered + 50);
    expect(attacker.socket.writableLength).toBeGreaterThan(0);
    expect(rig.sent.count).toBe(before);
    attacker.drop();
    await rig.settled();
  });

  it('out of its socket, and says nothing, is taken for gone', async () => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.greeted(rig.at.address);
    await fillSocket(attacker);
    await until(() => rig.at.door.inside.size >= 100);
    await rig.pass(82_000);
    await rig.settled();
  });
});

describe('acknowledgements that nobody reads', () => {
  it('hold little more than their bytes, though each is written in a turn of its own', async () => {
    const rig = await H2Rig.greeted();
    rig.socket.isHeld = true;
    const memory = new Set<ArrayBufferLike>();
    const { socket } = rig;
    const write = socket.write.bind(socket);
    socket.write = (bytes) => {
      memory.add(bytes.buffer);
      return write(bytes);
    };
    for (let turn = 0; turn < 900; turn += 1) {
      rig.receive(pingFrame());
      await rig.sent();
    }
    const held = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(socket.writableLength).toBe(900 * 17);
    expect(held).toBeLessThan(40 * socket.writableLength);
  });
});

describe('a client that promises large messages and sends a byte of each', () => {
  it('holds little, and leaves others the budget for messages that come in part', async () => {
    await using rig = await AbuseRig.start();
    await using attacker = await FramePeer.greeted(rig.at.address);
    const ids = streamIds(400);
    const promise = frame(Buffer.alloc(1024 * 1024)).subarray(0, 6);
    attacker.send(...ids.map((id) => Buffer.concat([grpcHeadersFrame(id, COLLECT), dataFrame(id, promise, false)])), pingFrame());
    await until(() => attacker.all(FRAME_TYPE.ping).length > 0);
    // Many times what comes in one piece.
    expect(await rig.bystander.status(ECHO, 1_000_000)).toBe(0);
    attacker.drop();
    await rig.settled();
  });
});

describe('a client that half-sends many large messages', () => {
  it('takes others no room for theirs', async () => {
    await using rig = await AbuseRig.start({ assemblyBudgetBytes: 8 * 1024 * 1024 });
    await using attacker = await FramePeer.greeted(rig.at.address);
    // Eight of 900,000 bytes hold all there is.
    const half = (id: number) =>
      Buffer.concat([grpcHeadersFrame(id, ECHO), dataFrame(id, frame(Buffer.alloc(900_000)).subarray(0, 16_384), false)]);
    const rest = (id: number) => times(32, () => dataFrame(id, Buffer.alloc(16_384), false));
    const ids = streamIds(8);
    // As far as the stream's windows go, again and again.
    attacker.send(...ids.map(half), ...ids.map(rest), pingFrame());
    await until(() => attacker.all(FRAME_TYPE.ping).length > 0);
    for (let call = 0; call < 3; call += 1) expect(await rig.bystander.status(ECHO, 1_000_000)).toBe(0);
    attacker.drop();
    await rig.settled();
  });
});

describe('a client over the receive budget that sends to a handler that does not read', () => {
  it.each([
    ['from the start', STUCK],
    ['behind a large message', ONE],
  ])('%s is held up on that stream alone', async (_what, path) => {
    await using rig = await AbuseRig.start({ receiveBudgetBytes: 0 });
    await using client = await RawClient.connect(rig.at.address);
    const stuck = client.open(path);
    stuck.send(Buffer.alloc(200_000));
    stuck.send(Buffer.alloc(200_000));
    for (let round = 0; round < 3; round += 1) {
      const answers: unknown[] = [];
      for (let call = 0; call < 3; call += 1)
        void client.call(COLLECT, Buffer.alloc(100_000)).then(({ status, messages }) => answers.push([status, String(messages[0])]));
      await until(() => answers.length === 3);
      expect(answers).toEqual(Array(3).fill([0, '100000']));
    }
    // Some of it has not even left.
    expect(stuck.stream.writableLength).toBeGreaterThan(0);
    stuck.stream.close();
    await rig.settled();
  });
});

describe('a client that means well', () => {
  it('may cancel all of its calls at once, twice over', async () => {
    await using rig = await AbuseRig.start();
    await using client = await RawClient.connect(rig.at.address);
    for (let round = 1; round <= 2; round += 1) {
      const calls = streamIds(500).map(() => client.open(HOLD));
      for (const call of calls) call.stream.end(frame('hello'));
      await until(() => rig.at.door.inside.size >= 500);
      for (const { stream } of calls) stream.close(CANCEL);
      await Promise.all(calls.map(({ answer }) => answer));
    }
    expect((await client.call(ECHO, 'hello')).status).toBe(0);
    await client[Symbol.asyncDispose]();
    await rig.settled();
  });

  it('may widen its windows for every small message of 512 streams, and ask how long the line is', async () => {
    const limits = connectionLimits({ ...DEFAULT_GRPC_SERVER_OPTIONS, listen: [] });
    const rig = await H2Rig.greeted(limits);
    const ids = streamIds(512);
    rig.receive(...ids.map((id) => headersFrame(id, requestFields(), { endStream: true })));
    for (let message = 0; message < 50; message += 1) {
      for (const { stream } of rig.requests) stream.send(EMPTY, Buffer.alloc(100));
      await rig.sent();
      rig.receive(...ids.map((id) => Buffer.concat([windowUpdateFrame(id, 100), windowUpdateFrame(0, 100), pingFrame()])));
    }
    expect(await rig.failure()).toBeUndefined();
    expect(rig.requests.every(({ resets }) => resets.length === 0)).toBe(true);
  });
});

describe('connections that are opened and dropped', () => {
  const greeting = prefaceAndSettings();
  const DROPPED: readonly (readonly [what: string, calls: number, bytes: Buffer])[] = [
    ['without a word', 0, EMPTY],
    ['within the preface', 0, greeting.subarray(0, 10)],
    ['after the preface', 0, greeting],
    ['within a frame', 0, Buffer.concat([greeting, pingFrame().subarray(0, 11)])],
    ['within a header block', 0, Buffer.concat([greeting, headerBlockFrame(1, EMPTY, { endHeaders: false })])],
    ['within a body', 1, Buffer.concat([greeting, grpcHeadersFrame(1, ECHO), dataFrame(1, frame('hello').subarray(0, 7), false)])],
    ['with a call under way', 1, Buffer.concat([greeting, unaryRequest(1, HOLD)])],
    ['while they are streamed to', 1, Buffer.concat([greeting, unaryRequest(1, STREAM)])],
    ['in HTTP/1.1', 0, Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')],
  ];
  const PEERS = 10;

  it.each(DROPPED)('%s leave nothing behind, whether they are closed or reset', async (_what, calls, bytes) => {
    await using rig = await AbuseRig.start();
    for (let round = 0; round < 10; round += 1) {
      const peers = await Promise.all(Array.from({ length: PEERS }, () => FramePeer.connect(rig.at.address)));
      for (const peer of peers) peer.send(bytes);
      await Promise.all(peers.map((peer) => until(() => peer.all(FRAME_TYPE.settings).length > 0)));
      await until(() => rig.at.door.inside.size >= calls * PEERS);
      for (const peer of peers) {
        if (round % 2 === 0) peer.drop();
        else await peer[Symbol.asyncDispose]();
      }
    }
    await rig.settled();
  });
});
