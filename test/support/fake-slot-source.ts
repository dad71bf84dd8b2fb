import type { Slot, SlotSource } from '../../src/batching/slot.js';
import { ServingError } from '../../src/error/serving-error.js';
import type { Execution } from '../../src/model/infer.js';
import type { SlabTensor } from '../../src/tensor/tensor.js';

export type Execute = Slot['execute'];

interface Waiter {
  readonly grant: () => void;
}

/** So many slots, lent first come first served. Counts what is lent and every disposal that a slot sees. */
export class FakeSlotSource implements SlotSource {
  readonly #execute: Execute;
  readonly #waiters = new Set<Waiter>();
  #free: number;
  #refusal: ServingError | undefined;
  /** Slots lent so far. */
  granted = 0;
  /** Slots given back so far; a slot given back twice counts twice. */
  returned = 0;

  constructor(size: number, execute: Execute) {
    this.#free = size;
    this.#execute = execute;
  }

  get lent(): number {
    return this.granted - this.returned;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  acquire(signal: AbortSignal): Promise<Slot> {
    if (signal.aborted) return Promise.reject(ServingError.from(signal.reason));
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    return new Promise((resolve, reject) => {
      const waiter = {
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          this.#waiters.delete(waiter);
          this.#free -= 1;
          resolve(this.#lend());
        },
      };
      const onAbort = () => {
        this.#waiters.delete(waiter);
        reject(ServingError.from(signal.reason));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      this.#serve();
    });
  }

  /** From now on nobody gets a slot, until `recover`. Who waits already goes on waiting. */
  refuse(error: ServingError): void {
    this.#refusal = error;
  }

  recover(): void {
    this.#refusal = undefined;
  }

  /** One more slot than before. */
  add(): void {
    this.#free += 1;
    this.#serve();
  }

  #serve(): void {
    for (const { grant } of this.#waiters) {
      if (this.#free === 0) return;
      grant();
    }
  }

  #lend(): Slot {
    this.granted += 1;
    const instance = `fake-${this.granted}`;
    return {
      instance,
      execute: this.#execute,
      [Symbol.asyncDispose]: () => {
        this.returned += 1;
        this.add();
        return Promise.resolve();
      },
    };
  }
}

/** Gives every input back under its own name. */
export function identity(inputs: readonly SlabTensor[], executeUs = 0): Execution {
  return { outputs: inputs, executeUs };
}

/** Runs that end when the test says so. */
export class HeldRuns {
  /** Every run so far, in order. */
  readonly all: HeldRun[] = [];

  readonly execute: Execute = (inputs, signal) =>
    new Promise((resolve, reject) => {
      this.all.push(new HeldRun(inputs, signal, resolve, reject));
    });

  /** Runs that have not ended. */
  get open(): HeldRun[] {
    return this.all.filter((run) => !run.ended);
  }

  /** The run number `at`, counted from 0. */
  at(at: number): HeldRun {
    const run = this.all[at];
    if (run === undefined) throw new RangeError(`there were ${this.all.length} runs, none has number ${at}`);
    return run;
  }
}

export class HeldRun {
  readonly inputs: readonly SlabTensor[];
  readonly signal: AbortSignal;
  readonly #resolve: (execution: Execution) => void;
  readonly #reject: (error: unknown) => void;
  ended = false;

  constructor(
    inputs: readonly SlabTensor[],
    signal: AbortSignal,
    resolve: (execution: Execution) => void,
    reject: (error: unknown) => void,
  ) {
    this.inputs = inputs;
    this.signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  finish(execution: Execution = identity(this.inputs)): void {
    this.ended = true;
    this.#resolve(execution);
  }

  fail(error: unknown): void {
    this.ended = true;
    this.#reject(error);
  }
}
