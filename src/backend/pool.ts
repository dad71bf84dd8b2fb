import genericPool from 'generic-pool';
import { ServingError } from '../error/serving-error.js';
import type { Clock } from '../model/clock.js';
import type { ModelSpec } from '../model/spec.js';
import { abortReason } from './abort.js';
import type { Instance, InstanceSource } from './backend.js';
import { InstanceSet, type PoolEvent } from './instance-set.js';
import { Lease, type PooledSlot } from './lease.js';
import type { RestartPolicy } from './restart.js';
import { Waiter } from './waiter.js';

/** What a refused caller is told to wait: about the time of some executions. */
const OVERLOADED_RETRY_MS = 100;

export interface PoolMetrics {
  /** A slot was lent; `reused`: not for the first time. */
  leased(reused: boolean): void;
}

export interface PoolOptions {
  readonly model: InstanceSource;
  readonly spec: ModelSpec;
  /** Callers that may wait for a slot; one more is `overloaded`. */
  readonly maxWaiters: number;
  /** How long making one instance may take. */
  readonly createTimeoutMs: number;
  readonly restart: RestartPolicy;
  readonly clock: Clock;
  /** In [0, 1): the jitter of the back-off. */
  readonly random: () => number;
  readonly metrics: PoolMetrics;
  /** For the log; must not throw. */
  readonly onEvent: (event: PoolEvent) => void;
}

export interface PoolStats {
  /** Slots when all instances are well. */
  readonly size: number;
  /** Slots of the instances that can run now. */
  readonly ready: number;
  readonly inUse: number;
  readonly waiting: number;
  /** Instances that took the place of broken ones. */
  readonly replaced: number;
}

/** It only moves to the right. */
type State = 'open' | 'draining' | 'closed';

/**
 * Lends the slots of a model version's instances. generic-pool keeps the slots; what it lacks is here: creation never
 * rejects (a rejection would live-lock it), it waits until the instance set, which backs off, has a new instance; callers
 * wait in a list of ours, which is bounded and which an aborted caller leaves at once; a slot of a broken instance is
 * destroyed when it turns up, never lent.
 */
export class InstancePool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #instances: InstanceSet;
  readonly #size: number;
  /** Slots that generic-pool has not asked for yet, and its questions that no slot answers yet. One of the two is empty. */
  #stock: PooledSlot[] = [];
  readonly #creates: ((slot: PooledSlot) => void)[] = [];
  readonly #pool: genericPool.Pool<PooledSlot>;
  readonly #waiters = new Set<Waiter>();
  readonly #idleListeners = new Set<() => void>();
  readonly #giveBack = (slot: PooledSlot) => this.#returned(slot);
  readonly #left = (waiter: Waiter) => {
    this.#waiters.delete(waiter);
    this.#noticeIdle();
  };
  /** Acquires that generic-pool has not answered; never more than there are slots, so that nothing piles up in its queue. */
  #asked = 0;
  #inUse = 0;
  #state: State = 'open';
  #closing: Promise<void> | undefined;

  private constructor(options: PoolOptions) {
    const { model, spec, createTimeoutMs, restart, clock, random } = options;
    this.#options = options;
    this.#size = spec.instanceCount * model.slotsPerInstance;
    const create = (signal: AbortSignal) => model.createInstance(spec, signal);
    this.#instances = new InstanceSet(
      { create, count: spec.instanceCount, createTimeoutMs, restart, clock, random },
      {
        onReady: (instance) => this.#supply(instance),
        onBroken: (instance) => this.#sweep(instance),
        onUnavailable: (error) => this.#refuseWaiters(error),
        onEvent: options.onEvent,
      },
    );
    const factory = { create: () => this.#nextSlot(), destroy: () => Promise.resolve() };
    // The slot used last is lent first: its instance is warm.
    this.#pool = genericPool.createPool(factory, { min: this.#size, max: this.#size, autostart: false, fifo: false });
  }

  /** Resolves when all instances are ready. Rejects, with nothing left behind, when one cannot be made. */
  static async open(options: PoolOptions, signal: AbortSignal): Promise<InstancePool> {
    const pool = new InstancePool(options);
    try {
      await pool.#instances.start(signal);
    } catch (error) {
      await pool.close();
      throw ServingError.from(error);
    }
    pool.#pool.start();
    return pool;
  }

  /** Slots when all instances are well. */
  get size(): number {
    return this.#size;
  }

  stats(): PoolStats {
    const ready = this.#instances.live * this.#options.model.slotsPerInstance;
    return { size: this.#size, ready, inUse: this.#inUse, waiting: this.#waiters.size, replaced: this.#instances.replaced };
  }

  /**
   * Waits for a free slot, first come first served. Rejects with the signal's reason, `overloaded` when too many wait, or
   * `backend_unavailable` when the pool is not open or has no instance and the last attempt to make one failed.
   */
  acquire(signal: AbortSignal): Promise<Lease> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(signal, { resolve, reject, left: this.#left });
      // A slot that lies ready arrives within this turn of the event loop: nothing can abort the wait for it.
      const isReady = this.#pool.available > this.#waiters.size;
      this.#waiters.add(waiter);
      if (!isReady) waiter.heedSignal();
      this.#ask();
    });
  }

  /** Takes no new caller; resolves when nobody waits and every lease is back, or when the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    if (this.#state === 'open') this.#state = 'draining';
    if (this.#isIdle || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.#idleListeners.delete(done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      this.#idleListeners.add(done);
    });
  }

  /** Refuses whoever waits and closes every instance, each once its run is over. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    this.#refuseWaiters(closedError());
    // Makes generic-pool refuse further use; it owns no timers and its slots hold nothing but memory.
    void this.#pool.drain();
    await this.#instances.close();
  }

  #refusal(): ServingError | undefined {
    if (this.#state !== 'open') return closedError();
    const unavailable = this.#instances.refusal();
    if (unavailable !== undefined) return unavailable;
    if (this.#waiters.size < this.#options.maxWaiters || this.#pool.available > this.#waiters.size) return undefined;
    const { model } = this.#options.spec;
    const text = `${this.#waiters.size} callers wait for an instance of model '${model}' already`;
    return new ServingError('overloaded', text, { retryAfterMs: OVERLOADED_RETRY_MS });
  }

  /** generic-pool's factory: never rejects. */
  #nextSlot(): Promise<PooledSlot> {
    const slot = this.#stock.pop();
    if (slot !== undefined) return Promise.resolve(slot);
    return new Promise((resolve) => {
      this.#creates.push(resolve);
    });
  }

  #supply(instance: Instance): void {
    for (let left = this.#options.model.slotsPerInstance; left > 0; left--) {
      const slot = { instance, lent: false };
      const create = this.#creates.shift();
      if (create === undefined) this.#stock.push(slot);
      else create(slot);
    }
  }

  /** A broken instance's idle slots are somewhere among the free ones: all of these pass through #arrived, which sorts them out. */
  #sweep(broken: Instance): void {
    this.#stock = this.#stock.filter((slot) => slot.instance !== broken);
    for (let left = this.#pool.available; left > 0; left--) this.#askOnce();
  }

  /** Asks generic-pool on behalf of those who wait. */
  #ask(): void {
    while (this.#asked < Math.min(this.#waiters.size, this.#size)) this.#askOnce();
  }

  #askOnce(): void {
    this.#asked += 1;
    this.#pool.acquire().then(
      (slot) => this.#arrived(slot),
      (error: unknown) => this.#refuseWaiters(ServingError.from(error)),
    );
  }

  #arrived(slot: PooledSlot): void {
    this.#asked -= 1;
    if (this.#state === 'closed' || this.#discardBroken(slot)) return;
    const [waiter] = this.#waiters;
    if (waiter === undefined) void this.#pool.release(slot);
    else this.#lend(slot, waiter);
    this.#ask();
  }

  #lend(slot: PooledSlot, waiter: Waiter): void {
    this.#options.metrics.leased(slot.lent);
    slot.lent = true;
    this.#inUse += 1;
    waiter.resolve(new Lease(slot, this.#giveBack));
  }

  #returned(slot: PooledSlot): void {
    this.#inUse -= 1;
    if (this.#state !== 'closed' && !this.#discardBroken(slot)) void this.#pool.release(slot);
    this.#noticeIdle();
  }

  /** Whether the slot's instance was found broken. generic-pool then asks for another slot, which the replacement will bring. */
  #discardBroken(slot: PooledSlot): boolean {
    const { instance } = slot;
    if (instance.broken === undefined) return false;
    void this.#pool.destroy(slot);
    this.#instances.retire(instance, instance.broken);
    // Those who counted on this slot may wait long now.
    for (const waiter of this.#waiters) waiter.heedSignal();
    this.#ask();
    return true;
  }

  #refuseWaiters(error: ServingError): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  get #isIdle(): boolean {
    return this.#inUse === 0 && this.#waiters.size === 0;
  }

  #noticeIdle(): void {
    if (!this.#isIdle) return;
    for (const listener of this.#idleListeners) listener();
  }
}

function closedError(): ServingError {
  return new ServingError('backend_unavailable', 'the model version is being unloaded', { retryAfterMs: OVERLOADED_RETRY_MS });
}
