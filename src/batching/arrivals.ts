/** A power of two. Enough that callers who are answered together, and so come together, do not look like a flood. */
const WINDOW = 32;

/** How often submissions come lately. */
export class Arrivals {
  /** When the last ones came, the oldest overwritten first. */
  readonly #times = new Float64Array(WINDOW);
  #count = 0;

  /** Times never go back. */
  came(now: number): void {
    this.#times[this.#count & (WINDOW - 1)] = now;
    this.#count += 1;
  }

  /** The mean gap between the last arrivals, or the time since the last where that is longer; Infinity before there were two. */
  gapMs(now: number): number {
    if (this.#count < 2) return Number.POSITIVE_INFINITY;
    const held = Math.min(this.#count, WINDOW);
    const last = this.#at(this.#count - 1);
    return Math.max((last - this.#at(this.#count - held)) / (held - 1), now - last);
  }

  #at(arrival: number): number {
    return this.#times[arrival & (WINDOW - 1)] ?? 0;
  }
}
