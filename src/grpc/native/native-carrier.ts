import { ERROR_CODE } from '../../http2/error-code.js';
import type { Stream, StreamListener } from '../../http2/stream.js';
import type { CallStatus } from '../../wire/status.js';
import type { CarriedCall, Carrier } from '../carrier.js';
import { RESPONSE_HEADERS, trailersOf, trailersOnly } from './answers.js';
import { decompress, type MessageEncoding } from './compression.js';
import { MESSAGE_PREFIX_BYTES, MessageReader, type MessageSink } from './message-reader.js';
import { malformed, UnreadableBody } from './unreadable.js';

/** What a call's carrier has to know beside its stream. */
export interface CarrierOptions {
  readonly encoding: MessageEncoding;
  readonly maxMessageBytes: number;
}

/** What came while no message was asked for. */
interface Unread {
  readonly bytes: Buffer;
  start: number;
  readonly end: number;
}

/** Written again for each message, and copied at once. */
const prefix = Buffer.alloc(MESSAGE_PREFIX_BYTES);

/**
 * One gRPC call over one HTTP/2 stream. Messages are read when they are asked for; what comes before is held unread, and its window is not given back: so
 * that nobody can send more than the window holds.
 */
export class NativeCarrier implements Carrier, StreamListener, MessageSink {
  readonly #stream: Stream;
  readonly #call: CarriedCall;
  readonly #options: CarrierOptions;
  readonly #reader: MessageReader;
  #unread: Unread[] | undefined;
  /** A message was asked for and has not come. */
  #isWanted = false;
  /** The reader is at work, and whatever is asked for meanwhile comes after it. */
  #isReading = false;
  #isDecompressing = false;
  #hasEnded = false;
  #hasResponded = false;
  #isOver = false;
  #written: (() => void) | undefined;

  constructor(stream: Stream, call: CarriedCall, options: CarrierOptions) {
    this.#stream = stream;
    this.#call = call;
    this.#options = options;
    this.#reader = new MessageReader(options.maxMessageBytes, this);
  }

  get isFull(): boolean {
    return this.#stream.isBacklogged;
  }

  read(): void {
    this.#isWanted = true;
    if (this.#unread !== undefined || this.#hasEnded) this.#readOn();
  }

  write(message: Uint8Array, written: () => void): void {
    if (!this.#hasResponded) this.#stream.respond(RESPONSE_HEADERS);
    this.#hasResponded = true;
    prefix.writeUInt32BE(message.length, 1);
    this.#stream.send(prefix, message);
    if (this.#stream.isBacklogged) this.#written = written;
  }

  end(status: CallStatus): void {
    if (this.#hasResponded) this.#stream.end(trailersOf(status));
    else this.#stream.respond(trailersOnly(status), true);
    if (this.#stream.isOver) this.#gone();
  }

  abort(): void {
    this.#stream.reset(ERROR_CODE.CANCEL);
    this.#gone();
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (this.#isOver) return this.#stream.consume(end - start);
    const at = this.#canRead() && this.#unread === undefined ? this.#advance(bytes, start, end) : start;
    if (at === end) return;
    this.#unread ??= [];
    this.#unread.push({ bytes, start: at, end });
  }

  onEnd(): void {
    this.#hasEnded = true;
    if (this.#canRead()) this.#readOn();
  }

  onReset(): void {
    this.#gone();
  }

  onDrain(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
    if (this.#stream.isOver) this.#gone();
  }

  onExpected(bytes: number): void {
    this.#stream.expect(bytes);
  }

  onMessage(message: Buffer, isCompressed: boolean): void {
    this.#isWanted = false;
    if (isCompressed) void this.#decompress(message);
    else this.#call.onMessage(message);
  }

  async #decompress(message: Buffer): Promise<void> {
    this.#isDecompressing = true;
    try {
      const whole = await decompress(message, this.#options.encoding, this.#options.maxMessageBytes);
      if (!this.#isOver) this.#call.onMessage(whole);
    } catch (error) {
      this.#unreadable(error);
    }
    this.#isDecompressing = false;
    this.#readOn();
  }

  #canRead(): boolean {
    return this.#isWanted && !this.#isReading && !this.#isDecompressing && !this.#isOver;
  }

  /** Reads until the message that was asked for has come, and returns the offset behind what was read. */
  #advance(bytes: Buffer, start: number, end: number): number {
    let at = start;
    try {
      while (at < end && this.#canRead()) {
        this.#isReading = true;
        const next = this.#reader.read(bytes, at, end);
        this.#isReading = false;
        this.#stream.consume(next - at);
        at = next;
      }
      return at;
    } catch (error) {
      this.#isReading = false;
      this.#stream.consume(end - at);
      this.#unreadable(error);
      return end;
    }
  }

  #readOn(): void {
    while (this.#canRead()) {
      const next = this.#unread?.[0];
      if (next === undefined) {
        if (this.#hasEnded) this.#halfClose();
        return;
      }
      next.start = this.#advance(next.bytes, next.start, next.end);
      if (next.start < next.end) return;
      this.#unread?.shift();
      if (this.#unread?.length === 0) this.#unread = undefined;
    }
  }

  #halfClose(): void {
    this.#isWanted = false;
    if (this.#reader.isWithinMessage) this.#unreadable(malformed('the request ends inside a message'));
    else this.#call.onHalfClose();
  }

  #unreadable(error: unknown): void {
    const { status } = error instanceof UnreadableBody ? error : malformed('the request cannot be read', error);
    if (!this.#isOver) this.#call.onUnreadable(status);
  }

  #gone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { start, end } of this.#unread ?? []) this.#stream.consume(end - start);
    this.#unread = undefined;
    this.#call.onGone(undefined);
  }
}
