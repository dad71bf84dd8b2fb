/**
 * How many streams a peer may have open at once. A setting holds for the peer once it has acknowledged it (RFC 9113 section 6.5.3): until then it
 * may still go by any limit it was told before.
 */
export class StreamLimit {
  #announced: number;
  #acknowledged: number;
  /** Of each SETTINGS frame that is not acknowledged yet, in order: the limit that it leaves the peer with. */
  readonly #pending: number[];

  /** The first limit, of the first SETTINGS, holds from the beginning: whoever has not heard of it is refused and may try again (section 5.1.2). */
  constructor(limit: number) {
    this.#announced = limit;
    this.#acknowledged = limit;
    this.#pending = [limit];
  }

  /** What the peer was told last. */
  get announced(): number {
    return this.#announced;
  }

  /** What the peer may go by. */
  get enforced(): number {
    let limit = this.#acknowledged;
    for (const pending of this.#pending) limit = Math.max(limit, pending);
    return limit;
  }

  /** Whether SETTINGS are out that the peer has not acknowledged. */
  get isPending(): boolean {
    return this.#pending.length > 0;
  }

  announce(limit: number): void {
    this.#announced = limit;
    this.#pending.push(limit);
  }

  /** One SETTINGS frame more is acknowledged. */
  acknowledge(): void {
    this.#acknowledged = this.#pending.shift() ?? this.#acknowledged;
  }
}
