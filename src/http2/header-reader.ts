import type { ControlFrames } from './control-frames.js';
import { ConnectionError, ERROR_CODE, protocolError } from './error-code.js';
import { FLAG } from './frame.js';
import { HeaderBlock, readHeadersPayload } from './header-block.js';
import { HpackDecoder } from './hpack/decoder.js';
import type { HeaderField } from './hpack/header-field.js';

export interface HeaderSink {
  /** The fields of a header block; of an oversized one those that are within the limit. False where nobody takes them: their stream is over, or comes too late. */
  onHeaderList(streamId: number, isLast: boolean, fields: readonly HeaderField[], isOversized: boolean): boolean;
  /** A header block that makes its stream depend on itself. It is decoded. */
  onSelfDependency(streamId: number): void;
}

/** The peer's blocks are decoded with as large a table. RFC 7541's own default, which no setting has to say. */
const HEADER_TABLE_BYTES = 4096;
/** A list that is over its limit can still be answered while its block is not over this many times the limit. */
const MAX_BLOCK_TO_LIST = 4;
/** A list this many times over its limit is no mistake: a small block unpacks to it by naming a large field of the table again and again. */
const MAX_LIST_EXCESS = 16;
/** So many frames carry any block that is within its limit, if they are not made to be many. */
const MAX_BLOCK_FRAMES = 16;

/**
 * Reads HEADERS and the CONTINUATIONs behind it: RFC 9113 sections 4.3, 6.2 and 6.10. Every block is decoded, whatever becomes of its stream, since the
 * tables of both sides go on together.
 */
export class HeaderReader {
  readonly #decoder = new HpackDecoder(HEADER_TABLE_BYTES);
  readonly #maxListBytes: number;
  readonly #sink: HeaderSink;
  readonly #control: Pick<ControlFrames, 'spend'>;
  #block: HeaderBlock | undefined;

  /** Blocks that nobody takes are within the allowance of `control`. */
  constructor(maxListBytes: number, sink: HeaderSink, control: Pick<ControlFrames, 'spend'>) {
    this.#maxListBytes = maxListBytes;
    this.#sink = sink;
    this.#control = control;
  }

  /** Whether a block has begun and not ended: then nothing but its continuation may come. */
  get isWithinBlock(): boolean {
    return this.#block !== undefined;
  }

  onHeaders(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    // Section 5.1.1.
    if (streamId % 2 === 0) throw protocolError('a client has streams of odd numbers');
    const isLast = (flags & FLAG.END_STREAM) !== 0;
    let from = start;
    let to = end;
    if (flags & (FLAG.PADDED | FLAG.PRIORITY)) {
      const payload = readHeadersPayload(flags, bytes, start, end);
      from = payload.start;
      to = payload.end;
      if (payload.dependency === streamId) return this.#onSelfDependency(flags, streamId, bytes, from, to);
    }
    if (flags & FLAG.END_HEADERS) this.#decode(streamId, isLast, bytes, from, to);
    else this.#begin(streamId, isLast, bytes, from, to);
  }

  /** Any frame within a block. Throws unless it continues it. */
  onContinuation(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    const block = this.#block;
    if (block === undefined) throw protocolError('a CONTINUATION frame continues nothing');
    block.add(type, streamId, bytes, start, end);
    if ((flags & FLAG.END_HEADERS) === 0) return;
    this.#block = undefined;
    const whole = block.whole();
    this.#decode(block.streamId, block.isLast, whole, 0, whole.length);
  }

  #begin(streamId: number, isLast: boolean, bytes: Buffer, start: number, end: number): void {
    const limits = { maxBytes: this.#maxListBytes * MAX_BLOCK_TO_LIST, maxFragments: MAX_BLOCK_FRAMES };
    this.#block = new HeaderBlock(streamId, isLast, Buffer.from(bytes.subarray(start, end)), limits);
  }

  #decode(streamId: number, isLast: boolean, bytes: Buffer, start: number, end: number): void {
    const fields: HeaderField[] = [];
    const listBytes = this.#decoder.decode(bytes, start, end, this.#maxListBytes, fields);
    if (listBytes > MAX_LIST_EXCESS * this.#maxListBytes) {
      throw new ConnectionError(
        ERROR_CODE.ENHANCE_YOUR_CALM,
        `a header list of ${listBytes} bytes is far over the limit of ${this.#maxListBytes}`,
      );
    }
    if (!this.#sink.onHeaderList(streamId, isLast, fields, listBytes > this.#maxListBytes)) this.#control.spend();
  }

  /** RFC 7540 section 5.3.1, of a scheme that RFC 9113 has given up; peers are still held to it. */
  #onSelfDependency(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if ((flags & FLAG.END_HEADERS) === 0) throw protocolError('a stream depends on itself');
    this.#decoder.decode(bytes, start, end, 0, []);
    this.#sink.onSelfDependency(streamId);
  }
}
