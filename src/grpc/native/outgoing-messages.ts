import { type MessageCompressor, MIN_PACKED_BYTES, type PackedEncoding, type PackedSender } from './message-compressor.js';

/** Where the messages of a call go. */
export interface MessageOutlet {
  send(message: Uint8Array, isCompressed: boolean): void;
  /** Everything that had to wait was sent. */
  onSettled(): void;
  /** One of the above has thrown: a mistake of ours. Nothing more is sent. */
  onFailed(error: unknown): void;
}

/** The messages of one call whose client takes them compressed: sent in their order, each when those before it are compressed. */
export class OutgoingMessages implements PackedSender {
  readonly #compressor: MessageCompressor;
  readonly #outlet: MessageOutlet;
  /** The first of them is being compressed. */
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isStopped = false;

  constructor(compressor: MessageCompressor, outlet: MessageOutlet) {
    this.#compressor = compressor;
    this.#outlet = outlet;
  }

  get encoding(): PackedEncoding {
    return this.#compressor.encoding;
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Of the messages that wait, as they were handed over. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Sends at once what need not be compressed and has nothing before it. */
  push(message: Uint8Array): void {
    if (this.#isStopped) return;
    if (!this.isWaiting && message.length < MIN_PACKED_BYTES) return this.#outlet.send(message, false);
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
    if (this.#waiting.length === 1) this.#sendAll().catch((error: unknown) => this.#outlet.onFailed(error));
  }

  /** Drops what waits. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  async #sendAll(): Promise<void> {
    for (let [message] = this.#waiting; message !== undefined; [message] = this.#waiting) {
      const packed = message.length < MIN_PACKED_BYTES ? undefined : await this.#compressor.compress(message, this);
      if (this.#isStopped) return;
      this.#waitingBytes -= message.length;
      // It counts as waiting until it is sent: whatever is written meanwhile comes behind it.
      this.#outlet.send(packed ?? message, packed !== undefined);
      this.#waiting.shift();
    }
    if (!this.#isStopped) this.#outlet.onSettled();
  }
}
