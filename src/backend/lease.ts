import type { Execution } from '../model/infer.js';
import type { GatheredTensor, SlabTensor } from '../tensor/tensor.js';
import type { Instance } from './backend.js';

/** What the pool keeps and lends: one of the batches that an instance takes at a time. */
export interface PooledSlot {
  readonly instance: Instance;
  /** Whether the slot was lent before. */
  lent: boolean;
}

/** The loan of one slot. Disposing gives it back, whatever state the instance is in; more than once does no harm. */
export class Lease implements AsyncDisposable {
  readonly #slot: PooledSlot;
  #giveBack: ((slot: PooledSlot) => void) | undefined;

  constructor(slot: PooledSlot, giveBack: (slot: PooledSlot) => void) {
    this.#slot = slot;
    this.#giveBack = giveBack;
  }

  /** Id of the instance, for traces and logs. */
  get instance(): string {
    return this.#slot.instance.id;
  }

  get depth(): number {
    return this.#slot.instance.depth;
  }

  get broken(): boolean {
    return this.#slot.instance.broken !== undefined;
  }

  execute(inputs: readonly GatheredTensor[], signal: AbortSignal): Promise<Execution> {
    return this.#slot.instance.execute(inputs, signal);
  }

  stream(inputs: readonly SlabTensor[], signal: AbortSignal): AsyncIterable<Execution> {
    return this.#slot.instance.stream(inputs, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.(this.#slot);
    return Promise.resolve();
  }
}
