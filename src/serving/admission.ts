import { ServingError } from '../error/serving-error.js';
import type { Clock } from '../model/clock.js';

export interface AdmissionLimits {
  /** Inference calls in flight, over all models. */
  readonly maxInflight: number;
  /** Bytes of requests that wait or run, over all models. */
  readonly maxQueuedBytes: number;
}

/** What the door knows of a call: its headers. Structurally the arrival of grpc/call.ts. */
export interface Arrival {
  readonly admission: 'inference' | 'open';
  readonly deadline: number;
}

export type ShedCause = 'inflight' | 'queued_bytes' | 'deadline';

/** Bytes held by one call; given back when disposed. */
export interface Permit extends Disposable {
  readonly bytes: number;
}

/** How long the rate of answers is averaged over; long enough to be steady, short enough to follow a burst. */
const RATE_WINDOW_MS = 1000;
const MAX_RETRY_MS = 10_000;

/**
 * Keeps the work in the house within bounds: calls at the door (on their headers, before a byte of the body is read), bytes once a
 * request is decoded. A refused call has cost nothing and disturbs nobody.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #clock: Clock;
  readonly #onShed: (cause: ShedCause) => void;
  #inflight = 0;
  #queuedBytes = 0;
  /** Moved on by every idle time. */
  #windowStart: number;
  #idleSince: number;
  #answered = 0;
  #answersPerMs = 0;

  constructor(limits: AdmissionLimits, clock: Clock, onShed: (cause: ShedCause) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onShed = onShed;
    this.#windowStart = clock.now();
    this.#idleSince = this.#windowStart;
  }

  get inflight(): number {
    return this.#inflight;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Undefined lets the call in; `leave` must follow. Calls that do no inference are always let in and not counted. */
  enter({ admission, deadline }: Arrival): ServingError | undefined {
    if (admission === 'open') return undefined;
    const now = this.#clock.now();
    if (deadline <= now) {
      return this.#shed('deadline', new ServingError('deadline_exceeded', 'deadline exceeded before the call was admitted'));
    }
    if (this.#inflight >= this.#limits.maxInflight) {
      const text = `${this.#limits.maxInflight} calls are in flight, which is this server's limit`;
      return this.#shed('inflight', new ServingError('overloaded', text, { retryAfterMs: this.retryAfterMs() }));
    }
    // The rate is that of busy times: an idle hour must not make it look slow.
    if (this.#inflight === 0) this.#windowStart += now - this.#idleSince;
    this.#inflight += 1;
    return undefined;
  }

  leave({ admission }: Arrival): void {
    if (admission === 'open') return;
    this.#inflight -= 1;
    this.#countAnswer();
  }

  /** Takes `bytes` of the queue's budget for the length of a call. Throws `overloaded` when they do not fit now, `too_large` when they never will. */
  reserve(bytes: number): Permit {
    const { maxQueuedBytes } = this.#limits;
    if (bytes > maxQueuedBytes) {
      const text = `the request holds ${bytes} bytes, more than the ${maxQueuedBytes} that this server queues in all`;
      throw this.#shed('queued_bytes', new ServingError('too_large', text));
    }
    if (this.#queuedBytes + bytes > maxQueuedBytes) {
      const text = `requests of ${this.#queuedBytes} bytes are queued; ${bytes} more exceed the limit of ${maxQueuedBytes}`;
      throw this.#shed('queued_bytes', new ServingError('overloaded', text, { retryAfterMs: this.retryAfterMs() }));
    }
    this.#queuedBytes += bytes;
    return new BytesPermit(bytes, this);
  }

  /** When a tenth of the calls in flight will have been answered at the present rate. */
  retryAfterMs(): number {
    const rate = this.#answersPerMs;
    if (rate === 0) return RATE_WINDOW_MS;
    return Math.min(MAX_RETRY_MS, Math.max(1, Math.ceil(this.#inflight / 10 / rate)));
  }

  returnBytes(bytes: number): void {
    this.#queuedBytes -= bytes;
  }

  #countAnswer(): void {
    this.#answered += 1;
    const now = this.#clock.now();
    const elapsed = now - this.#windowStart;
    if (this.#inflight === 0) this.#idleSince = now;
    if (elapsed < RATE_WINDOW_MS) return;
    this.#answersPerMs = this.#answered / elapsed;
    this.#answered = 0;
    this.#windowStart = now;
  }

  #shed(cause: ShedCause, error: ServingError): ServingError {
    this.#onShed(cause);
    return error;
  }
}

class BytesPermit implements Permit {
  readonly bytes: number;
  #admission: Admission | undefined;

  constructor(bytes: number, admission: Admission) {
    this.bytes = bytes;
    this.#admission = admission;
  }

  [Symbol.dispose](): void {
    this.#admission?.returnBytes(this.bytes);
    this.#admission = undefined;
  }
}
