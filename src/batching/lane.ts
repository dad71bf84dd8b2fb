import type { Execution } from '../model/infer.js';
import type { GatheredTensor } from '../tensor/tensor.js';
import type { CostModel } from './cost-model.js';
import type { LaneView } from './policy.js';
import type { Slot } from './slot.js';

/** An instance that is held while there is work for it, and what is under way on it. */
export class Lane implements LaneView {
  readonly costs: CostModel;
  readonly #slot: Slot;
  /** Predicted times of what is under way, in the order in which it runs; 0 where nothing is known. */
  readonly #predicted: number[] = [];
  /** When the run that is under way began, or the last one ended. */
  #since = Number.NEGATIVE_INFINITY;

  constructor(slot: Slot, costs: CostModel) {
    this.#slot = slot;
    this.costs = costs;
  }

  get instance(): string {
    return this.#slot.instance;
  }

  get depth(): number {
    return this.#slot.depth;
  }

  get broken(): boolean {
    return this.#slot.broken;
  }

  get inFlight(): number {
    return this.#predicted.length;
  }

  get hasRoom(): boolean {
    return this.#predicted.length < this.#slot.depth && !this.#slot.broken;
  }

  /** When the last run ended, or -Infinity: what is behind another run begins then. */
  get freeSince(): number {
    return this.#since;
  }

  get freeAt(): number {
    let at = this.#since;
    for (const ms of this.#predicted) at += ms;
    return at;
  }

  /** A batch of `cost` takes a place, from `now` on, until `leave`. */
  enter(cost: number, now: number): void {
    if (this.#predicted.length === 0) this.#since = now;
    this.#predicted.push(this.costs.executeMs(cost) ?? 0);
  }

  /** The oldest batch under way is over. */
  leave(now: number): void {
    this.#predicted.shift();
    this.#since = now;
  }

  execute(inputs: readonly GatheredTensor[], signal: AbortSignal): Promise<Execution> {
    return this.#slot.execute(inputs, signal);
  }

  release(): void {
    void this.#slot[Symbol.asyncDispose]();
  }
}
