import { ConnectionError, ERROR_CODE } from './error-code.js';
import { DEFAULT_WINDOW } from './frame.js';
import type { FrameWriter } from './frame-writer.js';
import type { Stream } from './stream.js';

/** How much the other side may send before somebody has taken it. */
export interface ReceiveLimits {
  /** Of one stream, and of all of them together; a connection never has less than HTTP/2's default. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** How far a stream's window may be opened for a message that is known to come, and only while it comes. */
  readonly maxStreamWindowBytes: number;
}

/**
 * What the peer may send: RFC 9113 section 5.2. What was consumed is given back once it is as much as the peer has left, so that a WINDOW_UPDATE goes
 * out for every half window, and one that is held up by streams that nobody reads never keeps back what the others could use.
 */
export class ReceiveWindows {
  readonly #limits: ReceiveLimits;
  readonly #writer: FrameWriter;
  /** What the peer may send on the connection, and what was consumed and not given back yet. */
  #left = DEFAULT_WINDOW;
  #unannounced = 0;

  constructor(limits: ReceiveLimits, writer: FrameWriter) {
    this.#limits = limits;
    this.#writer = writer;
  }

  /** Opens the connection's window as far as it goes; it begins with the default, whatever settings say (section 6.9.2). */
  open(): void {
    const wider = this.#limits.connectionWindowBytes - DEFAULT_WINDOW;
    if (wider <= 0) return;
    this.#unannounced = wider;
    this.#announce();
  }

  /** DATA has come, padding and all. */
  take(bytes: number): void {
    if (bytes > this.#left) throw new ConnectionError(ERROR_CODE.FLOW_CONTROL_ERROR, 'DATA is over the window of the connection');
    this.#left -= bytes;
    if (this.#unannounced >= this.#left) this.#announce();
  }

  /** False where it is over the window of its stream. */
  takeOf(stream: Stream, bytes: number): boolean {
    // A window may be negative, section 6.9.2, and a frame of nothing comes through any.
    if (bytes > Math.max(0, stream.receiveWindow)) return false;
    stream.receiveWindow -= bytes;
    return true;
  }

  /** To the connection alone. */
  giveBack(bytes: number): void {
    this.#unannounced += bytes;
    if (this.#unannounced >= this.#left) this.#announce();
  }

  giveBackOf(stream: Stream, bytes: number): void {
    this.giveBack(bytes);
    if (stream.remoteClosed || stream.isOver) return;
    stream.unannounced += stream.surplus === 0 ? bytes : bytes - takeBack(stream, bytes);
    if (stream.unannounced >= Math.abs(stream.receiveWindow)) this.#announceOf(stream);
  }

  /** Opens the stream's window for `bytes` that are still to come and will be consumed, at once and not by halves. Nothing of it is left behind them. */
  expect(stream: Stream, bytes: number): void {
    if (stream.remoteClosed || stream.isOver) return;
    const wanted = Math.min(bytes, this.#limits.maxStreamWindowBytes) - stream.receiveWindow - stream.unannounced;
    if (wanted <= 0) return;
    stream.expected = bytes;
    stream.surplus += wanted;
    stream.unannounced += wanted;
    this.#announceOf(stream);
  }

  #announce(): void {
    if (this.#unannounced === 0) return;
    this.#left += this.#unannounced;
    this.#writer.windowUpdate(0, this.#unannounced);
    this.#unannounced = 0;
  }

  #announceOf(stream: Stream): void {
    if (stream.unannounced === 0) return;
    stream.receiveWindow += stream.unannounced;
    this.#writer.windowUpdate(stream.id, stream.unannounced);
    stream.unannounced = 0;
  }
}

/** Of `bytes` that were consumed, those that are not given back: the end of what was expected needs no more of the surplus than its own length. */
function takeBack(stream: Stream, bytes: number): number {
  stream.expected = Math.max(0, stream.expected - bytes);
  const kept = Math.min(bytes, Math.max(0, stream.surplus - stream.expected));
  stream.surplus -= kept;
  return kept;
}
