import { ServingError } from '../../error/serving-error.js';
import { ERROR_CODE } from '../../http2/error-code.js';
import type { Stream, StreamListener } from '../../http2/stream.js';
import type { CallStatus } from '../../wire/status.js';
import type { CarriedCall, Carrier } from '../carrier.js';
import { headersOf, trailersOf, trailersOnly } from './answers.js';
import type { Assembler } from './assemblies.js';
import type { AssemblyShare } from './assembly-share.js';
import type { Decompressor, MessageEncoding, Recipient } from './compression.js';
import type { MessageCompressor } from './message-compressor.js';
import type { MessageMemory } from './message-memory.js';
import { MESSAGE_PREFIX_BYTES, MessageReader, type MessageSink } from './message-reader.js';
import { type MessageOutlet, OutgoingMessages } from './outgoing-messages.js';
import { UnreadBytes } from './unread-bytes.js';
import { malformed, UnreadableBody } from './unreadable.js';

/** What the carriers of a server share. */
export interface CarrierHost {
  readonly maxMessageBytes: number;
  /** Of the connection. */
  readonly assemblies: AssemblyShare;
  readonly memory: MessageMemory;
  readonly decompressor: Decompressor;
}

/** What is smaller is bounded well enough by the calls that there may be. */
const MIN_COUNTED_BYTES = 16 * 1024;

/** Written again for each message, and copied at once: `slice` of a Uint8Array does so, where a Buffer's does not. */
const prefix = new Uint8Array(MESSAGE_PREFIX_BYTES);
const prefixView = new DataView(prefix.buffer);

/**
 * One gRPC call over one HTTP/2 stream. Messages are read when they are asked for; what comes before is held unread, and its window is not given back: so
 * that nobody can send more than the window holds. Every byte is given back once, with the end of the call at the latest.
 */
export class NativeCarrier implements Carrier, StreamListener, MessageSink, MessageOutlet, Assembler, Recipient {
  readonly #stream: Stream;
  readonly #call: CarriedCall;
  readonly #host: CarrierHost;
  readonly #encoding: MessageEncoding;
  readonly #reader: MessageReader;
  /** Where answers are compressed. */
  readonly #outgoing: OutgoingMessages | undefined;
  #unread: UnreadBytes | undefined;
  /** A message was asked for and has not come. */
  #isWanted = false;
  /** The reader is at work, and whatever is asked for meanwhile comes after it. */
  #isReading = false;
  #isDecompressing = false;
  #isAssembling = false;
  #hasEnded = false;
  #hasResponded = false;
  /** Nothing more is read: the call is answered, or what came cannot be read. */
  #isDeaf = false;
  #isGone = false;
  #failure: UnreadableBody | ServingError | undefined;
  #written: (() => void) | undefined;
  /** Of which the memory is used again once it is written. */
  #answer: Uint8Array | undefined;
  /** Is said once nothing waits to be compressed. */
  #status: CallStatus | undefined;

  /** `encoding` is the one of the requests; `compressor`, where there is one, is for the answers. */
  constructor(stream: Stream, call: CarriedCall, host: CarrierHost, encoding: MessageEncoding, compressor?: MessageCompressor) {
    this.#stream = stream;
    this.#call = call;
    this.#host = host;
    this.#encoding = encoding;
    this.#reader = new MessageReader(host.maxMessageBytes, host.memory, this);
    this.#outgoing = compressor === undefined ? undefined : new OutgoingMessages(compressor, this);
  }

  get hasResponded(): boolean {
    return this.#hasResponded || this.#outgoing?.isWaiting === true;
  }

  get isFull(): boolean {
    return this.#stream.isBacklogged || this.#outgoing?.isWaiting === true;
  }

  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  get unsentBytes(): number {
    const backlogged = this.#stream.backlog?.reduce((sum, { length }) => sum + length, 0) ?? 0;
    return backlogged + (this.#outgoing?.waitingBytes ?? 0);
  }

  read(): void {
    this.#isWanted = true;
    if (this.#unread !== undefined || this.#hasEnded) this.#readOn();
  }

  write(message: Uint8Array, written: () => void): void {
    if (this.#outgoing === undefined) this.send(message, false);
    else this.#outgoing.push(message);
    if (this.isFull) this.#written = written;
  }

  send(message: Uint8Array, isCompressed: boolean): void {
    if (!this.#hasResponded) this.#respond();
    prefix[0] = isCompressed ? 1 : 0;
    prefixView.setUint32(1, message.length);
    this.#stream.send(prefix, message);
  }

  end(status: CallStatus): void {
    this.#stopReading();
    if (this.#outgoing?.isWaiting === true) this.#status = status;
    else this.#say(status);
  }

  onSettled(): void {
    if (this.#status !== undefined) this.#say(this.#status);
    else this.#tellWritten();
  }

  onFailed(error: unknown): void {
    this.#fail(error);
    this.#report();
    this.abort();
  }

  release(request: Uint8Array, answer: Uint8Array): void {
    if (answer.buffer !== request.buffer) this.#host.memory.giveBack(request);
    if (this.#host.memory.isLent(answer)) this.#answer = answer;
  }

  abort(): void {
    this.#stream.reset(ERROR_CODE.CANCEL);
    this.#gone();
  }

  onData(bytes: Buffer, start: number, end: number): void {
    const at = this.#unread === undefined ? this.#advance(bytes, start, end) : start;
    if (at < end) this.#keep(bytes, at, end);
    this.#report();
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#readOn();
  }

  onReset(): void {
    this.#gone();
  }

  onDrain(): void {
    this.#tellWritten();
    if (this.#stream.isOver) this.#gone();
  }

  onOverdue(reason: ServingError): void {
    this.#fail(reason);
    this.#report();
  }

  onGrowing(bytes: number): void {
    this.#host.assemblies.grow(this, bytes);
    this.#isAssembling = true;
  }

  onExpected(bytes: number): void {
    this.#stream.expect(bytes);
  }

  onMessage(message: Buffer, isCompressed: boolean): void {
    this.#isWanted = false;
    if (isCompressed) void this.#decompress(message);
    else this.#tell(message);
  }

  /** A large one that its call keeps while the half-close is awaited counts as one that is not complete: else nothing would bound how many there are. */
  #tell(message: Buffer): void {
    this.#finishAssembly();
    if (message.length >= MIN_COUNTED_BYTES && this.#call.isSingleRequest && !this.#hasEnded) this.onGrowing(message.length);
    this.#call.onMessage(message);
  }

  #respond(): void {
    this.#hasResponded = true;
    this.#stream.respond(headersOf(this.#outgoing?.encoding, this.#call.addedHeaders));
  }

  #say(status: CallStatus): void {
    const { addedHeaders, addedTrailers } = this.#call;
    if (addedHeaders !== undefined && !this.#hasResponded) this.#respond();
    if (this.#hasResponded) this.#stream.end(trailersOf(status, addedTrailers));
    else this.#stream.respond(trailersOnly(status, addedTrailers), true);
    if (this.#stream.isOver) this.#gone();
  }

  #tellWritten(): void {
    if (this.isFull) return;
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }

  async #decompress(message: Buffer): Promise<void> {
    this.#isDecompressing = true;
    try {
      const whole = await this.#host.decompressor.decompress(message, this.#encoding, this);
      if (!this.#isDeaf) this.#tell(whole);
    } catch (error) {
      this.#fail(error);
    }
    this.#isDecompressing = false;
    this.#readOn();
  }

  #canRead(): boolean {
    return this.#isWanted && !this.#isReading && !this.#isDecompressing && !this.#isDeaf;
  }

  /** Reads until the message that was asked for has come, gives back what was read and returns the offset behind it. */
  #advance(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.#canRead()) {
      const next = this.#step(bytes, at, end);
      this.#stream.consume(next - at);
      at = next;
    }
    return at;
  }

  #step(bytes: Buffer, start: number, end: number): number {
    this.#isReading = true;
    try {
      return this.#reader.read(bytes, start, end);
    } catch (error) {
      this.#fail(error);
      return end;
    } finally {
      this.#isReading = false;
    }
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    if (this.#isGone) return this.#stream.consume(end - start);
    this.#unread ??= new UnreadBytes(this.#host.memory);
    this.#unread.push(bytes, start, end);
  }

  /** Of what was kept, as far as it is asked for; and the half-close behind it. */
  #readOn(): void {
    while (this.#canRead()) {
      const unread = this.#unread;
      if (unread === undefined) {
        if (this.#hasEnded) this.#halfClose();
        break;
      }
      unread.skip(this.#advance(unread.block, unread.start, unread.end) - unread.start);
      if (unread.length === 0) this.#unread = undefined;
    }
    if (this.#isGone && !this.#isReading) this.#giveUpUnread();
    this.#report();
  }

  #halfClose(): void {
    this.#isWanted = false;
    if (this.#reader.isWithinMessage) this.#fail(malformed('the request ends inside a message'));
    else {
      this.#finishAssembly();
      this.#call.onHalfClose();
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof UnreadableBody ? error : ServingError.from(error);
    this.#stopReading();
  }

  /** Tells the call of a failure, once what was read up to it is accounted for. */
  #report(): void {
    const failure = this.#failure;
    if (failure === undefined || this.#isReading || this.#isGone) return;
    this.#failure = undefined;
    if (failure instanceof UnreadableBody) this.#call.onUnreadable(failure.status);
    else this.#call.abandon(failure);
  }

  #stopReading(): void {
    this.#isDeaf = true;
    this.#reader.drop();
    this.#finishAssembly();
  }

  #finishAssembly(): void {
    if (!this.#isAssembling) return;
    this.#isAssembling = false;
    this.#host.assemblies.finish(this);
  }

  #giveUpUnread(): void {
    const unread = this.#unread;
    this.#unread = undefined;
    if (unread === undefined) return;
    this.#stream.consume(unread.length);
    unread.clear();
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#outgoing?.stop();
    this.#stopReading();
    // What is being read is given back by whoever reads it.
    if (!this.#isReading) this.#giveUpUnread();
    const answer = this.#answer;
    if (answer !== undefined) this.#stream.afterWrite(() => this.#host.memory.giveBack(answer));
    this.#call.onGone(undefined);
  }
}
