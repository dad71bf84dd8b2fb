import type { ServingError } from '../error/serving-error.js';
import { abortReason } from './abort.js';
import type { Lease } from './lease.js';

/** How a waiter's acquire ends, and who is told that it left the line. */
export interface WaiterEnds {
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: ServingError) => void;
  readonly left: (waiter: Waiter) => void;
}

/** A caller in a pool's line. Settles once. */
export class Waiter {
  readonly #signal: AbortSignal;
  readonly #ends: WaiterEnds;
  #onAbort: (() => void) | undefined;

  constructor(signal: AbortSignal, ends: WaiterEnds) {
    this.#signal = signal;
    this.#ends = ends;
  }

  /** From here on it leaves the line as soon as its signal aborts. Idempotent. */
  heedSignal(): void {
    if (this.#onAbort !== undefined) return;
    this.#onAbort = () => this.reject(abortReason(this.#signal));
    if (this.#signal.aborted) this.#onAbort();
    else this.#signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  resolve(lease: Lease): void {
    this.#leave();
    this.#ends.resolve(lease);
  }

  reject(error: ServingError): void {
    this.#leave();
    this.#ends.reject(error);
  }

  #leave(): void {
    if (this.#onAbort !== undefined) this.#signal.removeEventListener('abort', this.#onAbort);
    this.#ends.left(this);
  }
}
