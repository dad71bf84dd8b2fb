import type { Socket } from 'node:net';
import { READ_BUFFER_BYTES, shareReadBuffer } from './read-buffer.js';

/** After so many reads that filled the buffer the others have their turn: without it one flooding peer is read for as long as it floods. */
const FULL_READS_A_TURN = 2;

/** What a socket brings, as it comes: a fair share of each turn of the event loop, and nothing while it is paused. */
export class Incoming {
  readonly #socket: Socket;
  readonly #onBytes: (bytes: Buffer) => number;
  #fullReads = 0;
  /** What is left of the last turn, for the next one. */
  #rest: Buffer | undefined;
  #isPaused = false;
  #isYielding = false;

  /** `onBytes` returns how many it has taken; what is over comes again in the next turn. What it is given is overwritten after the return. */
  constructor(socket: Socket, onBytes: (bytes: Buffer) => number) {
    this.#socket = socket;
    this.#onBytes = onBytes;
    const take = (bytes: Buffer) => this.#take(bytes);
    shareReadBuffer(socket, take);
    // Of TLS, something may have been read before.
    socket.on('data', take);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#isYielding) return;
    if (this.#rest === undefined) this.#socket.resume();
    else this.#yield();
  }

  #take(bytes: Buffer): void {
    // TLS hands on all that it has deciphered, paused or not.
    if (this.#rest !== undefined) {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      return;
    }
    const taken = this.#onBytes(bytes);
    if (taken < bytes.length) this.#rest = Buffer.from(bytes.subarray(taken));
    this.#fullReads = bytes.length < READ_BUFFER_BYTES ? 0 : this.#fullReads + 1;
    if (this.#rest !== undefined || this.#fullReads >= FULL_READS_A_TURN) this.#yield();
  }

  #yield(): void {
    this.#fullReads = 0;
    this.#isYielding = true;
    this.#socket.pause();
    setImmediate(() => this.#goOn());
  }

  #goOn(): void {
    this.#isYielding = false;
    if (this.#isPaused) return;
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#take(rest);
    if (this.#mayRead()) this.#socket.resume();
  }

  #mayRead(): boolean {
    return !this.#isPaused && !this.#isYielding;
  }
}
