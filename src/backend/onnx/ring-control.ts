/** What the worker finds at its turn. `framed`: a run in the slot's frame; `grown`: that too, but the frame is new and comes by the port; `posted`: a run by the port. */
export const COMMAND = { framed: 0, grown: 1, posted: 2, close: 3 } as const;
export type Command = (typeof COMMAND)[keyof typeof COMMAND];

/**
 * How far a run is. queued → begun | cancelled; begun → ran (its result is in the frame) | answered (a message says how it ended);
 * cancelled → skipped.
 */
export const STAGE = { queued: 0, cancelled: 1, begun: 2, ran: 3, answered: 4, skipped: 5 } as const;
export type Stage = (typeof STAGE)[keyof typeof STAGE];

/** In every Node that we run on; the compiler's library has it from ES2024 on. */
interface AsyncWait {
  waitAsync(words: Int32Array, word: number, expected: number): { async: false; value: string } | { async: true; value: Promise<string> };
}
const atomics = Atomics as typeof Atomics & AsyncWait;

const BELL = 0;
const ENDED = 1;
const FIRST_SLOT = 2;
const WORDS_PER_SLOT = 2;

/**
 * The words by which the main thread and a worker tell each other where they are: a bell that counts the commands, a
 * count of the runs that ended, and for each slot its command and its stage. Commands have turns, counted from
 * 1; a slot is used again only after its run ended. Each side holds one of these over the same memory.
 */
export class RingControl {
  readonly #words: Int32Array<SharedArrayBuffer>;

  static allocate(depth: number): SharedArrayBuffer {
    return new SharedArrayBuffer((FIRST_SLOT + depth * WORDS_PER_SLOT) * Int32Array.BYTES_PER_ELEMENT);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** The main thread's: what is in the slot's frame or on the port is there before. */
  issue(turn: number, slot: number, command: Command): void {
    Atomics.store(this.#words, commandOf(slot), command);
    Atomics.store(this.#words, stageOf(slot), STAGE.queued);
    Atomics.store(this.#words, BELL, asWord(turn));
    Atomics.notify(this.#words, BELL);
  }

  /** The main thread's: prevents a run unless the worker has begun it. */
  cancel(slot: number): boolean {
    return Atomics.compareExchange(this.#words, stageOf(slot), STAGE.queued, STAGE.cancelled) === STAGE.queued;
  }

  stage(slot: number): Stage {
    return Atomics.load(this.#words, stageOf(slot)) as Stage;
  }

  /** Counts the runs that ended in their slots. */
  get ended(): number {
    return Atomics.load(this.#words, ENDED);
  }

  /**
   * The main thread's: resolves when more than `seen` runs have ended, or at `release`; undefined where they have already. It may resolve for a run that was
   * counted in `seen`, and does not keep the event loop alive.
   */
  nextEnd(seen: number): Promise<string> | undefined {
    const wait = atomics.waitAsync(this.#words, ENDED, seen);
    return wait.async ? wait.value : undefined;
  }

  /** The main thread's: ends its own wait, as a dead worker does not. */
  release(): void {
    Atomics.notify(this.#words, ENDED);
  }

  /** The worker's: blocks its thread until the command of `turn` is there. The main thread ends the wait, by a command or the thread. */
  awaitTurn(turn: number): void {
    const before = asWord(turn - 1);
    while (Atomics.load(this.#words, BELL) === before) Atomics.wait(this.#words, BELL, before);
  }

  command(slot: number): Command {
    return Atomics.load(this.#words, commandOf(slot)) as Command;
  }

  /** The worker's, before it touches the runtime: false where the run was cancelled. */
  begin(slot: number): boolean {
    return Atomics.compareExchange(this.#words, stageOf(slot), STAGE.queued, STAGE.begun) === STAGE.queued;
  }

  /** The worker's, with what it says in the frame before: wakes the main thread. */
  end(slot: number, stage: typeof STAGE.ran | typeof STAGE.skipped): void {
    Atomics.store(this.#words, stageOf(slot), stage);
    Atomics.add(this.#words, ENDED, 1);
    Atomics.notify(this.#words, ENDED);
  }

  /** The worker's: a message follows that says how the run ended. */
  answer(slot: number): void {
    Atomics.store(this.#words, stageOf(slot), STAGE.answered);
  }
}

function commandOf(slot: number): number {
  return FIRST_SLOT + slot * WORDS_PER_SLOT;
}

function stageOf(slot: number): number {
  return commandOf(slot) + 1;
}

/** Turns outgrow a word within a day of small runs; the worker compares neighbours only. */
function asWord(turn: number): number {
  return turn | 0;
}
