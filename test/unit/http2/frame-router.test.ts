import { describe, expect, it } from '@jest/globals';
import { ERROR_CODE, type ErrorCode } from '../../../src/http2/error-code.js';
import { SETTING } from '../../../src/http2/settings.js';
import {
  continuationFrame,
  dataFrame,
  type Field,
  FRAME_TYPE,
  frameOf,
  goawayFrame,
  headerBlock,
  headerBlockFrame,
  headersFrame,
  paddedDataFrame,
  pingFrame,
  prefaceAndSettings,
  priorityFrame,
  readGoaway,
  requestFields,
  resetFrame,
  settingsAckFrame,
  settingsFrame,
  windowUpdateFrame,
} from '../../support/h2-frames.js';
import { H2Rig, OK_HEADERS } from '../../support/h2-rig.js';

/** What stream 1 is when the frames come. */
type Before = 'idle' | 'open' | 'half closed' | 'closed' | 'reset by us' | 'reset by the peer';

type Case = readonly [section: string, what: string, before: Before, frames: readonly Buffer[], error: keyof typeof ERROR_CODE];

const NONE = Buffer.alloc(0);
const bytes = (length: number) => Buffer.alloc(length);
const request = (streamId: number, ...more: readonly Field[]) => headersFrame(streamId, [...requestFields(), ...more]);
const MAX_WINDOW = 2 ** 31 - 1;

/** What the listener of stream 1 knows once the connection has failed. */
const TOLD: Partial<Record<Before, readonly number[]>> = {
  open: [ERROR_CODE.CANCEL],
  'half closed': [ERROR_CODE.CANCEL],
  closed: [],
  'reset by us': [],
  'reset by the peer': [ERROR_CODE.CANCEL],
};

async function rigWith(before: Before): Promise<H2Rig> {
  const rig = await H2Rig.greeted();
  if (before === 'idle') return rig;
  rig.receive(headersFrame(1, requestFields(), { endStream: before === 'half closed' || before === 'closed' }));
  const { stream } = rig.request();
  if (before === 'closed') stream.respond(OK_HEADERS, true);
  if (before === 'reset by us') stream.reset(ERROR_CODE.CANCEL);
  if (before === 'reset by the peer') rig.receive(resetFrame(1, ERROR_CODE.CANCEL));
  await rig.sent();
  return rig;
}

function connectionErrors(): Case[] {
  return [
    ['4.2', 'a frame over the limit', 'open', [frameOf(0x77, 0, 1, bytes(16_385))], 'FRAME_SIZE_ERROR'],
    ['4.2', 'DATA over the limit', 'open', [dataFrame(1, bytes(16_385), false)], 'FRAME_SIZE_ERROR'],
    ['4.3', 'a block that cannot be decoded', 'open', [headerBlockFrame(3, Buffer.from([0x80]))], 'COMPRESSION_ERROR'],
    [
      '4.3',
      'trailers that cannot be decoded',
      'open',
      [headerBlockFrame(1, Buffer.from([0xff]), { endStream: true })],
      'COMPRESSION_ERROR',
    ],
    ['5.1', 'DATA on an idle stream', 'idle', [dataFrame(1, NONE, true)], 'PROTOCOL_ERROR'],
    ['5.1', 'RST_STREAM on an idle stream', 'open', [resetFrame(3, 8)], 'PROTOCOL_ERROR'],
    ['5.1', 'WINDOW_UPDATE on an idle stream', 'open', [windowUpdateFrame(3, 1)], 'PROTOCOL_ERROR'],
    ['5.1', 'DATA on a closed stream', 'closed', [dataFrame(1, NONE, true)], 'STREAM_CLOSED'],
    ['5.1', 'HEADERS on a closed stream', 'closed', [request(1)], 'STREAM_CLOSED'],
    ['5.1', 'DATA on a stream that the peer reset', 'reset by the peer', [dataFrame(1, NONE, true)], 'STREAM_CLOSED'],
    ['5.1', 'HEADERS on a stream that the peer reset', 'reset by the peer', [request(1)], 'STREAM_CLOSED'],
    ['5.1.1', 'HEADERS on a stream that was passed over', 'idle', [request(5), request(3)], 'STREAM_CLOSED'],
    ['5.1.1', 'HEADERS on an even stream', 'open', [request(2)], 'PROTOCOL_ERROR'],
    ['5.1.1', 'WINDOW_UPDATE on an even stream', 'open', [windowUpdateFrame(2, 1)], 'PROTOCOL_ERROR'],
    ['5.3.1', 'PRIORITY of an idle stream on itself', 'open', [priorityFrame(3, 3)], 'PROTOCOL_ERROR'],
    ['6.1', 'DATA on stream 0', 'open', [dataFrame(0, NONE, false)], 'PROTOCOL_ERROR'],
    ['6.1', 'DATA on an even stream', 'open', [dataFrame(2, NONE, false)], 'PROTOCOL_ERROR'],
    ['6.1', 'more padding than DATA', 'open', [frameOf(FRAME_TYPE.data, 0x8, 1, Buffer.from([5, 0]))], 'PROTOCOL_ERROR'],
    ['6.1', 'padded DATA without a payload', 'open', [frameOf(FRAME_TYPE.data, 0x8, 1, NONE)], 'FRAME_SIZE_ERROR'],
    ['6.2', 'HEADERS on stream 0', 'open', [request(0)], 'PROTOCOL_ERROR'],
    ['6.2', 'more padding than HEADERS', 'open', [frameOf(FRAME_TYPE.headers, 0xc, 3, Buffer.from([9, 0x82]))], 'PROTOCOL_ERROR'],
    ['6.2', 'HEADERS too short for a priority', 'open', [frameOf(FRAME_TYPE.headers, 0x24, 3, bytes(4))], 'FRAME_SIZE_ERROR'],
    ['6.3', 'PRIORITY on stream 0', 'open', [priorityFrame(0, 1)], 'PROTOCOL_ERROR'],
    ['6.3', 'PRIORITY of four bytes on an idle stream', 'open', [frameOf(FRAME_TYPE.priority, 0, 3, bytes(4))], 'FRAME_SIZE_ERROR'],
    ['6.4', 'RST_STREAM on stream 0', 'open', [resetFrame(0, 8)], 'PROTOCOL_ERROR'],
    ['6.4', 'RST_STREAM of three bytes', 'open', [frameOf(FRAME_TYPE.reset, 0, 1, bytes(3))], 'FRAME_SIZE_ERROR'],
    ['6.5', 'SETTINGS on a stream', 'open', [frameOf(FRAME_TYPE.settings, 0, 1, NONE)], 'PROTOCOL_ERROR'],
    ['6.5', 'SETTINGS of five bytes', 'open', [frameOf(FRAME_TYPE.settings, 0, 0, bytes(5))], 'FRAME_SIZE_ERROR'],
    ['6.5', 'an acknowledgement with a payload', 'open', [frameOf(FRAME_TYPE.settings, 0x1, 0, bytes(6))], 'FRAME_SIZE_ERROR'],
    ['6.5.2', 'ENABLE_PUSH of 2', 'open', [settingsFrame([SETTING.ENABLE_PUSH, 2])], 'PROTOCOL_ERROR'],
    ['6.5.2', 'a window over 31 bits', 'open', [settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 2 ** 31])], 'FLOW_CONTROL_ERROR'],
    ['6.5.2', 'frames that are too small', 'open', [settingsFrame([SETTING.MAX_FRAME_SIZE, 16_383])], 'PROTOCOL_ERROR'],
    ['6.5.2', 'frames that are too large', 'open', [settingsFrame([SETTING.MAX_FRAME_SIZE, 2 ** 24])], 'PROTOCOL_ERROR'],
    ['6.6', 'PUSH_PROMISE', 'open', [frameOf(FRAME_TYPE.pushPromise, 0x4, 1, bytes(4))], 'PROTOCOL_ERROR'],
    ['6.7', 'PING on a stream', 'open', [frameOf(FRAME_TYPE.ping, 0, 1, bytes(8))], 'PROTOCOL_ERROR'],
    ['6.7', 'PING of nine bytes', 'open', [frameOf(FRAME_TYPE.ping, 0, 0, bytes(9))], 'FRAME_SIZE_ERROR'],
    ['6.8', 'GOAWAY on a stream', 'open', [frameOf(FRAME_TYPE.goaway, 0, 1, bytes(8))], 'PROTOCOL_ERROR'],
    ['6.8', 'GOAWAY of seven bytes', 'open', [frameOf(FRAME_TYPE.goaway, 0, 0, bytes(7))], 'FRAME_SIZE_ERROR'],
    ['6.9', 'WINDOW_UPDATE of three bytes', 'open', [frameOf(FRAME_TYPE.windowUpdate, 0, 1, bytes(3))], 'FRAME_SIZE_ERROR'],
    ['6.9', 'WINDOW_UPDATE of nothing', 'open', [windowUpdateFrame(0, 0)], 'PROTOCOL_ERROR'],
    ['6.9.1', 'the window of the connection over 31 bits', 'open', [windowUpdateFrame(0, MAX_WINDOW)], 'FLOW_CONTROL_ERROR'],
    [
      '6.9.2',
      'a setting that takes the window of a stream over 31 bits',
      'open',
      [windowUpdateFrame(1, MAX_WINDOW - 65_535), settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 65_536])],
      'FLOW_CONTROL_ERROR',
    ],
    ['6.10', 'CONTINUATION of nothing', 'open', [continuationFrame(1, NONE)], 'PROTOCOL_ERROR'],
    ['6.10', 'CONTINUATION behind the end', 'open', [request(3), continuationFrame(3, NONE)], 'PROTOCOL_ERROR'],
    ['6.10', 'CONTINUATION of another stream', 'open', [withinBlock(3), continuationFrame(5, NONE)], 'PROTOCOL_ERROR'],
    ['6.10', 'HEADERS within a block', 'open', [withinBlock(3), request(5)], 'PROTOCOL_ERROR'],
    ['6.10', 'DATA within a block', 'open', [withinBlock(3), dataFrame(1, NONE, true)], 'PROTOCOL_ERROR'],
    ['6.10', 'PING within a block', 'open', [withinBlock(3), pingFrame()], 'PROTOCOL_ERROR'],
    ['5.5', 'an unknown frame within a block', 'open', [withinBlock(3), frameOf(0x77, 0, 0, NONE)], 'PROTOCOL_ERROR'],
    [
      '10.5.1',
      'a block of too many frames',
      'open',
      [withinBlock(3), ...Array.from({ length: 16 }, () => continuationFrame(3, NONE, false))],
      'ENHANCE_YOUR_CALM',
    ],
    ['10.5.1', 'a block of too many bytes', 'open', [withinBlock(3), ...manyContinuations(3)], 'ENHANCE_YOUR_CALM'],
  ];
}

function withinBlock(streamId: number): Buffer {
  return headersFrame(streamId, requestFields(), { endHeaders: false });
}

/** Over four times the largest list. */
function manyContinuations(streamId: number): Buffer[] {
  return Array.from({ length: 5 }, () => continuationFrame(streamId, bytes(16_000), false));
}

function streamErrors(): Case[] {
  const malformed = (what: string, fields: readonly Field[]): Case => [
    '8.1.1',
    what,
    'idle',
    [headersFrame(1, fields, { endStream: true })],
    'PROTOCOL_ERROR',
  ];
  const without = (name: string) => requestFields().filter(([each]) => each !== name);
  return [
    ['5.1', 'DATA on a stream that is half closed', 'half closed', [dataFrame(1, bytes(5), true)], 'STREAM_CLOSED'],
    [
      '5.1',
      'HEADERS on a stream that is half closed',
      'half closed',
      [headersFrame(1, [['a', 'b']], { endStream: true })],
      'STREAM_CLOSED',
    ],
    ['5.3.1', 'HEADERS of a stream on itself', 'idle', [headersFrame(1, requestFields(), { dependency: 1 })], 'PROTOCOL_ERROR'],
    ['5.3.1', 'PRIORITY of a stream on itself', 'open', [priorityFrame(1, 1)], 'PROTOCOL_ERROR'],
    ['6.3', 'PRIORITY of six bytes', 'open', [frameOf(FRAME_TYPE.priority, 0, 1, bytes(6))], 'FRAME_SIZE_ERROR'],
    ['6.9', 'WINDOW_UPDATE of nothing', 'open', [windowUpdateFrame(1, 0)], 'PROTOCOL_ERROR'],
    ['6.9.1', 'the window of a stream over 31 bits', 'open', [windowUpdateFrame(1, MAX_WINDOW)], 'FLOW_CONTROL_ERROR'],
    ['8.1', 'trailers that do not end the stream', 'open', [headersFrame(1, [['a', 'b']])], 'PROTOCOL_ERROR'],
    ['8.1', 'a pseudo-header field in trailers', 'open', [headersFrame(1, [[':path', '/']], { endStream: true })], 'PROTOCOL_ERROR'],
    ['8.2', 'a trailer in capitals', 'open', [headersFrame(1, [['A', 'b']], { endStream: true })], 'PROTOCOL_ERROR'],
    malformed('no method', without(':method')),
    malformed('no scheme', without(':scheme')),
    malformed('no path', without(':path')),
    malformed('an empty path', [...without(':path'), [':path', '']]),
    malformed('a path twice', [...requestFields(), [':path', '/']]),
    malformed('an unknown pseudo-header field', [...requestFields(), [':x', '/']]),
    malformed('the pseudo-header field of an answer', [...requestFields(), [':status', '200']]),
    malformed('a pseudo-header field behind another', [['a', 'b'], ...requestFields()]),
    malformed('a name in capitals', [...requestFields(), ['Accept', 'b']]),
    malformed('a field of the connection', [...requestFields(), ['connection', 'close']]),
    malformed('te that is not trailers', [...requestFields(), ['te', 'gzip']]),
    malformed('a line end in a value', [...requestFields(), ['a', 'b\r\nc: d']]),
    malformed('a content-length without a body', [...requestFields(), ['content-length', '1']]),
    malformed('two content-lengths', [...requestFields(), ['content-length', '0'], ['content-length', '1']]),
    malformed('a content-length that is no number', [...requestFields(), ['content-length', '-1']]),
  ];
}

describe('FrameRouter', () => {
  it.each(connectionErrors())('ends the connection, section %s: %s (stream %s)', async (_section, _what, before, frames, error) => {
    const rig = await rigWith(before);
    const code: ErrorCode = ERROR_CODE[error];
    rig.receive(...frames, request(101), pingFrame());
    const sent = await rig.sent();
    expect(sent.filter(({ type }) => type === FRAME_TYPE.goaway).map((frame) => readGoaway(frame).code)).toEqual([code]);
    // Nothing goes out behind it, and nothing behind the error was read.
    expect(sent.at(-1)?.type).toBe(FRAME_TYPE.goaway);
    expect(rig.requests.map(({ stream }) => stream.id)).not.toContain(101);
    expect([rig.socket.isEnded, rig.connection.openStreams, rig.connection.isLeaving, rig.errors]).toEqual([true, 0, true, []]);
    expect(rig.requests[0]?.resets).toEqual(TOLD[before] ?? rig.requests[0]?.resets);
    rig.receive(request(103));
    expect(await rig.sent()).toEqual([]);
    rig.connection.destroy();
    expect(rig.closed).toBe(1);
    for (const { resets } of rig.requests) expect(resets.length).toBeLessThanOrEqual(1);
  });

  it.each(streamErrors())('ends the stream alone, section %s: %s (stream %s)', async (_section, _what, before, frames, error) => {
    const rig = await rigWith(before);
    rig.receive(...frames, request(101), pingFrame());
    const sent = await rig.sent();
    const resets = sent.filter(({ type }) => type === FRAME_TYPE.reset).map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]);
    expect(resets).toEqual([[1, ERROR_CODE[error]]]);
    expect(sent.at(-1)).toMatchObject({ type: FRAME_TYPE.ping, flags: 1 });
    expect(rig.requests.filter(({ stream }) => stream.id === 1).map((seen) => seen.resets)).toEqual(
      before === 'idle' ? [] : [[ERROR_CODE[error]]],
    );
    expect([rig.requests.at(-1)?.stream.id, rig.connection.openStreams]).toEqual([101, 1]);
    rig.connection.destroy();
  });

  it.each<readonly [string, Before, readonly Buffer[]]>([
    ['an unknown frame', 'open', [frameOf(0x77, 0xff, 1, bytes(10)), frameOf(0x78, 0, 0, NONE)]],
    ['an unknown setting', 'open', [settingsFrame([0x99, 5])]],
    ['PRIORITY of an idle stream', 'open', [priorityFrame(7, 1)]],
    ['PRIORITY of a closed stream', 'closed', [priorityFrame(1, 3)]],
    ['WINDOW_UPDATE of a closed stream', 'closed', [windowUpdateFrame(1, 5), windowUpdateFrame(1, 0)]],
    ['RST_STREAM of a closed stream', 'closed', [resetFrame(1, 8)]],
    ['RST_STREAM of a stream that we reset', 'reset by us', [resetFrame(1, 8)]],
    ['DATA of a stream that we reset', 'reset by us', [dataFrame(1, bytes(100), false), paddedDataFrame(1, bytes(5), 5, true)]],
    ['trailers of a stream that we reset', 'reset by us', [headersFrame(1, [['a', 'b']], { endStream: true })]],
    ['GOAWAY', 'open', [goawayFrame(0, 0)]],
    [
      'reserved bits',
      'open',
      [frameOf(0x77, 0, 0x80000001, NONE), frameOf(FRAME_TYPE.windowUpdate, 0, 0x80000001, Buffer.from([0x80, 0, 0, 1]))],
    ],
    ['flags that mean nothing', 'open', [frameOf(FRAME_TYPE.ping, 0xfe, 0, bytes(8))]],
    ['an acknowledgement of nothing', 'open', [settingsAckFrame(), settingsAckFrame(), settingsAckFrame()]],
  ])('lets pass %s (stream %s)', async (_what, before, frames) => {
    const rig = await rigWith(before);
    const resets = [...(rig.requests[0]?.resets ?? [])];
    rig.receive(...frames, pingFrame());
    const sent = await rig.sent();
    expect(sent.map(({ type }) => type)).not.toContain(FRAME_TYPE.goaway);
    expect(sent.map(({ type }) => type)).not.toContain(FRAME_TYPE.reset);
    expect(sent.at(-1)).toMatchObject({ type: FRAME_TYPE.ping, flags: 1 });
    expect(rig.requests[0]?.resets).toEqual(resets);
    rig.connection.destroy();
  });

  it.each([
    ['PING', pingFrame()],
    ['DATA', dataFrame(1, NONE, true)],
    ['HEADERS', request(1)],
    ['an acknowledgement', settingsAckFrame()],
  ])('refuses %s as the first frame, section 3.4', async (_what, frame) => {
    const rig = new H2Rig();
    rig.receive(prefaceAndSettings().subarray(0, 24), frame);
    expect((await rig.failure())?.code).toBe(ERROR_CODE.PROTOCOL_ERROR);
    rig.connection.destroy();
  });

  it('refuses another preface, section 3.4', async () => {
    const rig = new H2Rig();
    rig.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(await rig.failure()).toMatchObject({
      code: ERROR_CODE.PROTOCOL_ERROR,
      text: 'the connection does not begin with the preface of HTTP/2',
    });
    rig.connection.destroy();
  });

  it('decodes every block, whatever becomes of its stream', async () => {
    const rig = await H2Rig.greeted({ maxConcurrentStreams: 1 });
    const enters = (name: string) =>
      Buffer.concat([headerBlock(requestFields()), Buffer.from([0x40, 1]), Buffer.from(name), Buffer.from([1, 0x76])]);
    rig.receive(headerBlockFrame(1, enters('a')), headerBlockFrame(3, enters('b')), resetFrame(1, 8));
    rig.receive(headerBlockFrame(5, Buffer.concat([headerBlock(requestFields()), Buffer.from([0xbe, 0xbf])])));
    expect(rig.requests.at(-1)?.head?.fields.map(({ name }) => name)).toEqual(['b', 'a']);
    rig.connection.destroy();
  });

  it('reads a conversation of single bytes as it reads the whole', async () => {
    const frames = [
      request(1, ['content-length', '6']),
      dataFrame(1, Buffer.from('abc'), false),
      paddedDataFrame(1, Buffer.from('def'), 9, true),
    ];
    const rig = new H2Rig();
    for (const byte of Buffer.concat([prefaceAndSettings(), ...frames])) rig.socket.receive(Buffer.from([byte]));
    expect([rig.request().body, rig.request().ends, rig.request().resets]).toEqual(['abcdef', 1, []]);
    rig.connection.destroy();
  });

  it.each([
    ['a frame', pingFrame().subarray(0, 12)],
    ['a header block', withinBlock(1)],
    ['the continuation of a block', Buffer.concat([withinBlock(1), continuationFrame(1, bytes(5)).subarray(0, 10)])],
  ])('gives up %s that does not end', async (_what, part) => {
    const rig = await H2Rig.greeted({ frameTimeoutMs: 1000 });
    rig.receive(settingsAckFrame(), part);
    rig.connection.tick();
    rig.clock.advance(1000);
    rig.connection.tick();
    expect((await rig.failure())?.code).toBe(ERROR_CODE.ENHANCE_YOUR_CALM);
    rig.connection.destroy();
  });
});
