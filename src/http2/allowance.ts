/** So much at once, and so much a second after that: a token bucket. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** What one connection may do of something that costs its peer little and us much. */
export class Allowance {
  readonly #rate: Rate;
  #left: number;
  #countedAt: number;

  /** `now` in milliseconds. */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#left = rate.burst;
    this.#countedAt = now;
  }

  /** False once it is used up. The clock is looked at only then, so that a connection within its burst costs nothing. */
  spend(clock: { now(): number }, cost = 1): boolean {
    if (this.#left < cost) this.#refill(clock.now());
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }

  #refill(now: number): void {
    const { burst, perSecond } = this.#rate;
    this.#left = Math.min(burst, this.#left + ((now - this.#countedAt) / 1000) * perSecond);
    this.#countedAt = now;
  }
}
