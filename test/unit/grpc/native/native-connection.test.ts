import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../../src/error/serving-error.js';
import { ERROR_CODE } from '../../../../src/http2/error-code.js';
import { SETTING } from '../../../../src/http2/settings.js';
import { frame } from '../../../support/grpc-client.js';
import { unary, untilCancelled } from '../../../support/grpc-methods.js';
import { until } from '../../../support/grpc-server.js';
import {
  continuationFrame,
  dataFrame,
  type Field,
  FRAME_TYPE,
  grpcHeadersFrame,
  headerBlock,
  headersFrame,
  pingFrame,
  requestFields,
  resetFrame,
  settingsFrame,
  windowUpdateFrame,
} from '../../../support/h2-frames.js';
import { ANSWER_HEAD, answeredOn, ECHO, ECHOED, helloTo, NativeRig } from '../../../support/native-rig.js';

const HOLD = '/test.Test/Hold';
const GRPC: Field = ['content-type', 'application/grpc'];
const NOT_GRPC_HEAD = { ':status': '415', 'content-type': 'text/plain; charset=utf-8' };
/** Behind the text an empty frame ends the stream. */
const NOT_GRPC = [NOT_GRPC_HEAD, expect.any(Number), 0];
const NOT_POST = [{ ':status': '405', allow: 'POST' }];

const hold = unary('Hold', (_text, call) => untilCancelled(call));

/** A gRPC request's headers, more fields behind them; nothing of the body comes. */
function headersWith(...fields: readonly Field[]): Buffer {
  return headersFrame(1, [...requestFields(ECHO), GRPC, ...fields]);
}

describe('NativeConnection, with what is no call', () => {
  it.each<[what: string, fields: Field[]]>([
    ['of no content-type', []],
    ['of JSON', [['content-type', 'application/json']]],
    ['of gRPC-Web', [['content-type', 'application/grpc-web+proto']]],
    ['of gRPC with other messages', [['content-type', 'application/grpc+json']]],
    ['that names its content-type twice', [GRPC, GRPC]],
  ])('answers a request %s with 415 and a text', async (_what, fields) => {
    await using rig = await NativeRig.start();
    const { peer, at } = rig;
    peer.send(headersFrame(1, [...requestFields(ECHO), ...fields], { endStream: true }));
    expect(await rig.answer(1)).toEqual(NOT_GRPC);
    const text = peer.of(1).find(({ type }) => type === FRAME_TYPE.data);
    expect(text?.payload.toString()).toContain('application/grpc');
    expect([at.door.entered, at.observer.refusals]).toEqual([0, []]);
    expect(await rig.echo(3)).toEqual(ECHOED);
  });

  it('hears a foreign request out, its window given back, before it answers', async () => {
    await using rig = await NativeRig.start();
    const { peer } = rig;
    const piece = dataFrame(1, Buffer.alloc(16_384), false);
    peer.send(headersFrame(1, requestFields('/upload')), ...Array<Buffer>(64).fill(piece));
    const updates = () => peer.of(1).filter(({ type }) => type === FRAME_TYPE.windowUpdate);
    await until(() => updates().reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0) >= 2 * 16_384);
    expect(peer.of(1)).toEqual(updates());
    peer.send(piece, piece, dataFrame(1, Buffer.alloc(0), true));
    expect(await rig.answer(1)).toEqual(NOT_GRPC);
  });

  it('forgets a foreign request that is given up', async () => {
    await using rig = await NativeRig.start();
    const { peer, at } = rig;
    peer.send(headersFrame(1, requestFields('/upload')), dataFrame(1, Buffer.alloc(100), false), resetFrame(1, ERROR_CODE.CANCEL));
    expect(await rig.echo(3)).toEqual(ECHOED);
    expect([peer.of(1), at.internalErrors]).toEqual([[], []]);
  });

  it('answers a foreign request that does not end, once it has had its time', async () => {
    await using rig = await NativeRig.start([], { bodyTimeoutMs: 10_000 });
    const { peer, clock } = rig;
    peer.send(headersFrame(1, requestFields('/upload')), dataFrame(1, Buffer.alloc(100), false));
    expect(await rig.echo(3)).toEqual(ECHOED);
    clock.advance(9_500);
    expect(await rig.echo(5)).toEqual(ECHOED);
    expect(peer.of(1)).toEqual([]);
    clock.advance(1_000);
    expect(await rig.answer(1)).toEqual(NOT_GRPC);
    expect(await peer.resetOf(1)).toBe(ERROR_CODE.NO_ERROR);
    // Of what was under way meanwhile nothing comes of it.
    peer.send(dataFrame(1, Buffer.alloc(100), true));
    expect(await rig.echo(7)).toEqual(ECHOED);
    clock.advance(20_000);
    expect(await rig.echo(9)).toEqual(ECHOED);
    expect([answeredOn(1, peer.frames), rig.at.internalErrors]).toEqual([NOT_GRPC, []]);
  });

  it('gives a foreign request up whose answer is not taken', async () => {
    await using rig = await NativeRig.start([], { bodyTimeoutMs: 10_000 });
    const { peer, clock } = rig;
    peer.send(
      settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 0]),
      headersFrame(1, requestFields('/upload')),
      headersFrame(3, requestFields('/upload')),
    );
    peer.send(pingFrame());
    await until(() => peer.all(FRAME_TYPE.ping).length === 1);
    clock.advance(10_500);
    // The second ends its request, which is answered already, and takes the text; the first does neither.
    peer.send(dataFrame(3, Buffer.alloc(0), true), windowUpdateFrame(3, 1000));
    expect(await rig.answer(3)).toEqual(NOT_GRPC);
    clock.advance(9_000);
    peer.send(pingFrame());
    await until(() => peer.all(FRAME_TYPE.ping).length === 2);
    expect(peer.of(1).map(({ type }) => type)).toEqual([FRAME_TYPE.headers]);
    clock.advance(1_000);
    expect(await peer.resetOf(1)).toBe(ERROR_CODE.CANCEL);
    expect(answeredOn(1, peer.frames)).toEqual([NOT_GRPC_HEAD]);
    expect(peer.of(3).filter(({ type }) => type === FRAME_TYPE.reset)).toEqual([]);
  });

  it('lets no foreign request hold up a drain', async () => {
    await using rig = await NativeRig.start();
    const { peer, clock, at } = rig;
    peer.send(headersFrame(1, requestFields('/upload')));
    expect(await rig.echo(3)).toEqual(ECHOED);
    clock.advance(1_000);
    const drained = at.server.drain(new AbortController().signal);
    // Nobody answers the PING: the second after which the connection leaves without it, and the tick thereafter.
    clock.advance(2_000);
    expect(await rig.answer(1)).toEqual(NOT_GRPC);
    expect(await peer.resetOf(1)).toBe(ERROR_CODE.NO_ERROR);
    await drained;
    expect(at.internalErrors).toEqual([]);
  });

  it('lets an answer that is not taken hold up a drain no longer than it takes any', async () => {
    await using rig = await NativeRig.start([], { bodyTimeoutMs: 10_000 });
    const { peer, clock, at } = rig;
    peer.send(settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 0]), headersFrame(1, requestFields(), { endStream: true }), pingFrame());
    await until(() => peer.all(FRAME_TYPE.ping).length === 1);
    const drained = at.server.drain(new AbortController().signal);
    clock.advance(9_500);
    expect(answeredOn(1, peer.frames)).toEqual([NOT_GRPC_HEAD]);
    clock.advance(1_000);
    expect(await peer.resetOf(1)).toBe(ERROR_CODE.CANCEL);
    await drained;
  });

  it('holds the text back until the client has room for it', async () => {
    await using rig = await NativeRig.start();
    const { peer } = rig;
    const noRoom = settingsFrame([SETTING.INITIAL_WINDOW_SIZE, 0]);
    peer.send(noRoom, headersFrame(1, requestFields(), { endStream: true }), pingFrame());
    await until(() => peer.all(FRAME_TYPE.ping).length > 0);
    expect(answeredOn(1, peer.frames)).toEqual([NOT_GRPC_HEAD]);
    peer.send(windowUpdateFrame(1, 1000));
    expect(await rig.answer(1)).toEqual(NOT_GRPC);
  });

  it.each<[what: string, fields: Field[]]>([
    ['GET', [[':method', 'GET'], ...requestFields(ECHO).slice(1)]],
    [
      'CONNECT, which has no path',
      [
        [':method', 'CONNECT'],
        [':authority', 'localhost'],
      ],
    ],
  ])('answers a gRPC request of %s with 405', async (_what, fields) => {
    await using rig = await NativeRig.start();
    rig.peer.send(headersFrame(1, [...fields, GRPC], { endStream: true }));
    expect(await rig.answer(1)).toEqual(NOT_POST);
    expect(rig.at.door.entered).toBe(0);
    expect(await rig.echo(3)).toEqual(ECHOED);
  });

  it('answers a request with more headers than the limit with 431, before a byte of its body has come', async () => {
    await using rig = await NativeRig.start();
    const fields = headersFrame(1, [...requestFields(ECHO), GRPC], { endHeaders: false });
    rig.peer.send(fields, continuationFrame(1, headerBlock([['x-long', 'y'.repeat(16_300)]]), true));
    expect(await rig.answer(1)).toEqual([{ ':status': '431' }]);
    expect(await rig.peer.resetOf(1)).toBe(ERROR_CODE.NO_ERROR);
    expect(rig.at.door.entered).toBe(0);
    expect(await rig.echo(3)).toEqual(ECHOED);
  });
});

describe('NativeConnection, with calls that it turns away', () => {
  it.each<[what: string, fields: Field[], status: string, text: string]>([
    ['of unknown compression', [['grpc-encoding', 'br']], '12', "unknown grpc-encoding 'br'"],
    [
      'that names its compression twice',
      [
        ['grpc-encoding', 'gzip'],
        ['grpc-encoding', 'gzip'],
      ],
      '12',
      "unknown grpc-encoding 'gzip, gzip'",
    ],
    ['of a malformed timeout', [['grpc-timeout', 'soon']], '3', "got 'soon'"],
    [
      'that names two timeouts',
      [
        ['grpc-timeout', '1S'],
        ['grpc-timeout', '2S'],
      ],
      '3',
      "got '1S, 2S'",
    ],
    ['that is too late', [['grpc-timeout', '0n']], '4', 'deadline exceeded'],
  ])('answers one %s before a byte of its body has come', async (_what, fields, status, text) => {
    await using rig = await NativeRig.start();
    rig.peer.send(headersWith(...fields));
    const said = { 'grpc-status': status, 'grpc-message': expect.stringContaining(text) };
    expect(await rig.answer(1)).toMatchObject([{ ...ANSWER_HEAD, ...said }]);
    expect(await rig.peer.resetOf(1)).toBe(ERROR_CODE.NO_ERROR);
    expect([rig.at.door.entered, rig.at.observer.refusals]).toEqual([0, [{ path: ECHO, status: Number(status) }]]);
    expect(await rig.echo(3)).toEqual(ECHOED);
  });

  it('answers one of an unknown path', async () => {
    await using rig = await NativeRig.start();
    rig.peer.send(grpcHeadersFrame(1, '/test.Test/Other'));
    expect(await rig.answer(1)).toMatchObject([{ 'grpc-status': '12', 'grpc-message': "unknown method '/test.Test/Other'" }]);
    expect(await rig.echo(3)).toEqual(ECHOED);
  });

  it('answers one that the door does not let in, with all that the refusal says', async () => {
    await using rig = await NativeRig.start();
    const { door } = rig.at;
    door.refusal = new ServingError('overloaded', 'come back later', { retryAfterMs: 250 });
    rig.peer.send(headersWith());
    const details = Buffer.from('overloaded').toString('base64');
    const trailers = { 'grpc-status': '8', 'grpc-message': 'come back later', 'grpc-status-details-bin': details };
    expect(await rig.answer(1)).toEqual([{ ...ANSWER_HEAD, ...trailers, 'grpc-retry-pushback-ms': '250' }]);
    expect(await rig.peer.resetOf(1)).toBe(ERROR_CODE.NO_ERROR);
    door.refusal = undefined;
    expect(await rig.echo(3)).toEqual(ECHOED);
  });
});

describe('NativeConnection, with calls', () => {
  it.each(['application/grpc', 'application/grpc+proto', 'application/grpc;charset=utf-8', 'Application/gRPC'])(
    'serves those of %s',
    async (contentType) => {
      await using rig = await NativeRig.start();
      const head = headersFrame(1, [...requestFields(ECHO), ['content-type', contentType]]);
      rig.peer.send(head, dataFrame(1, frame('hello'), true));
      expect(await rig.answer(1)).toEqual(ECHOED);
      await until(() => rig.at.door.left === 1);
      expect(rig.at.observer.ended).toEqual([0]);
    },
  );

  it('reads messages as their encoding says', async () => {
    await using rig = await NativeRig.start();
    rig.peer.send(headersWith(['grpc-encoding', 'gzip']), dataFrame(1, frame(gzipSync('hello'), true), true));
    expect(await rig.answer(1)).toEqual(ECHOED);
  });

  it('tells the handler what the headers say and who calls', async () => {
    const seen: unknown[] = [];
    const look = unary('Look', async (text, { path, peer, deadline, metadata }) => {
      seen.push(path, peer, deadline, metadata.get('x-a'), [...metadata.entries()]);
      return text;
    });
    await using rig = await NativeRig.start([look]);
    rig.clock.advance(1000);
    const fields: Field[] = [...requestFields('/test.Test/Look'), GRPC, ['grpc-timeout', '3S'], ['x-a', '1'], ['x-a', '2']];
    rig.peer.send(headersFrame(1, fields), dataFrame(1, frame('hello'), true));
    expect(await rig.answer(1)).toEqual(ECHOED);
    const caller = { address: `127.0.0.1:${rig.peer.socket.localPort}`, local: true };
    const metadata = [
      ['x-a', '1'],
      ['x-a', '2'],
    ];
    expect(seen).toEqual(['/test.Test/Look', caller, 4000, '1', metadata]);
  });

  it('loses one call, and says why, where there is a mistake in what looks at its headers', async () => {
    await using rig = await NativeRig.start();
    const { door, internalErrors } = rig.at;
    const mistake = new TypeError('undefined is not a function');
    const enter = door.enter.bind(door);
    door.enter = () => {
      throw mistake;
    };
    rig.peer.send(headersWith());
    expect(await rig.peer.resetOf(1)).toBe(ERROR_CODE.INTERNAL_ERROR);
    expect(internalErrors).toEqual([mistake]);
    door.enter = enter;
    expect(await rig.echo(3)).toEqual(ECHOED);
  });

  it('cancels those of a client that is gone, each once', async () => {
    await using rig = await NativeRig.start([hold]);
    const { door, observer, internalErrors } = rig.at;
    rig.peer.send(helloTo(HOLD, 1), helloTo(HOLD, 3));
    await until(() => door.inside.size === 2);
    rig.peer.drop();
    await until(() => door.inside.size === 0);
    expect([door.left, observer.ended, internalErrors]).toEqual([2, [1, 1], []]);
  });
});
