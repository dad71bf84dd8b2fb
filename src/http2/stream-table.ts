import { Allowance, type Rate } from './allowance.js';
import { ConnectionError, ERROR_CODE, type ErrorCode, protocolError } from './error-code.js';
import { DEFAULT_WINDOW, MAX_STREAM_ID } from './frame.js';
import type { FrameWriter } from './frame-writer.js';
import type { HeaderSink } from './header-reader.js';
import type { HeaderField } from './hpack/header-field.js';
import type { ReceiveWindows } from './receive-windows.js';
import { areTrailers, type RequestHead, readRequestHead } from './request-head.js';
import { ResetStreams } from './reset-streams.js';
import type { Sender } from './sender.js';
import { Stream, type StreamHost } from './stream.js';
import { StreamLimit } from './stream-limit.js';

export interface StreamLimits {
  readonly maxConcurrentStreams: number;
  readonly streamWindowBytes: number;
  /** Streams that the peer gives up, or that we have to: the price of a rapid reset (CVE-2023-44487). */
  readonly resets: Rate;
}

/** Who takes the requests of a connection. */
export interface RequestSink {
  onRequest(stream: Stream, head: RequestHead): void;
  onOversizedRequest(stream: Stream): void;
  /** What a listener threw, or one of the above. Its stream is reset; nothing else is touched. */
  onInternalError(error: unknown): void;
  onStreamClosed(): void;
}

/** What the table works with, all of the same connection. */
export interface StreamTableParts {
  readonly sink: RequestSink;
  readonly writer: FrameWriter;
  readonly sender: Sender;
  readonly windows: ReceiveWindows;
  readonly clock: { now(): number };
}

/** Of the streams that we ended twice the limit is remembered, within these: a peer that has not heard of the limit yet goes by none. */
const MIN_RESET_STREAMS = 256;
const MAX_RESET_STREAMS = 4096;

/** The streams of a connection, from the header block that opens one to whatever closes it: RFC 9113 section 5.1. */
export class StreamTable implements StreamHost, HeaderSink {
  readonly limit: StreamLimit;
  readonly #streams = new Map<number, Stream>();
  readonly #parts: StreamTableParts;
  readonly #sink: RequestSink;
  readonly #sender: Sender;
  readonly #windows: ReceiveWindows;
  readonly #streamWindowBytes: number;
  /** What the peer may send on a stream that it opens now. */
  #streamWindow: number;
  readonly #resets: Allowance;
  readonly #resetStreams: ResetStreams;
  #lastStreamId = 0;
  #lastTakenId = MAX_STREAM_ID;
  /** What the peer may have sent, within their windows, on streams that it did not know to be over. */
  #strayBytes = 0;

  constructor(limits: StreamLimits, parts: StreamTableParts) {
    this.#parts = parts;
    this.#sink = parts.sink;
    this.#sender = parts.sender;
    this.#windows = parts.windows;
    this.limit = new StreamLimit(limits.maxConcurrentStreams);
    this.#streamWindowBytes = limits.streamWindowBytes;
    // Section 6.9.3: whoever has not heard of a smaller window goes by the default.
    this.#streamWindow = Math.max(limits.streamWindowBytes, DEFAULT_WINDOW);
    this.#resets = new Allowance(limits.resets, parts.clock.now());
    this.#resetStreams = new ResetStreams(Math.min(Math.max(2 * limits.maxConcurrentStreams, MIN_RESET_STREAMS), MAX_RESET_STREAMS));
  }

  get size(): number {
    return this.#streams.size;
  }

  /** The last stream that was taken, or may have been. What a GOAWAY names it never raises again (section 6.8). */
  get lastTakenId(): number {
    return Math.min(this.#lastStreamId, this.#lastTakenId);
  }

  /** Whether a stream that the peer opens now would be taken. */
  get takesNew(): boolean {
    return this.#lastTakenId === MAX_STREAM_ID;
  }

  /** Takes no streams beyond those that there were, and returns the last of them. */
  takeNoMore(): number {
    this.#lastTakenId = this.lastTakenId;
    return this.#lastTakenId;
  }

  find(streamId: number): Stream | undefined {
    return this.#streams.get(streamId);
  }

  onHeaderList(streamId: number, isLast: boolean, fields: readonly HeaderField[], isOversized: boolean): boolean {
    if (streamId > this.#lastStreamId) return this.#onNewStream(streamId, isLast, fields, isOversized);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) this.assertStray(streamId, 'HEADERS');
    else this.#onTrailers(stream, fields, isLast);
    return stream !== undefined;
  }

  onSelfDependency(streamId: number): void {
    this.#lastStreamId = Math.max(this.#lastStreamId, streamId);
    this.refuseById(streamId, ERROR_CODE.PROTOCOL_ERROR);
  }

  /** False behind our last GOAWAY: the peer takes it elsewhere, once it has heard of it (section 6.8). */
  #onNewStream(streamId: number, isLast: boolean, fields: readonly HeaderField[], isOversized: boolean): boolean {
    this.#lastStreamId = streamId;
    const isTaken = streamId <= this.#lastTakenId;
    if (isTaken) this.#open(streamId, isLast, fields, isOversized);
    else this.#strayBytes += this.#streamWindow;
    return isTaken;
  }

  #open(streamId: number, isLast: boolean, fields: readonly HeaderField[], isOversized: boolean): void {
    if (this.#streams.size >= this.limit.enforced) return this.refuseById(streamId, ERROR_CODE.REFUSED_STREAM);
    const head = isOversized ? undefined : readRequestHead(fields);
    if (head === undefined && !isOversized) return this.refuseById(streamId, ERROR_CODE.PROTOCOL_ERROR);
    // Section 8.1.1: a body of the length that was said.
    if (isLast && (head?.contentLength ?? 0) > 0) return this.refuseById(streamId, ERROR_CODE.PROTOCOL_ERROR);
    const stream = new Stream(streamId, this, this.#sender.initialWindow, this.#streamWindow, head?.contentLength);
    stream.remoteClosed = isLast;
    this.#streams.set(streamId, stream);
    this.#announce(stream, head);
    if (isLast && !stream.isOver) stream.tellEnd();
  }

  #announce(stream: Stream, head: RequestHead | undefined): void {
    try {
      if (head === undefined) this.#sink.onOversizedRequest(stream);
      else this.#sink.onRequest(stream, head);
    } catch (error) {
      this.failed(stream, error);
    }
  }

  /** Section 8.1: a second header block ends the request. */
  #onTrailers(stream: Stream, fields: readonly HeaderField[], isLast: boolean): void {
    if (stream.remoteClosed) this.refuse(stream, ERROR_CODE.STREAM_CLOSED);
    else if (!isLast || !areTrailers(fields)) this.refuse(stream, ERROR_CODE.PROTOCOL_ERROR);
    else this.endRequest(stream);
  }

  /** Nothing more of the request comes. As many bytes came as the content-length says, where it says so: section 8.1.1. */
  endRequest(stream: Stream): void {
    if (stream.contentLeft !== undefined && stream.contentLeft !== 0) return this.refuse(stream, ERROR_CODE.PROTOCOL_ERROR);
    stream.remoteClosed = true;
    stream.tellEnd();
  }

  /** The peer goes by our settings. The first of them may have made windows smaller, of which it has used some by now (section 6.9.3). */
  settingsAcknowledged(): void {
    this.limit.acknowledge();
    const excess = this.#streamWindow - this.#streamWindowBytes;
    if (excess === 0) return;
    this.#streamWindow = this.#streamWindowBytes;
    for (const stream of this.#streams.values()) stream.receiveWindow -= excess;
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE changes what is left of every window: section 6.9.2. */
  resizeWindows(size: number): void {
    const change = size - this.#sender.initialWindow;
    if (change === 0) return;
    this.#sender.initialWindow = size;
    for (const stream of this.#streams.values()) {
      if (!this.#sender.widenStream(stream, change))
        throw new ConnectionError(ERROR_CODE.FLOW_CONTROL_ERROR, 'the window of a stream is over 31 bits');
    }
  }

  /** Throws unless frames of the stream, which is not open, may still come: we ended it, or never took it (section 5.1, "closed"). */
  assertStray(streamId: number, frame: string): void {
    if (streamId > this.#lastStreamId) throw protocolError(`${frame} is on an idle stream`);
    if (streamId <= this.#lastTakenId && !this.#resetStreams.has(streamId)) {
      throw new ConnectionError(ERROR_CODE.STREAM_CLOSED, `${frame} is on a closed stream`);
    }
  }

  /** DATA of a stream that is not open: false where it is more than the peer may have sent in good faith. */
  takeStray(bytes: number): boolean {
    this.#strayBytes -= Math.max(1, bytes);
    if (this.#strayBytes >= 0) return true;
    this.#strayBytes = 0;
    return false;
  }

  /** Section 5.1.1: streams of even numbers are the server's, and we open none. */
  isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId > this.#lastStreamId;
  }

  /** The peer has reset it. */
  resetByPeer(stream: Stream, code: number): void {
    this.#close(stream);
    stream.tellReset(code);
  }

  /** Ends a stream for the peer's fault; its listener is told. */
  refuse(stream: Stream, code: ErrorCode): void {
    this.reset(stream, code);
    stream.tellReset(code);
    this.spendReset();
  }

  /** The same of a stream that may not be open; it must not be idle (section 6.4). */
  refuseById(streamId: number, code: ErrorCode): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) return this.refuse(stream, code);
    this.#strayBytes += this.#streamWindow;
    this.#writeReset(streamId, code);
    this.spendReset();
  }

  /** A stream more is reset or refused. */
  spendReset(): void {
    if (this.#resets.spend(this.#parts.clock)) return;
    throw new ConnectionError(ERROR_CODE.ENHANCE_YOUR_CALM, 'too many streams are reset or refused');
  }

  /** All of them are over. */
  abandon(): void {
    for (const stream of [...this.#streams.values()]) {
      if (stream.isOver) continue;
      this.#close(stream);
      stream.tellReset(ERROR_CODE.CANCEL);
    }
  }

  writeHeaders(stream: Stream, fields: readonly HeaderField[], isLast: boolean): void {
    if (canSend(stream)) this.#sender.headers(stream, fields, isLast);
  }

  writeData(stream: Stream, head: Uint8Array, body: Uint8Array): void {
    if (canSend(stream)) this.#sender.data(stream, head, body);
  }

  writeTrailers(stream: Stream, fields: readonly HeaderField[]): void {
    if (canSend(stream)) this.#sender.trailers(stream, fields);
  }

  reset(stream: Stream, code: ErrorCode): void {
    if (stream.isOver) return;
    if (!stream.remoteClosed) this.#strayBytes += Math.max(0, stream.receiveWindow);
    this.#writeReset(stream.id, code);
    this.#close(stream);
  }

  consumed(stream: Stream, bytes: number): void {
    this.#windows.giveBackOf(stream, bytes);
  }

  expects(stream: Stream, bytes: number): void {
    this.#windows.expect(stream, bytes);
  }

  afterWrite(onWritten: () => void): void {
    this.#sender.afterWrite(onWritten);
  }

  failed(stream: Stream, error: unknown): void {
    this.#sink.onInternalError(error);
    if (stream.isOver) return;
    this.reset(stream, ERROR_CODE.INTERNAL_ERROR);
    stream.tellReset(ERROR_CODE.INTERNAL_ERROR);
  }

  /** The response is out. Whoever still sends its request is told that nobody listens: section 8.1. */
  responded(stream: Stream): void {
    if (stream.remoteClosed) this.#close(stream);
    else this.reset(stream, ERROR_CODE.NO_ERROR);
  }

  #close(stream: Stream): void {
    stream.isOver = true;
    this.#sender.forget(stream);
    this.#streams.delete(stream.id);
    this.#sink.onStreamClosed();
  }

  #writeReset(streamId: number, code: ErrorCode): void {
    this.#resetStreams.add(streamId);
    this.#parts.writer.reset(streamId, code);
  }
}

function canSend(stream: Stream): boolean {
  return !stream.isOver && stream.trailers === undefined;
}
