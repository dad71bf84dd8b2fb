import type { Slot, SlotSource } from '../../src/batching/slot.js';
import { ServingError } from '../../src/error/serving-error.js';
import type { Execution } from '../../src/model/infer.js';
import { copyGathered } from '../../src/tensor/rows.js';
import type { SlabTensor } from '../../src/tensor/tensor.js';

/** A run, on copies of the batch's inputs, as instances make them. */
export type Execute = (inputs: readonly SlabTensor[], signal: AbortSignal) => Promise<Execution>;

interface Waiter {
  readonly grant: () => void;
}

/** So many slots, lent first come first served, each of its own instance. Counts what is lent and every disposal that a slot sees. */
export class FakeSlotSource implements SlotSource {
  readonly size: number;
  readonly #execute: Execute;
  readonly #depth: number;
  /** Instances that nobody has. The one used last is lent first. */
  readonly #instances: string[];
  readonly #broken = new Set<string>();
  readonly #waiters = new Set<Waiter>();
  #free: number;
  #refusal: ServingError | undefined;
  /** Slots lent so far. */
  granted = 0;
  /** Slots given back so far; a slot given back twice counts twice. */
  returned = 0;

  constructor(size: number, execute: Execute, depth = 1) {
    // A pool has one at the least, though it may be broken.
    this.size = Math.max(1, size);
    this.#depth = depth;
    this.#instances = Array.from({ length: size }, (_, at) => `fake-${at + 1}`);
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

  /** The instance will never run again. One that nobody has is not lent any more; a fresh one takes its place. */
  break(instance: string): void {
    this.#broken.add(instance);
    const at = this.#instances.indexOf(instance);
    if (at !== -1) this.#instances[at] = `${instance}'`;
  }

  /** There is an instance more that nobody has. */
  add(instance = 'fake-late'): void {
    this.#instances.push(instance);
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
    const instance = this.#instances.pop() ?? 'none';
    const isBroken = () => this.#broken.has(instance);
    return {
      instance,
      depth: this.#depth,
      get broken() {
        return isBroken();
      },
      execute: (inputs, signal) => this.#execute(inputs.map(copyGathered), signal),
      [Symbol.asyncDispose]: () => {
        this.returned += 1;
        this.add(isBroken() ? `${instance}'` : instance);
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
