import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HpackEncoder } from '../../../src/http2/hpack/encoder.js';
import { HeaderField } from '../../../src/http2/hpack/header-field.js';
import { Output } from '../../../src/http2/output.js';
import { Sender } from '../../../src/http2/sender.js';
import { Stream, type StreamHost } from '../../../src/http2/stream.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { FRAME_TYPE, type Frame, framesOf } from '../../support/h2-frames.js';
import { ReferenceHpack } from '../../support/reference-hpack.js';

const NOTHING = new Uint8Array(0);
const TRAILERS = [new HeaderField('grpc-status', '0')];

class Rig {
  readonly socket = new FakeSocket();
  readonly output: Output;
  readonly sender: Sender;
  readonly ended: number[] = [];
  readonly drained: number[] = [];

  constructor(highWaterBytes = 1_000_000) {
    this.output = new Output(this.socket.asSocket(), highWaterBytes, () => this.sender.pump());
    this.sender = new Sender(this.output, new HpackEncoder(), (stream) => {
      this.ended.push(stream.id);
    });
  }

  stream(id: number, window = 65_535): Stream {
    const stream = new Stream(id, {} as StreamHost, window, 0, undefined);
    stream.listener = { onData: () => undefined, onEnd: () => undefined, onReset: () => undefined, onDrain: () => this.drained.push(id) };
    return stream;
  }

  sent(): Frame[] {
    this.output.flush();
    return framesOf(this.socket.take());
  }

  /** Stream and length of each DATA frame. */
  lengths(): number[][] {
    return this.sent().map(({ streamId, payload }) => [streamId, payload.length]);
  }
}

describe('Sender', () => {
  it('counts the frames that it sent whole', () => {
    const rig = new Rig();
    const stream = rig.stream(1, 40_000);
    rig.sender.headers(stream, [new HeaderField(':status', '200')], false);
    rig.sender.data(stream, NOTHING, Buffer.alloc(20_000));
    expect([rig.lengths().length, rig.sender.sentFrames]).toEqual([3, 3]);
    // One of the largest size, one that ends with the window, the rest, and the trailers.
    rig.sender.data(stream, NOTHING, Buffer.alloc(21_000));
    rig.sender.trailers(stream, TRAILERS);
    expect([rig.lengths(), rig.sender.sentFrames]).toEqual([
      [
        [1, 16_384],
        [1, 3616],
      ],
      4,
    ]);
    rig.sender.widenStream(stream, 5000);
    rig.sender.pump();
    expect([rig.lengths().length, rig.sender.sentFrames]).toEqual([2, 6]);
  });

  it('builds headers, message and trailers side by side', () => {
    const rig = new Rig();
    const stream = rig.stream(1);
    rig.sender.headers(stream, [new HeaderField(':status', '200')], false);
    rig.sender.data(stream, Buffer.from('head'), Buffer.from('body'));
    rig.sender.trailers(stream, TRAILERS);
    rig.output.flush();
    expect(rig.socket.writes).toBe(1);
    const [headers, data, trailers] = rig.sent();
    expect(headers).toMatchObject({ type: FRAME_TYPE.headers, flags: 4, streamId: 1, payload: Buffer.from([0x88]) });
    expect(data).toMatchObject({ type: FRAME_TYPE.data, flags: 0, streamId: 1, payload: Buffer.from('headbody') });
    expect(trailers).toMatchObject({ type: FRAME_TYPE.headers, flags: 5, streamId: 1 });
    expect(rig.ended).toEqual([1]);
  });

  it('ends without trailers with an empty frame, and sends none otherwise', () => {
    const rig = new Rig();
    const stream = rig.stream(1);
    rig.sender.data(stream, NOTHING, NOTHING);
    rig.sender.trailers(stream, []);
    expect(rig.sent()).toEqual([{ type: FRAME_TYPE.data, flags: 1, streamId: 1, payload: Buffer.alloc(0) }]);
    expect(rig.ended).toEqual([1]);
  });

  it('splits a message into frames', () => {
    const rig = new Rig();
    const body = Buffer.alloc(40_000, 'b');
    rig.sender.data(rig.stream(1), Buffer.from('12345'), body);
    const frames = rig.sent();
    expect(frames.map(({ payload }) => payload.length)).toEqual([16_384, 16_384, 7237]);
    expect(Buffer.concat(frames.map(({ payload }) => payload)).equals(Buffer.concat([Buffer.from('12345'), body]))).toBe(true);
  });

  it('goes by the frame size of the peer', () => {
    const rig = new Rig();
    rig.sender.maxFrameBytes = 20_000;
    rig.sender.data(rig.stream(1), NOTHING, Buffer.alloc(30_000));
    expect(rig.lengths()).toEqual([
      [1, 20_000],
      [1, 10_000],
    ]);
  });

  it('splits a header block into CONTINUATIONs', () => {
    const rig = new Rig();
    const fields = Array.from({ length: 50 }, (_, index) => new HeaderField(`name-${index}`, '\xff'.repeat(1000)));
    rig.sender.headers(rig.stream(3), fields, true);
    const frames = rig.sent();
    expect(frames.map(({ type, flags, streamId }) => [type, flags, streamId])).toEqual([
      [FRAME_TYPE.headers, 1, 3],
      [FRAME_TYPE.continuation, 0, 3],
      [FRAME_TYPE.continuation, 0, 3],
      [FRAME_TYPE.continuation, 4, 3],
    ]);
    expect(new ReferenceHpack(4096).decode(Buffer.concat(frames.map(({ payload }) => payload)))).toEqual(
      fields.map(({ name, value }) => [name, value]),
    );
  });

  it('waits for the window of the stream, trailers last, and tells when there is room', () => {
    const rig = new Rig();
    const stream = rig.stream(1, 10);
    rig.sender.data(stream, Buffer.from('head!'), Buffer.from('0123456789'));
    rig.sender.trailers(stream, TRAILERS);
    expect([rig.lengths(), stream.isBacklogged, rig.ended]).toEqual([
      [
        [1, 5],
        [1, 5],
      ],
      true,
      [],
    ]);
    expect(rig.sender.widenStream(stream, 4)).toBe(true);
    rig.sender.pump();
    expect([rig.lengths(), rig.drained]).toEqual([[[1, 4]], []]);
    rig.sender.widenStream(stream, 100);
    rig.sender.pump();
    expect(rig.sent().map(({ type, payload }) => [type, payload.length > 0])).toEqual([
      [FRAME_TYPE.data, true],
      [FRAME_TYPE.headers, true],
    ]);
    expect([stream.isBacklogged, rig.ended, rig.drained]).toEqual([false, [1], [1]]);
  });

  it('copies the head of a message that waits', () => {
    const rig = new Rig();
    const stream = rig.stream(1, 0);
    const head = Buffer.from('head!');
    rig.sender.data(stream, head, NOTHING);
    head.fill(0);
    rig.sender.widenStream(stream, 5);
    rig.sender.pump();
    expect(rig.sent()[0]?.payload.toString()).toBe('head!');
  });

  it('sends nothing over a window that a setting has made negative', () => {
    const rig = new Rig();
    const [first, second] = [rig.stream(1, 70_000), rig.stream(3, 100)];
    rig.sender.data(first, NOTHING, Buffer.alloc(65_536));
    // Only the window of the connection is missing now, to either of them.
    rig.sender.data(second, NOTHING, Buffer.alloc(50));
    rig.sent();
    rig.sender.widenStream(second, -150);
    rig.sender.widen(1000);
    rig.sender.pump();
    expect([rig.lengths(), second.sendWindow]).toEqual([[[1, 1]], -50]);
    rig.sender.widenStream(second, 60);
    rig.sender.pump();
    expect(rig.lengths()).toEqual([[3, 10]]);
  });

  it('refuses windows over 31 bits', () => {
    const rig = new Rig();
    const stream = rig.stream(1, 10);
    expect([rig.sender.widen(2 ** 31 - 1 - 65_535), rig.sender.widen(1)]).toEqual([true, false]);
    expect([rig.sender.widenStream(stream, 2 ** 31 - 11), rig.sender.widenStream(stream, 1)]).toEqual([true, false]);
  });

  it('takes turns, a frame of each stream', () => {
    const rig = new Rig();
    const streams = [rig.stream(1, 0), rig.stream(3, 0), rig.stream(5, 0)];
    for (const stream of streams) rig.sender.data(stream, NOTHING, Buffer.alloc(20_000));
    for (const stream of streams) rig.sender.widenStream(stream, 20_000);
    rig.sender.pump();
    expect(rig.lengths()).toEqual([
      [1, 16_384],
      [3, 16_384],
      [5, 16_384],
      [1, 3616],
      [3, 3616],
      [5, 3616],
    ]);
  });

  it('lets a small answer pass a large one, though the windows have room for all of it', () => {
    const rig = new Rig(100_000);
    const [large, small] = [rig.stream(1, 2_000_000), rig.stream(3)];
    rig.sender.widen(2_000_000);
    rig.sender.data(large, NOTHING, Buffer.alloc(1_000_000));
    rig.sender.data(small, NOTHING, Buffer.alloc(10));
    const order: number[] = [];
    for (let frames = rig.sent(); frames.length > 0; frames = rig.sent()) order.push(...frames.map(({ streamId }) => streamId));
    expect(order.filter((id) => id === 1)).toHaveLength(Math.ceil(1_000_000 / 16_384));
    expect(order.indexOf(3)).toBeLessThan(10);
  });

  it('sends no more than the socket takes', () => {
    const rig = new Rig(20_000);
    rig.socket.isHeld = true;
    const stream = rig.stream(1);
    for (let index = 0; index < 6; index++) rig.sender.data(stream, NOTHING, Buffer.alloc(10_000));
    const sizes = () => rig.lengths().reduce((sum, [, length = 0]) => sum + length, 0);
    expect(sizes()).toBe(20_000);
    rig.socket.drain();
    expect(sizes()).toBe(20_000);
    rig.socket.drain();
    expect([sizes(), rig.drained]).toEqual([20_000, [1]]);
  });

  it('drops what waits of a stream that is forgotten', () => {
    const rig = new Rig();
    const stream = rig.stream(1, 1);
    rig.sender.data(stream, NOTHING, Buffer.alloc(10));
    rig.sender.trailers(stream, TRAILERS);
    rig.sent();
    rig.sender.forget(stream);
    rig.sender.widenStream(stream, 100);
    rig.sender.pump();
    expect([rig.sent(), rig.drained, stream.trailers, stream.backlog]).toEqual([[], [], undefined, undefined]);
    rig.sender.forget(stream);
  });

  it('never exceeds a window, keeps the order of each stream and sends everything in the end', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('send' as const), stream: fc.nat(2), bytes: fc.integer({ min: 1, max: 30_000 }) }),
      fc.record({ kind: fc.constant('widen' as const), bytes: fc.integer({ min: 1, max: 40_000 }) }),
      fc.record({ kind: fc.constant('widenStream' as const), stream: fc.nat(2), bytes: fc.integer({ min: -30_000, max: 40_000 }) }),
      fc.record({ kind: fc.constant('flush' as const) }),
      fc.record({ kind: fc.constant('drain' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, isHeld) => {
        const rig = new Rig(30_000);
        rig.socket.isHeld = isHeld;
        const streams = [rig.stream(1, 1000), rig.stream(3, 20_000), rig.stream(5, 0)];
        const windows = [1000, 20_000, 0];
        const wanted = ['', '', ''];
        const got = ['', '', ''];
        let window = 65_535;
        let next = 0;
        const collect = () => {
          for (const { streamId, payload } of rig.sent()) {
            const index = (streamId - 1) / 2;
            expect(payload.length).toBeLessThanOrEqual(16_384);
            got[index] = `${got[index]}${payload.toString('latin1')}`;
            window -= payload.length;
            windows[index] = (windows[index] ?? 0) - payload.length;
            // A setting may take a window back that was used already, but nothing is sent over it.
            expect(Math.min(window, payload.length > 0 ? (windows[index] ?? 0) : 0)).toBeGreaterThanOrEqual(0);
          }
        };
        for (const each of steps) {
          collect();
          if (each.kind === 'widen') {
            window += each.bytes;
            rig.sender.widen(each.bytes);
            rig.sender.pump();
          } else if (each.kind === 'drain') rig.socket.drain();
          else if (each.kind !== 'flush') {
            const stream = streams[each.stream];
            if (stream === undefined) throw new Error('there is no such stream');
            if (each.kind === 'widenStream') {
              windows[each.stream] = (windows[each.stream] ?? 0) + each.bytes;
              rig.sender.widenStream(stream, each.bytes);
              rig.sender.pump();
            } else {
              const body = Buffer.alloc(each.bytes, 33 + (next++ % 90));
              wanted[each.stream] = `${wanted[each.stream]}${body.toString('latin1')}`;
              rig.sender.data(stream, NOTHING, body);
            }
          }
        }
        rig.sender.widen(10_000_000);
        for (const [index, stream] of streams.entries()) {
          windows[index] = (windows[index] ?? 0) + 10_000_000;
          rig.sender.widenStream(stream, 10_000_000);
        }
        window += 10_000_000;
        rig.sender.pump();
        for (let round = 0; round < 200; round++) {
          collect();
          rig.socket.drain();
        }
        expect(got.map((text, index) => text === wanted[index])).toEqual([true, true, true]);
        expect(streams.map(({ isBacklogged }) => isBacklogged)).toEqual([false, false, false]);
      }),
      { numRuns: 300 },
    );
  });
});
