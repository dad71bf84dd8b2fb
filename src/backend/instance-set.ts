import { ServingError } from '../error/serving-error.js';
import type { Clock } from '../model/clock.js';
import { abortable, delay } from './abort.js';
import type { Instance } from './backend.js';
import { afterRestartEvent, NEVER_RESTARTED, nextDelayMs, type RestartEvent, type RestartPolicy, type RestartState } from './restart.js';

/** How often instances are looked at while nobody uses them: a worker that dies idle is found and replaced within this and its loading. */
const WATCH_INTERVAL_MS = 250;

/** What happens to a pool's instances, for the log. */
export type PoolEvent =
  | { readonly kind: 'instance_broken'; readonly instance: string; readonly error: Error }
  | { readonly kind: 'instance_replaced'; readonly instance: string }
  | { readonly kind: 'create_failed'; readonly error: ServingError; readonly retryInMs: number };

/** Told about changes as they happen; called synchronously, must not throw. */
export interface InstanceSetListener {
  /** A new instance is ready to be lent; the first ones included. */
  onReady(instance: Instance): void;
  /** An instance will never run again. */
  onBroken(instance: Instance): void;
  /** No instance is left and the attempt to make one failed. */
  onUnavailable(error: ServingError): void;
  onEvent(event: PoolEvent): void;
}

export interface InstanceSetOptions {
  readonly create: (signal: AbortSignal) => Promise<Instance>;
  readonly count: number;
  readonly createTimeoutMs: number;
  readonly restart: RestartPolicy;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What is known of the last attempt to make an instance. */
type Supply = { readonly kind: 'working' } | { readonly kind: 'failing'; readonly cause: ServingError; readonly retryAt: number };

/**
 * A fixed number of instances, kept at that number: a broken one is closed and replaced in the background, one creation
 * at a time, with back-off.
 */
export class InstanceSet {
  readonly #options: InstanceSetOptions;
  readonly #listener: InstanceSetListener;
  /** Live instances and when they were born. */
  readonly #live = new Map<Instance, number>();
  readonly #closing = new Set<Promise<void>>();
  readonly #life = new AbortController();
  #restart: RestartState = NEVER_RESTARTED;
  #supply: Supply = { kind: 'working' };
  #repairing: Promise<void> | undefined;
  #cancelWatch: (() => void) | undefined;
  #replaced = 0;

  constructor(options: InstanceSetOptions, listener: InstanceSetListener) {
    this.#options = options;
    this.#listener = listener;
  }

  get live(): number {
    return this.#live.size;
  }

  /** Instances that took the place of broken ones so far. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Makes all instances, one after the other so that loading a model keeps one core busy and not all. Rejects with the first failure. */
  async start(signal: AbortSignal): Promise<void> {
    while (this.#live.size < this.#options.count) this.#add(await this.#create(signal));
    this.#watch();
  }

  /** Why a caller need not wait: there is no instance and the last attempt to make one failed. */
  refusal(): ServingError | undefined {
    if (this.#live.size > 0 || this.#supply.kind === 'working') return undefined;
    const { cause, retryAt } = this.#supply;
    const retryAfterMs = Math.max(this.#options.restart.minSpacingMs, Math.ceil(retryAt - this.#options.clock.now()));
    return new ServingError('backend_unavailable', 'no instance of the model can be made at present', { retryAfterMs }, cause);
  }

  /** Takes a broken instance out, closes it and sees to its replacement. Knows it already: does nothing. */
  retire(instance: Instance, error: Error): void {
    const bornAt = this.#live.get(instance);
    if (bornAt === undefined) return;
    this.#live.delete(instance);
    this.#record({ kind: 'broke', livedMs: this.#options.clock.now() - bornAt });
    this.#listener.onEvent({ kind: 'instance_broken', instance: instance.id, error });
    this.#listener.onBroken(instance);
    this.#dismiss(instance);
    this.#repairing ??= this.#repair();
  }

  /** Gives up what is being made and closes every instance; resolves when the last one is gone. */
  async close(): Promise<void> {
    this.#life.abort(new ServingError('cancelled', 'the instance pool was closed'));
    this.#cancelWatch?.();
    for (const instance of this.#live.keys()) this.#dismiss(instance);
    this.#live.clear();
    await this.#repairing;
    while (this.#closing.size > 0) await Promise.all(this.#closing);
  }

  async #repair(): Promise<void> {
    const { signal } = this.#life;
    while (!signal.aborted && this.#live.size < this.#options.count) {
      try {
        await delay(this.#options.clock, this.#nextDelayMs(), signal);
        const instance = await this.#create(signal);
        this.#replaced += 1;
        this.#listener.onEvent({ kind: 'instance_replaced', instance: instance.id });
        this.#add(instance);
      } catch (error) {
        if (!this.#life.signal.aborted) this.#failed(ServingError.from(error));
      }
    }
    this.#repairing = undefined;
  }

  #failed(cause: ServingError): void {
    this.#record({ kind: 'create_failed' });
    const retryInMs = this.#nextDelayMs();
    this.#supply = { kind: 'failing', cause, retryAt: this.#options.clock.now() + retryInMs };
    this.#listener.onEvent({ kind: 'create_failed', error: cause, retryInMs });
    const refusal = this.refusal();
    if (refusal !== undefined) this.#listener.onUnavailable(refusal);
  }

  /** One instance within `createTimeoutMs`; one that comes too late is closed. */
  async #create(signal: AbortSignal): Promise<Instance> {
    const { clock, createTimeoutMs, create } = this.#options;
    const limit = new AbortController();
    const onAbort = () => limit.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const cancelTimer = clock.after(createTimeoutMs, () =>
      limit.abort(new ServingError('load_failed', `an instance was not ready within ${createTimeoutMs} ms`)),
    );
    this.#record({ kind: 'create_started', now: clock.now() });
    try {
      return await abortable(create(limit.signal), limit.signal, (late) => this.#dismiss(late));
    } finally {
      cancelTimer();
      signal.removeEventListener('abort', onAbort);
    }
  }

  #add(instance: Instance): void {
    this.#record({ kind: 'created' });
    this.#supply = { kind: 'working' };
    this.#live.set(instance, this.#options.clock.now());
    this.#listener.onReady(instance);
  }

  /** Closes in the background; `close` waits for it. An instance that cannot be closed is gone as far as the pool goes. */
  #dismiss(instance: Instance): void {
    const closed: Promise<void> = instance
      .close()
      .catch(() => undefined)
      .finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  #watch(): void {
    this.#cancelWatch = this.#options.clock.after(WATCH_INTERVAL_MS, () => {
      for (const instance of this.#live.keys()) {
        if (instance.broken !== undefined) this.retire(instance, instance.broken);
      }
      this.#watch();
    });
  }

  #nextDelayMs(): number {
    return nextDelayMs(this.#restart, this.#options.clock.now(), this.#options.random(), this.#options.restart);
  }

  #record(event: RestartEvent): void {
    this.#restart = afterRestartEvent(this.#restart, event, this.#options.restart);
  }
}
