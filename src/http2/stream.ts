import type { ErrorCode } from './error-code.js';
import type { HeaderField } from './hpack/header-field.js';

/** What becomes of a request's body, and of the stream. What it throws ends its stream with INTERNAL_ERROR, and nothing else. */
export interface StreamListener {
  /** A part of the body, to be copied: after the return others lie there. Whoever takes it calls `consume`, now or when there is room for more. */
  onData(bytes: Buffer, start: number, end: number): void;
  /** The body is complete. */
  onEnd(): void;
  /** The stream is over before it was complete, for the given reason. Nothing more comes and nothing more is sent. */
  onReset(code: number): void;
  /** Everything that was written is on its way: there is room for more. */
  onDrain(): void;
}

const DEAF: StreamListener = { onData: () => undefined, onEnd: () => undefined, onReset: () => undefined, onDrain: () => undefined };

/** What a stream needs of its connection. */
export interface StreamHost {
  writeHeaders(stream: Stream, fields: readonly HeaderField[], isLast: boolean): void;
  writeData(stream: Stream, head: Uint8Array, body: Uint8Array): void;
  writeTrailers(stream: Stream, fields: readonly HeaderField[]): void;
  reset(stream: Stream, code: ErrorCode): void;
  consumed(stream: Stream, bytes: number): void;
  expects(stream: Stream, bytes: number): void;
  afterWrite(onWritten: () => void): void;
  /** The stream's listener has thrown: our fault, and this stream's alone. */
  failed(stream: Stream, error: unknown): void;
}

/**
 * A request and its response. RFC 9113 section 5.1, of whose states a server sees four: `open`, either side closed, and closed, when the stream is
 * with its connection no more.
 */
export class Stream {
  readonly id: number;
  listener: StreamListener = DEAF;
  /** Whether the stream is closed: nothing more can be sent, and nothing more comes. For the connection to set. */
  isOver = false;
  readonly #host: StreamHost;

  // From here on for the connection alone.
  /** The request is complete. */
  remoteClosed = false;
  /** What we may send. May be negative: section 6.9.2. */
  sendWindow: number;
  /** What the other side may send. */
  receiveWindow: number;
  /** What was consumed and not given back to its window yet. */
  unannounced = 0;
  /** Of a message that is known to come: what is still to be consumed, and how far its window was opened for it beyond its own. */
  expected = 0;
  surplus = 0;
  /** Of the content-length; undefined where none was said. */
  contentLeft: number | undefined;
  /** What waits to be sent; undefined while nothing does. */
  backlog: Uint8Array[] | undefined = undefined;
  /** What goes out behind it. */
  trailers: readonly HeaderField[] | undefined = undefined;

  constructor(id: number, host: StreamHost, sendWindow: number, receiveWindow: number, contentLength: number | undefined) {
    this.id = id;
    this.#host = host;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.contentLeft = contentLength;
  }

  /** Whether bytes that were written wait, for the other side to make room. */
  get isBacklogged(): boolean {
    return this.backlog !== undefined;
  }

  /** The response's header block; with `isLast` it is all there is. */
  respond(fields: readonly HeaderField[], isLast = false): void {
    this.#host.writeHeaders(this, fields, isLast);
  }

  /** A part of the body: `head` and `body` behind it, of which `head` is copied and `body` must stay as it is. */
  send(head: Uint8Array, body: Uint8Array): void {
    this.#host.writeData(this, head, body);
  }

  /** Ends the response. A request that is not complete yet is not read any further (section 8.1). */
  end(trailers: readonly HeaderField[]): void {
    this.#host.writeTrailers(this, trailers);
  }

  /** Ends the stream with RST_STREAM, whatever waits. The listener is not told. */
  reset(code: ErrorCode): void {
    this.#host.reset(this, code);
  }

  /** Lets the other side send as many bytes more. */
  consume(bytes: number): void {
    this.#host.consumed(this, bytes);
  }

  /** So many bytes more are about to come and will be taken: the window may be opened for all of them at once. */
  expect(bytes: number): void {
    this.#host.expects(this, bytes);
  }

  /** Calls `onWritten` at some time after all that was sent is with the system; never, where the connection is lost before. Also for a stream that is over. */
  afterWrite(onWritten: () => void): void {
    this.#host.afterWrite(onWritten);
  }

  // What the connection tells the listener.
  tellData(bytes: Buffer, start: number, end: number): void {
    try {
      this.listener.onData(bytes, start, end);
    } catch (error) {
      this.#host.failed(this, error);
    }
  }

  tellEnd(): void {
    try {
      this.listener.onEnd();
    } catch (error) {
      this.#host.failed(this, error);
    }
  }

  /** The stream is over already. */
  tellReset(code: number): void {
    try {
      this.listener.onReset(code);
    } catch (error) {
      this.#host.failed(this, error);
    }
  }

  tellDrain(): void {
    try {
      this.listener.onDrain();
    } catch (error) {
      this.#host.failed(this, error);
    }
  }
}
