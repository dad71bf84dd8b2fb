import { ServingError } from '../../error/serving-error.js';
import type { Clock } from '../../model/clock.js';

/** A client that is refused because others send too much at once should not come back with the next breath. */
const RETRY_AFTER_MS = 1000;

/** A call of which a message has come in part. */
export interface Assembler {
  /** The rest of it takes too long. */
  onOverdue(reason: ServingError): void;
}

interface Assembly {
  bytes: number;
  readonly since: number;
}

/** What messages that have come in part may hold, over all calls of a server, and for how long. A message that comes in one piece has nothing to do with it. */
export class Assemblies {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #assemblies = new Map<Assembler, Assembly>();
  #freeBytes: number;

  constructor(budgetBytes: number, timeoutMs: number, clock: Clock) {
    this.#freeBytes = budgetBytes;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /** Bytes that may still be held. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Before so many bytes more are held. Throws where they are over the budget. */
  grow(assembler: Assembler, bytes: number): void {
    if (bytes > this.#freeBytes) {
      throw new ServingError('overloaded', 'too many bytes of incomplete requests are held', { retryAfterMs: RETRY_AFTER_MS });
    }
    this.#freeBytes -= bytes;
    const assembly = this.#assemblies.get(assembler);
    if (assembly === undefined) this.#assemblies.set(assembler, { bytes, since: this.#clock.now() });
    else assembly.bytes += bytes;
  }

  /** The message is complete, or given up. */
  finish(assembler: Assembler): void {
    const assembly = this.#assemblies.get(assembler);
    if (assembly === undefined) return;
    this.#assemblies.delete(assembler);
    this.#freeBytes += assembly.bytes;
  }

  /** Now and then: ends what takes too long. Assemblies stand in the order in which they began. */
  expire(): void {
    const latest = this.#clock.now() - this.#timeoutMs;
    for (const [assembler, { since }] of this.#assemblies) {
      if (since > latest) return;
      assembler.onOverdue(incomplete(this.#timeoutMs));
    }
  }
}

function incomplete(timeoutMs: number): ServingError {
  return new ServingError('deadline_exceeded', `a request message did not arrive completely within ${timeoutMs / 1000} s`);
}
