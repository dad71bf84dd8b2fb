import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** A socket without a network: what is written is there at once, or held while nobody reads at the other end. */
export class FakeSocket extends EventEmitter {
  readonly writableHighWaterMark = 16 * 1024;
  writableLength = 0;
  bytesWritten = 0;
  /** Whether what is written stays in the socket. */
  isHeld = false;
  isPaused = false;
  isEnded = false;
  isDestroyed = false;
  /** How many times it was handed something. */
  writes = 0;
  /** What the next read leaves where the present one was. */
  litter = 0xaa;
  readonly #written: Buffer[] = [];
  /** What waits in the socket lies where its writer has it. */
  readonly #held: Uint8Array[] = [];
  #onWritten: (() => void)[] = [];
  #needsDrain = false;

  asSocket(): Socket {
    return this as unknown as Socket;
  }

  /** What was written since the last time. Writers may use their memory again, so it is a copy. */
  take(): Buffer {
    this.#passHeld();
    return Buffer.concat(this.#written.splice(0));
  }

  receive(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes);
    this.emit('data', chunk);
    chunk.fill(this.litter);
  }

  /** The other end has read everything. */
  drain(): void {
    this.#passHeld();
    this.writableLength = 0;
    for (const onWritten of this.#onWritten.splice(0)) onWritten();
    if (!this.#needsDrain) return;
    this.#needsDrain = false;
    this.emit('drain');
  }

  write(bytes: Uint8Array, onWritten?: () => void): boolean {
    if (this.isEnded || this.isDestroyed) throw new Error('a write after the end');
    this.writes += 1;
    this.bytesWritten += bytes.length;
    if (this.isHeld || this.#held.length > 0) this.#held.push(bytes);
    else this.#written.push(Buffer.from(bytes));
    if (this.isHeld) this.writableLength += bytes.length;
    if (onWritten !== undefined && this.writableLength > 0) this.#onWritten.push(onWritten);
    else onWritten?.();
    const hasRoom = this.writableLength < this.writableHighWaterMark;
    if (!hasRoom) this.#needsDrain = true;
    return hasRoom;
  }

  cork(): void {}

  uncork(): void {}

  setNoDelay(): void {}

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    this.emit('close');
  }

  #passHeld(): void {
    for (const bytes of this.#held.splice(0)) this.#written.push(Buffer.from(bytes));
  }
}
