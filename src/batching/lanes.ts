import { ServingError } from '../error/serving-error.js';
import { CostModel } from './cost-model.js';
import { Lane } from './lane.js';
import type { Slot, SlotSource } from './slot.js';

export interface LanesListener {
  /** An instance was had: there is a lane more. */
  onLane(): void;
  /** No instance can be had, and none is held. */
  onUnavailable(error: ServingError): void;
}

/** The instances that a scheduler holds, and what is known of each one's speed. It asks for one more at a time. */
export class Lanes {
  readonly #slots: SlotSource;
  readonly #listener: LanesListener;
  readonly #held = new Set<Lane>();
  /** By instance, those that are not held at present included: what was learned lasts. */
  readonly #costs = new Map<string, CostModel>();
  readonly #life = new AbortController();
  #isAsking = false;
  #asked: Promise<void> = Promise.resolve();

  constructor(slots: SlotSource, listener: LanesListener) {
    this.#slots = slots;
    this.#listener = listener;
  }

  /** Of the instance that was new last: what another one begins with. Undefined before there was any. */
  get newestCosts(): CostModel | undefined {
    return [...this.#costs.values()].at(-1);
  }

  /** Whether there may be an instance that is neither held nor asked for. */
  get canGrow(): boolean {
    return this.#held.size + (this.#isAsking ? 1 : 0) < this.#slots.size;
  }

  /** In no order of their own. */
  [Symbol.iterator](): IterableIterator<Lane> {
    return this.#held.values();
  }

  /** Asks for an instance, unless one is asked for already or all are held. */
  want(): void {
    if (!this.#isAsking && this.canGrow) this.#asked = this.#ask();
  }

  /** Gives back what nothing runs on. */
  releaseIdle(): void {
    for (const lane of this.#held) if (lane.inFlight === 0) this.#release(lane);
  }

  /** Gives a broken instance back, whatever was under way on it. Does nothing to any other. */
  dropBroken(lane: Lane): void {
    if (!lane.broken || !this.#held.has(lane)) return;
    this.#costs.delete(lane.instance);
    this.#release(lane);
  }

  /** Asks for nothing more, and gives back what nothing runs on; the rest is the scheduler's to end. Resolves when nothing is asked for any more. */
  async close(reason: ServingError): Promise<void> {
    this.#life.abort(reason);
    this.releaseIdle();
    await this.#asked;
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    try {
      const slot = await this.#slots.acquire(this.#life.signal);
      this.#isAsking = false;
      this.#hold(slot);
    } catch (error) {
      this.#isAsking = false;
      if (this.#held.size === 0) this.#listener.onUnavailable(ServingError.from(error));
    }
  }

  #hold(slot: Slot): void {
    const lane = new Lane(slot, this.#costsOf(slot.instance));
    this.#held.add(lane);
    if (this.#life.signal.aborted) this.#release(lane);
    else this.#listener.onLane();
  }

  #release(lane: Lane): void {
    this.#held.delete(lane);
    lane.release();
  }

  /** Instances that died while nobody held them are forgotten by and by. */
  #costsOf(instance: string): CostModel {
    const known = this.#costs.get(instance);
    if (known !== undefined) return known;
    const costs = new CostModel(this.newestCosts);
    this.#costs.set(instance, costs);
    const [oldest] = this.#costs.keys();
    if (this.#costs.size > 2 * this.#slots.size && oldest !== undefined) this.#costs.delete(oldest);
    return costs;
  }
}
