import type { Clock } from '../model/clock.js';
import type { Entry } from './entry.js';
import { type WaitLimit, WaitLimits } from './wait-limits.js';

/** Tells of entries that have waited too long, each once, at their time: one timer, for the earliest. */
export class WaitWatch {
  readonly #clock: Clock;
  readonly #onTimeout: (limit: WaitLimit) => void;
  readonly #limits = new WaitLimits();
  #timerAt = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, onTimeout: (limit: WaitLimit) => void) {
    this.#clock = clock;
    this.#onTimeout = onTimeout;
  }

  add(limit: WaitLimit): void {
    this.#limits.add(limit);
    this.#arm();
  }

  /** `entry` waits no more. Its timer may still fire, and finds nothing. */
  remove(entry: Entry): void {
    this.#limits.remove(entry);
  }

  /** Tells of all whose time has come by `now`, even where the timer is late. */
  sweep(now: number): void {
    for (let limit = this.#limits.earliest; limit !== undefined && limit.at <= now; limit = this.#limits.earliest) {
      this.#limits.remove(limit.entry);
      this.#onTimeout(limit);
    }
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const at = this.#limits.earliest?.at;
    if (at === undefined || at >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = this.#clock.after(Math.max(0, at - this.#clock.now()), this.#fire);
  }

  readonly #fire = (): void => {
    this.#cancelTimer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.sweep(this.#clock.now());
    this.#arm();
  };
}
