/** As many as the system has threads for it: more at a time would be no faster, and what each works on may be as large as a message can be. */
const MAX_AT_A_TIME = 4;

/** Lets a few work in the system's threads at a time; the others come in turn. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #free = MAX_AT_A_TIME;

  /** Resolves with the turn. Whoever has it passes it on, once. */
  async take(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Whoever waits longest has the turn from now on. */
  pass(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
