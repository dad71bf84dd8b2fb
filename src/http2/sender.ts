import { DEFAULT_MAX_FRAME_BYTES, DEFAULT_WINDOW, FLAG, FRAME, FRAME_HEAD_BYTES, MAX_WINDOW, writeFrameHead } from './frame.js';
import type { HpackEncoder } from './hpack/encoder.js';
import type { HeaderField } from './hpack/header-field.js';
import type { Output } from './output.js';
import type { Stream } from './stream.js';

const NOTHING = new Uint8Array(0);
/** Beyond it a message waits its turns as if it had to wait: else it would be written whole, however long the line takes for it, and others behind it. */
const MAX_AT_ONCE_BYTES = 256 * 1024;

/**
 * What streams send: header blocks at once, data as the windows of RFC 9113 section 5.2 and the socket allow. What has to wait is sent in turns, a
 * frame of each stream, so that a large response holds up no other.
 */
export class Sender {
  readonly #output: Output;
  readonly #encoder: HpackEncoder;
  readonly #onEnded: (stream: Stream) => void;
  /** Streams that have something to send and a window for it, next in turn first; undefined until something has to wait. */
  #ready: Set<Stream> | undefined;
  #window = DEFAULT_WINDOW;
  initialWindow = DEFAULT_WINDOW;
  /** Frames of streams that went out, but for those that a window cut short: what a peer may answer with frames of its own. */
  sentFrames = 0;
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;

  /** `onEnded` is told of each stream whose response is sent to its end. */
  constructor(output: Output, encoder: HpackEncoder, onEnded: (stream: Stream) => void) {
    this.#output = output;
    this.#encoder = encoder;
    this.#onEnded = onEnded;
  }

  headers(stream: Stream, fields: readonly HeaderField[], isLast: boolean): void {
    const bound = this.#encoder.bound(fields);
    const output = this.#output;
    const target = output.room(bound + FRAME_HEAD_BYTES);
    this.sentFrames += 1;
    const at = output.at;
    const start = at + FRAME_HEAD_BYTES;
    const end = this.#encoder.encode(fields, target, start);
    const flags = isLast ? FLAG.END_STREAM : 0;
    if (end - start <= this.maxFrameBytes) {
      writeFrameHead(target, at, end - start, FRAME.HEADERS, flags | FLAG.END_HEADERS, stream.id);
      output.at = end;
    } else this.#split(Buffer.from(target.subarray(start, end)), flags, stream.id);
    if (isLast) this.#onEnded(stream);
  }

  /** `head` is smaller than any frame. */
  data(stream: Stream, head: Uint8Array, body: Uint8Array): void {
    const length = head.length + body.length;
    if (length === 0) return;
    const goesAtOnce = length <= MAX_AT_ONCE_BYTES && length <= this.#window && length <= stream.sendWindow;
    if (goesAtOnce && stream.backlog === undefined && !this.#output.isFull) {
      this.#window -= length;
      stream.sendWindow -= length;
      this.#frames(stream.id, head, body);
      return;
    }
    stream.backlog ??= [];
    if (head.length > 0) stream.backlog.push(new Uint8Array(head));
    if (body.length > 0) stream.backlog.push(body);
    this.#await(stream);
    this.pump();
  }

  /** Behind everything that waits. */
  trailers(stream: Stream, fields: readonly HeaderField[]): void {
    if (stream.backlog !== undefined) stream.trailers = fields;
    else this.#end(stream, fields);
  }

  /** What the stream has waiting is dropped. */
  forget(stream: Stream): void {
    if (stream.backlog === undefined) return;
    stream.backlog = undefined;
    stream.trailers = undefined;
    this.#ready?.delete(stream);
  }

  /** As Output says. */
  afterWrite(onWritten: () => void): void {
    this.#output.afterWrite(onWritten);
  }

  /** False where the window would be larger than it may be: section 6.9.1. */
  widen(bytes: number): boolean {
    if (this.#window + bytes > MAX_WINDOW) return false;
    this.#window += bytes;
    return true;
  }

  widenStream(stream: Stream, bytes: number): boolean {
    if (stream.sendWindow + bytes > MAX_WINDOW) return false;
    stream.sendWindow += bytes;
    // A setting can take what a stream had: section 6.9.2.
    if (stream.sendWindow <= 0) this.#ready?.delete(stream);
    else this.#await(stream);
    return true;
  }

  /** Sends of what waits as much as may be sent now. */
  pump(): void {
    const ready = this.#ready;
    if (ready === undefined) return;
    while (this.#window > 0 && !this.#output.isFull) {
      const [stream] = ready;
      if (stream === undefined) return;
      ready.delete(stream);
      this.#sendFrame(stream);
    }
  }

  #await(stream: Stream): void {
    if (stream.backlog === undefined || stream.sendWindow <= 0) return;
    this.#ready ??= new Set();
    this.#ready.add(stream);
  }

  /** One frame of what waits, from one piece of it. */
  #sendFrame(stream: Stream): void {
    const { backlog = [] } = stream;
    const [first = NOTHING] = backlog;
    const length = Math.min(first.length, this.maxFrameBytes, this.#window, stream.sendWindow);
    if (length === first.length || length === this.maxFrameBytes) this.sentFrames += 1;
    this.#window -= length;
    stream.sendWindow -= length;
    this.#frame(stream.id, length, 0);
    this.#output.append(first, 0, length);
    if (length < first.length) backlog[0] = first.subarray(length);
    else backlog.shift();
    if (backlog.length > 0) this.#await(stream);
    else this.#emptied(stream);
  }

  #emptied(stream: Stream): void {
    const { trailers } = stream;
    stream.backlog = undefined;
    stream.trailers = undefined;
    if (trailers !== undefined) this.#end(stream, trailers);
    stream.tellDrain();
  }

  #end(stream: Stream, trailers: readonly HeaderField[]): void {
    if (trailers.length > 0) return this.headers(stream, trailers, true);
    const target = this.#output.room(FRAME_HEAD_BYTES);
    this.#output.at = writeFrameHead(target, this.#output.at, 0, FRAME.DATA, FLAG.END_STREAM, stream.id);
    this.#onEnded(stream);
  }

  #frames(streamId: number, head: Uint8Array, body: Uint8Array): void {
    const output = this.#output;
    let room = Math.min(this.maxFrameBytes, head.length + body.length);
    this.#frame(streamId, room, head.length);
    this.sentFrames += 1;
    if (head.length > 0) {
      output.room(head.length).set(head, output.at);
      output.at += head.length;
      room -= head.length;
    }
    output.append(body, 0, room);
    for (let at = room; at < body.length; at += room) {
      room = Math.min(this.maxFrameBytes, body.length - at);
      this.#frame(streamId, room, 0);
      this.sentFrames += 1;
      output.append(body, at, at + room);
    }
  }

  /** The head of a DATA frame; `more` bytes behind it are to lie in the same piece of memory. */
  #frame(streamId: number, length: number, more: number): void {
    const output = this.#output;
    const target = output.room(FRAME_HEAD_BYTES + more);
    output.at = writeFrameHead(target, output.at, length, FRAME.DATA, 0, streamId);
  }

  /** A header block over one frame goes on in CONTINUATIONs, with nothing between: section 6.10. */
  #split(block: Buffer, flags: number, streamId: number): void {
    for (let at = 0; at < block.length; at += this.maxFrameBytes) {
      const length = Math.min(this.maxFrameBytes, block.length - at);
      const last = at + length === block.length ? FLAG.END_HEADERS : 0;
      const target = this.#output.room(FRAME_HEAD_BYTES);
      const type = at === 0 ? FRAME.HEADERS : FRAME.CONTINUATION;
      this.#output.at = writeFrameHead(target, this.#output.at, length, type, (at === 0 ? flags : 0) | last, streamId);
      this.#output.append(block, at, at + length);
    }
  }
}
