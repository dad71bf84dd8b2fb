import { describe, expect, it } from '@jest/globals';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import { HeaderReader, type HeaderSink } from '../../../src/http2/header-reader.js';
import type { HeaderField } from '../../../src/http2/hpack/header-field.js';
import { HpackError } from '../../../src/http2/hpack/hpack-error.js';
import {
  continuationFrame,
  type Field,
  FRAME_TYPE,
  framesOf,
  headerBlock,
  headerBlockFrame,
  headersFrame,
} from '../../support/h2-frames.js';

class Rig implements HeaderSink {
  readonly seen: unknown[] = [];
  spent = 0;
  /** Whether somebody takes what is read. */
  takes = true;
  readonly reader = new HeaderReader(1000, this, { spend: () => (this.spent += 1) });

  onHeaderList(streamId: number, isLast: boolean, fields: readonly HeaderField[], isOversized: boolean): boolean {
    this.seen.push([streamId, isLast, fields.map(({ name, value }) => `${name}=${value}`).join(), isOversized]);
    return this.takes;
  }

  onSelfDependency(streamId: number): void {
    this.seen.push(['self', streamId]);
  }

  receive(...frames: readonly Buffer[]): unknown[] {
    for (const { type, flags, streamId, payload } of framesOf(Buffer.concat(frames))) {
      if (this.reader.isWithinBlock || type === FRAME_TYPE.continuation)
        this.reader.onContinuation(type, flags, streamId, payload, 0, payload.length);
      else this.reader.onHeaders(flags, streamId, payload, 0, payload.length);
    }
    return this.seen.splice(0);
  }
}

const FIELDS: Field[] = [['a', 'b']];
const big = (bytes: number): Field[] => [['a', 'v'.repeat(bytes - 33)]];

describe('HeaderReader', () => {
  it('reads a block of one frame, padded and with a priority as well', () => {
    const rig = new Rig();
    expect(rig.receive(headersFrame(1, FIELDS))).toEqual([[1, false, 'a=b', false]]);
    expect(rig.receive(headersFrame(3, FIELDS, { endStream: true, padding: 5, dependency: 1 }))).toEqual([[3, true, 'a=b', false]]);
  });

  it('has blocks that nobody takes cost something, however many frames they come in', () => {
    const rig = new Rig();
    rig.receive(headersFrame(1, FIELDS), headersFrame(3, FIELDS, { dependency: 3 }));
    expect(rig.spent).toBe(0);
    rig.takes = false;
    rig.receive(headersFrame(1, FIELDS), headerBlockFrame(1, headerBlock(FIELDS), { endHeaders: false }));
    expect(rig.spent).toBe(1);
    rig.receive(continuationFrame(1, Buffer.alloc(0)));
    expect(rig.spent).toBe(2);
  });

  it('reads a block of several frames, cut anywhere', () => {
    const block = headerBlock([...FIELDS, ['c', 'd']]);
    for (let place = 0; place <= block.length; place++) {
      const rig = new Rig();
      const first = headerBlockFrame(1, block.subarray(0, place), { endHeaders: false, endStream: true });
      expect(rig.receive(first, continuationFrame(1, Buffer.alloc(0), false))).toEqual([]);
      expect(rig.reader.isWithinBlock).toBe(true);
      expect(rig.receive(continuationFrame(1, block.subarray(place)))).toEqual([[1, true, 'a=b,c=d', false]]);
      expect(rig.reader.isWithinBlock).toBe(false);
    }
  });

  it('says when a list is over the limit, exactly', () => {
    expect(new Rig().receive(headersFrame(1, big(1000)))).toMatchObject([[1, false, expect.any(String), false]]);
    expect(new Rig().receive(headersFrame(1, big(1001)))).toEqual([[1, false, '', true]]);
  });

  it('still reads a block of several times the limit, in frames', () => {
    const block = headerBlock(big(3900));
    expect(
      new Rig().receive(headerBlockFrame(1, block.subarray(0, 10), { endHeaders: false }), continuationFrame(1, block.subarray(10))),
    ).toEqual([[1, false, '', true]]);
  });

  it('ends a connection whose small block unpacks to many times the limit', () => {
    // A field of 1000 bytes enters the table and is named again.
    const block = (times: number) =>
      Buffer.concat([Buffer.from('400161', 'hex'), Buffer.from('7fc806', 'hex'), Buffer.alloc(967, 'v'), Buffer.alloc(times - 1, 0xbe)]);
    expect(new Rig().receive(headerBlockFrame(1, block(16)))).toEqual([[1, false, expect.stringMatching(/^a=v+$/), true]]);
    expect(() => new Rig().receive(headerBlockFrame(1, block(17)))).toThrow(
      expect.objectContaining({ code: ERROR_CODE.ENHANCE_YOUR_CALM }),
    );
  });

  it('decodes a block that makes a stream depend on itself, as the next one may need it', () => {
    const rig = new Rig();
    expect(rig.receive(headerBlockFrame(1, Buffer.from('4001610162', 'hex'), { dependency: 1 }))).toEqual([['self', 1]]);
    expect(rig.receive(headerBlockFrame(3, Buffer.from('be', 'hex')))).toEqual([[3, false, 'a=b', false]]);
  });

  it.each([
    ['an even stream', [headersFrame(2, FIELDS)], ERROR_CODE.PROTOCOL_ERROR],
    ['stream 0', [headersFrame(0, FIELDS)], ERROR_CODE.PROTOCOL_ERROR],
    ['a continuation of nothing', [continuationFrame(1, Buffer.alloc(0))], ERROR_CODE.PROTOCOL_ERROR],
    ['another block within a block', [headersFrame(1, FIELDS, { endHeaders: false }), headersFrame(3, FIELDS)], ERROR_CODE.PROTOCOL_ERROR],
    [
      'a continuation of another stream',
      [headersFrame(1, FIELDS, { endHeaders: false }), continuationFrame(3, Buffer.alloc(0))],
      ERROR_CODE.PROTOCOL_ERROR,
    ],
    ['self-dependency in parts', [headersFrame(1, FIELDS, { endHeaders: false, dependency: 1 })], ERROR_CODE.PROTOCOL_ERROR],
    [
      'more of a block than is held',
      [headersFrame(1, FIELDS, { endHeaders: false }), continuationFrame(1, Buffer.alloc(4000), false)],
      ERROR_CODE.ENHANCE_YOUR_CALM,
    ],
    [
      'more frames than a block needs',
      [headersFrame(1, FIELDS, { endHeaders: false }), ...Array.from({ length: 16 }, () => continuationFrame(1, Buffer.alloc(0), false))],
      ERROR_CODE.ENHANCE_YOUR_CALM,
    ],
  ])('refuses %s', (_name, frames, code) => {
    expect(() => new Rig().receive(...frames)).toThrow(expect.objectContaining({ code }));
  });

  it('lets through what the decoder refuses', () => {
    expect(() => new Rig().receive(headerBlockFrame(1, Buffer.from('80', 'hex')))).toThrow(HpackError);
  });
});
