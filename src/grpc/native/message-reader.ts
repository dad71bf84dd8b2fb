import { type MessageMemory, roomFor } from './message-memory.js';
import { malformed, tooLarge } from './unreadable.js';

/** Of each message: a flag that says whether it is compressed, and its length in four bytes. gRPC over HTTP/2, "Length-Prefixed-Message". */
export const MESSAGE_PREFIX_BYTES = 5;

/**
 * A message that comes in parts gets memory for so many times what has come, and never less than a few pages: since anybody can promise much. So one of
 * common size is copied once, behind its first frame.
 */
const PROMISE_FACTOR = 16;
const MIN_ROOM_BYTES = 4096;
/** Beyond this there has to be half of it. */
const MAX_PROMISED_BYTES = 1024 * 1024;

export interface MessageSink {
  /** So many bytes are about to be held of a message that has come in part. What it throws is thrown on. */
  onGrowing(bytes: number): void;
  /** The message of `length` bytes is not here as a whole: so much is still to come. */
  onExpected(bytes: number): void;
  onMessage(message: Buffer, isCompressed: boolean): void;
}

/**
 * Cuts a body into messages, each in memory of its own. Throws UnreadableBody at the first prefix that is malformed or announces more than the limit,
 * before anything of it is held.
 */
export class MessageReader {
  readonly #maxMessageBytes: number;
  readonly #memory: MessageMemory;
  readonly #sink: MessageSink;
  /** For one that comes in parts. */
  #prefix: Buffer | undefined;
  #prefixBytes = 0;
  #isCompressed = false;
  /** Of the message whose prefix is complete; undefined between messages. */
  #length: number | undefined;
  #body: Buffer | undefined;
  #bodyBytes = 0;

  constructor(maxMessageBytes: number, memory: MessageMemory, sink: MessageSink) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#memory = memory;
    this.#sink = sink;
  }

  /** A message has begun but not ended. */
  get isWithinMessage(): boolean {
    return this.#prefixBytes > 0 || this.#length !== undefined;
  }

  /** Lets go of what there is of a message. Nothing can be read behind it. */
  drop(): void {
    if (this.#body !== undefined) this.#memory.giveBack(this.#body);
    this.#body = undefined;
  }

  /** Reads up to the end of one message and returns the offset behind it, or `end` where the message goes on. */
  read(bytes: Buffer, start: number, end: number): number {
    const at = this.#length === undefined ? this.#readPrefix(bytes, start, end) : start;
    const length = this.#length;
    return length === undefined ? at : this.#readBody(bytes, at, end, length);
  }

  #readPrefix(bytes: Buffer, start: number, end: number): number {
    if (this.#prefixBytes === 0 && end - start >= MESSAGE_PREFIX_BYTES) {
      this.#begin(bytes, start);
      return start + MESSAGE_PREFIX_BYTES;
    }
    this.#prefix ??= Buffer.alloc(MESSAGE_PREFIX_BYTES);
    const copied = bytes.copy(this.#prefix, this.#prefixBytes, start, Math.min(end, start + MESSAGE_PREFIX_BYTES - this.#prefixBytes));
    this.#prefixBytes += copied;
    if (this.#prefixBytes === MESSAGE_PREFIX_BYTES) {
      this.#prefixBytes = 0;
      this.#begin(this.#prefix, 0);
    }
    return start + copied;
  }

  #begin(bytes: Buffer, at: number): void {
    const flag = bytes[at] ?? 0;
    const length = bytes.readUInt32BE(at + 1);
    if (flag > 1) throw malformed(`a message begins with the byte ${flag}, expected 0 or 1`);
    if (length > this.#maxMessageBytes) throw tooLarge(length, this.#maxMessageBytes);
    this.#isCompressed = flag === 1;
    this.#length = length;
  }

  #readBody(bytes: Buffer, start: number, end: number, length: number): number {
    if (this.#bodyBytes === 0 && end - start >= length) {
      const message = this.#memory.take(length);
      bytes.copy(message, 0, start, start + length);
      this.#finish(message, length);
      return start + length;
    }
    // A prefix alone gets no memory.
    if (start === end) return end;
    const taken = Math.min(end - start, length - this.#bodyBytes);
    const body = this.#bodyFor(this.#bodyBytes + taken, length);
    bytes.copy(body, this.#bodyBytes, start, start + taken);
    this.#bodyBytes += taken;
    if (this.#bodyBytes === length) this.#finish(body, length);
    else if (this.#bodyBytes === taken) this.#sink.onExpected(length - taken);
    return start + taken;
  }

  /** Memory for the first `needed` bytes, with what is there already. */
  #bodyFor(needed: number, length: number): Buffer {
    const { length: room = 0 } = this.#body ?? {};
    if (this.#body !== undefined && room >= needed) return this.#body;
    const promised = Math.min(PROMISE_FACTOR * needed, MAX_PROMISED_BYTES);
    const size = roomFor(Math.min(length, Math.max(needed, 2 * room, promised, MIN_ROOM_BYTES)));
    this.#sink.onGrowing(size - room);
    const grown = this.#memory.takeAlone(size);
    if (this.#body !== undefined) {
      this.#body.copy(grown, 0, 0, this.#bodyBytes);
      this.#memory.giveBack(this.#body);
    }
    this.#body = grown;
    return grown;
  }

  /** `memory` may be longer than the message. */
  #finish(memory: Buffer, length: number): void {
    this.#length = undefined;
    this.#body = undefined;
    this.#bodyBytes = 0;
    this.#sink.onMessage(memory.length === length ? memory : memory.subarray(0, length), this.#isCompressed);
  }
}
