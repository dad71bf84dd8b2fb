import { ServingError } from '../../error/serving-error.js';
import type { Clock } from '../../model/clock.js';
import { nextRoomStep } from './assembly-room.js';

/** A client that is refused because too much is sent at once should not come back with the next breath. */
const RETRY_AFTER_MS = 1000;
/** Each costs a call and the answer to it: more of them than this would hold up everybody else. */
const MAX_EVICTIONS = 64;

/** A call of which a message has come in part, or whole while its half-close is awaited. */
export interface Assembler {
  /** It is given up: the rest takes too long, or others need the memory more. The assembler finishes before it returns. */
  onOverdue(reason: ServingError): void;
}

/** Those of one connection. */
export interface AssemblyHolder {
  readonly heldBytes: number;
  /** Whose message began first. */
  readonly oldest: Assembler | undefined;
}

interface Assembly {
  bytes: number;
  readonly since: number;
}

/**
 * What messages that have come in part, and large requests whose half-close is awaited, hold of a budget, over all calls of a server, and for how long. Other
 * messages that come in one piece have nothing to do with it.
 */
export class Assemblies {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #assemblies = new Map<Assembler, Assembly>();
  /** Those that hold something. */
  readonly #holders = new Set<AssemblyHolder>();
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

  /** For a holder, which counts them. Throws where there is no room for them. */
  hold(holder: AssemblyHolder, assembler: Assembler, bytes: number): void {
    if (bytes > this.#freeBytes) this.#makeRoom(holder, bytes);
    this.#freeBytes -= bytes;
    this.#holders.add(holder);
    const assembly = this.#assemblies.get(assembler);
    if (assembly === undefined) this.#assemblies.set(assembler, { bytes, since: this.#clock.now() });
    else assembly.bytes += bytes;
  }

  /** Returns what the assembler held. */
  release(holder: AssemblyHolder, assembler: Assembler): number {
    const { bytes = 0 } = this.#assemblies.get(assembler) ?? {};
    this.#assemblies.delete(assembler);
    this.#freeBytes += bytes;
    if (holder.heldBytes === bytes) this.#holders.delete(holder);
    return bytes;
  }

  /** Now and then: ends what takes too long. Assemblies stand in the order in which they began. */
  expire(): void {
    const latest = this.#clock.now() - this.#timeoutMs;
    for (const [assembler, { since }] of this.#assemblies) {
      if (since > latest) return;
      assembler.onOverdue(incomplete(this.#timeoutMs));
    }
  }

  #makeRoom(holder: AssemblyHolder, bytes: number): void {
    for (let evictions = 0; evictions <= MAX_EVICTIONS; evictions += 1) {
      const largest = this.#largest();
      const holdings = { freeBytes: this.#freeBytes, heldBytes: holder.heldBytes, largestBytes: largest?.heldBytes ?? 0 };
      const step = nextRoomStep(holdings, bytes);
      if (step === 'hold') return;
      if (step === 'refuse') break;
      largest?.oldest?.onOverdue(overBudget());
    }
    throw overBudget();
  }

  #largest(): AssemblyHolder | undefined {
    let largest: AssemblyHolder | undefined;
    for (const holder of this.#holders) if (largest === undefined || holder.heldBytes > largest.heldBytes) largest = holder;
    return largest;
  }
}

function overBudget(): ServingError {
  return new ServingError('overloaded', 'too many bytes of incomplete requests are held', { retryAfterMs: RETRY_AFTER_MS });
}

function incomplete(timeoutMs: number): ServingError {
  return new ServingError('deadline_exceeded', `a request message did not arrive completely within ${timeoutMs / 1000} s`);
}
