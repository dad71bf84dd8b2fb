import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import { FrameReader, type FrameSink } from '../../../src/http2/frame-reader.js';
import {
  dataFrame,
  frameOf,
  headersFrame,
  paddedDataFrame,
  pingFrame,
  prefaceAndSettings,
  requestFields,
} from '../../support/h2-frames.js';

/** What a reader made of its bytes, the pieces of DATA put together. */
class Seen implements FrameSink {
  readonly events: string[] = [];
  #data = '';

  onPreface(): void {
    this.events.push('preface');
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    this.events.push(`${type} ${flags} ${streamId} ${bytes.toString('hex', start, end)}`);
  }

  onDataHead(flags: number, streamId: number, length: number): void {
    this.events.push(`data ${flags} ${streamId} ${length}`);
  }

  onDataPiece(bytes: Buffer, start: number, end: number): void {
    expect(end).toBeGreaterThan(start);
    this.#data += bytes.toString('hex', start, end);
  }

  onDataEnd(): void {
    this.events.push(`end ${this.#data}`);
    this.#data = '';
  }
}

function read(chunks: readonly Buffer[]): string[] {
  const seen = new Seen();
  const reader = new FrameReader(seen);
  for (const chunk of chunks) reader.read(chunk);
  return seen.events;
}

const CONVERSATION = Buffer.concat([
  prefaceAndSettings(),
  headersFrame(1, requestFields()),
  dataFrame(1, Buffer.from('abc'), false),
  paddedDataFrame(1, Buffer.from('defg'), 3, false),
  paddedDataFrame(1, Buffer.alloc(0), 2, false),
  paddedDataFrame(1, Buffer.from('h'), 0, false),
  dataFrame(1, Buffer.alloc(0), true),
  pingFrame(),
  frameOf(0x77, 0xff, 0xffffffff, Buffer.from('??')),
]);

const WHOLE = read([CONVERSATION]);

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...[...places].sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((place, index) => Buffer.from(bytes.subarray(sorted[index], place)));
}

describe('FrameReader', () => {
  it('cuts bytes into frames', () => {
    expect(WHOLE).toEqual([
      'preface',
      '4 0 0 ',
      expect.stringMatching(/^1 4 1 [0-9a-f]+$/),
      'data 0 1 3',
      `end ${Buffer.from('abc').toString('hex')}`,
      'data 8 1 8',
      `end ${Buffer.from('defg').toString('hex')}`,
      'data 8 1 3',
      'end ',
      'data 8 1 2',
      `end ${Buffer.from('h').toString('hex')}`,
      'data 1 1 0',
      'end ',
      `6 0 0 ${Buffer.from('12345678').toString('hex')}`,
      '119 255 2147483647 3f3f',
    ]);
  });

  it('reads the same of two chunks, cut at every place', () => {
    for (let place = 0; place <= CONVERSATION.length; place++) expect(read(cut(CONVERSATION, [place]))).toEqual(WHOLE);
  });

  it('reads the same of single bytes, and of any chunks', () => {
    expect(read(cut(CONVERSATION, [...CONVERSATION.keys()]))).toEqual(WHOLE);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: CONVERSATION.length }), { maxLength: 12 }), (places) => {
        expect(read(cut(CONVERSATION, places))).toEqual(WHOLE);
      }),
    );
  });

  it('reads the largest frame there may be, whole and in parts', () => {
    const frame = Buffer.concat([prefaceAndSettings(), frameOf(0x77, 0, 1, Buffer.alloc(16_384, 7))]);
    expect(read(cut(frame, [100, 5000]))).toEqual(read([frame]));
  });

  it('keeps apart what it gathers from what others gather meanwhile', () => {
    const readers = Array.from({ length: 3 }, () => new Seen()).map((seen) => ({ seen, reader: new FrameReader(seen) }));
    const longest = CONVERSATION.length;
    for (let at = 0; at < longest; at++) {
      for (const [index, { reader }] of readers.entries()) {
        // Each of them cuts elsewhere.
        const size = index + 3;
        if (at % size === 0) reader.read(Buffer.from(CONVERSATION.subarray(at, Math.min(longest, at + size))));
      }
    }
    expect(readers.map(({ seen }) => seen.events)).toEqual([WHOLE, WHOLE, WHOLE]);
  });

  it('hands DATA on without a copy', () => {
    const chunk = Buffer.concat([prefaceAndSettings(), dataFrame(1, Buffer.from('abc'), false)]);
    const pieces: Buffer[] = [];
    const sink = Object.assign(new Seen(), { onDataPiece: (bytes: Buffer) => pieces.push(bytes) });
    new FrameReader(sink).read(chunk);
    expect(pieces).toEqual([chunk]);
    expect(pieces[0]).toBe(chunk);
  });

  it.each([
    ['a preface of another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), ERROR_CODE.PROTOCOL_ERROR],
    ['its first byte alone', Buffer.from('G'), ERROR_CODE.PROTOCOL_ERROR],
    [
      'a frame over the limit',
      Buffer.concat([prefaceAndSettings(), frameOf(0x77, 0, 0, Buffer.alloc(16_385))]),
      ERROR_CODE.FRAME_SIZE_ERROR,
    ],
    ['padding without its length', Buffer.concat([prefaceAndSettings(), frameOf(0, 8, 1, Buffer.alloc(0))]), ERROR_CODE.FRAME_SIZE_ERROR],
    ['more padding than payload', Buffer.concat([prefaceAndSettings(), frameOf(0, 8, 1, Buffer.from([2, 0]))]), ERROR_CODE.PROTOCOL_ERROR],
  ])('refuses %s', (_name, bytes, code) => {
    expect(() => read([bytes])).toThrow(expect.objectContaining({ name: 'ConnectionError', code }));
    expect(() => read(cut(bytes, [...bytes.keys()]))).toThrow(expect.objectContaining({ code }));
  });

  it('names the frame that is not whole, except for DATA', () => {
    const reader = new FrameReader(new Seen());
    expect(reader.unfinishedFrame).toBeUndefined();
    reader.read(prefaceAndSettings());
    expect(reader.unfinishedFrame).toBeUndefined();
    const ping = pingFrame();
    reader.read(ping.subarray(0, 5));
    const first = reader.unfinishedFrame;
    expect(first).toBeDefined();
    reader.read(ping.subarray(5, 9));
    expect(reader.unfinishedFrame).toBeDefined();
    reader.read(Buffer.concat([ping.subarray(9), ping.subarray(0, 3)]));
    expect(reader.unfinishedFrame).not.toBe(first);
    reader.read(ping.subarray(3));
    expect(reader.unfinishedFrame).toBeUndefined();
    reader.read(dataFrame(1, Buffer.alloc(10), true).subarray(0, 12));
    expect(reader.unfinishedFrame).toBeUndefined();
  });

  it('reads nothing more once it is stopped, in the middle of a chunk', () => {
    const seen = new Seen();
    const reader: FrameReader = new FrameReader(Object.assign(seen, { onPreface: () => reader.stop() }));
    reader.read(CONVERSATION);
    reader.read(pingFrame());
    expect(seen.events).toEqual([]);
  });

  it('reads until as many frames as it is told have begun, says how far it got, and goes on from there', () => {
    const seen = new Seen();
    const reader = new FrameReader(seen);
    const [greeting, pings] = [prefaceAndSettings(), Buffer.concat([pingFrame(), pingFrame(), pingFrame()])];
    expect(reader.read(greeting)).toBe(greeting.length);
    const before = seen.events.length;
    const first = reader.read(pings, 2);
    expect([first, reader.frames, seen.events.length - before]).toEqual([17 + 9, 3, 1]);
    expect(reader.read(pings.subarray(first), 2)).toBe(pings.length - first);
    expect([reader.frames, seen.events.length - before]).toEqual([4, 3]);
  });
});
