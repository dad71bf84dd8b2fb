import { ServingError } from '../error/serving-error.js';
import type { Clock } from '../model/clock.js';
import type { VersionReference } from '../model/id.js';
import type { ModelSource } from '../model/source.js';
import type { Handle } from './handle.js';
import { LoadQueue } from './load-queue.js';
import { LoadSet } from './load-set.js';
import type { Drainable, Loader } from './loader.js';
import { ModelVersions } from './model-versions.js';
import { modelNotFound, refusal } from './refusal.js';
import type { AspiredModel } from './source.js';
import type { VersionStateKind } from './state.js';
import type { ModelStatus, RegistryEvent, VersionStatus } from './status.js';
import { Version, type VersionParts } from './version.js';

export interface RegistryOptions<S extends Drainable> {
  readonly loader: Loader<S>;
  readonly clock: Clock;
  /** Loads under way at once; with 2 or more a single slow model holds up nobody. */
  readonly loadParallelism: number;
  /** The first subscriber, there before anything happens. */
  readonly onEvent?: RegistryListener;
  /** How long close waits for handles after everything was cancelled; they come back within microtasks unless one was lost. */
  readonly closeGraceMs?: number;
}

/** Must not throw. */
export type RegistryListener = (event: RegistryEvent) => void;

const DEFAULT_CLOSE_GRACE_MS = 1_000;

/**
 * Which versions are aspired, loading and ready. Lends ref-counted handles to those that are ready; a version that leaves is drained and
 * closed once its last handle is back. Knows nothing of what a servable does.
 */
export class Registry<S extends Drainable> implements AsyncDisposable {
  readonly #models = new Map<string, ModelVersions<S>>();
  readonly #loads: LoadQueue<S>;
  readonly #create: (source: ModelSource, set?: LoadSet) => Version<S>;
  readonly #listeners = new Set<RegistryListener>();
  readonly #hurry = new AbortController();
  #drained: Promise<void> | undefined;
  #onSettled: (() => void)[] = [];

  constructor({ loader, clock, loadParallelism, onEvent, closeGraceMs = DEFAULT_CLOSE_GRACE_MS }: RegistryOptions<S>) {
    this.#loads = new LoadQueue(loader, loadParallelism);
    if (onEvent !== undefined) this.#listeners.add(onEvent);
    const parts: VersionParts<S> = { clock, closeGraceMs, onStep: (version, from, elapsedMs) => this.#stepped(version, from, elapsedMs) };
    this.#create = (source, set) => new Version(source, parts, set);
  }

  /**
   * Makes `models` all that is wanted from now on. What is missing begins to load, a few versions at a time, the newest of every model
   * first; what is no longer in the list leaves, but never a model's last ready version before one that is wanted is ready. A model that
   * comes with an error keeps what it has. Ignored once the registry drains.
   */
  aspire(models: readonly AspiredModel[]): void {
    if (this.#drained !== undefined) return;
    const named = new Set(models.map(({ model }) => model));
    for (const versions of this.#models.values()) if (!named.has(versions.model)) this.#drop(versions);
    const created = models.map((aspired) => this.#aspireModel(aspired));
    for (const versions of [...this.#models.values()]) this.#retire(versions);
    this.#loads.add(newestFirst(created));
    this.#checkSettled();
  }

  /**
   * Makes one model's versions anew, whatever became of them before. The new ones begin to serve together, in place of the old ones; if one of
   * them fails none does, and the old ones stay. Resolves with what became of the new ones, as soon as none of them is loading any more. A model
   * that comes with an error keeps what it has. Throws `draining`.
   */
  async renew(aspired: AspiredModel): Promise<readonly VersionStatus[]> {
    if (this.#drained !== undefined) throw shuttingDown();
    const versions = this.#know(aspired.model);
    if ('error' in aspired) {
      this.#failModel(versions, aspired.error);
      return [];
    }
    versions.reason = undefined;
    const set = new LoadSet();
    const created = versions.renew(aspired.versions, (source) => this.#create(source, set));
    this.#retire(versions);
    this.#loads.add(created);
    this.#checkSettled();
    return Promise.all(created.map((version) => version.settled()));
  }

  /**
   * Lets every version of one model go. The model stays known, without a version, until `aspire` no longer names it or `renew` brings it back.
   * Of an unknown model there is nothing to let go.
   */
  retire(model: string): void {
    const versions = this.#models.get(model);
    if (versions === undefined || this.#drained !== undefined) return;
    versions.reason = undefined;
    versions.renew([], this.#create);
    this.#retire(versions);
    this.#checkSettled();
  }

  /** Resolves once every aspired version is ready or has failed. */
  async settled(): Promise<void> {
    if (this.#isSettled()) return;
    await new Promise<void>((resolve) => {
      this.#onSettled.push(resolve);
    });
  }

  /**
   * A handle of the version that `reference` asks for; the newest is the highest that is ready. Throws `model_not_found`,
   * `model_not_ready`, or `draining` once the whole registry drains.
   */
  acquire(model: string, reference: VersionReference): Handle<S> {
    const versions = this.#models.get(model);
    const handle = versions?.lend(reference);
    if (handle !== undefined) return handle;
    if (this.#drained !== undefined) throw shuttingDown();
    throw versions === undefined ? modelNotFound(model) : refusal(model, reference, versions.statuses());
  }

  /** Every known model, by name. */
  status(): readonly ModelStatus[] {
    const statuses = [...this.#models.values()].map((versions) => versions.status());
    return statuses.sort((a, b) => (a.model < b.model ? -1 : 1));
  }

  /** Ascending; empty for an unknown model. */
  readyVersions(model: string): readonly string[] {
    return this.#models.get(model)?.readyVersions() ?? [];
  }

  /** Calls `listener` on each event from now on, until the returned function is called. */
  subscribe(listener: RegistryListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Lends nothing more and unloads everything, each servable once its last handle is back and its work is done. Once the signal aborts
   * servables are told to give up what is left. Resolves when all is closed. Idempotent.
   */
  async drain(signal: AbortSignal): Promise<void> {
    const hurry = () => this.#hurry.abort(signal.reason);
    if (signal.aborted) hurry();
    else signal.addEventListener('abort', hurry, { once: true });
    this.#drained ??= this.#retireAll();
    await this.#drained;
    signal.removeEventListener('abort', hurry);
  }

  /** Unloads everything with no time left. Idempotent. */
  close(): Promise<void> {
    return this.drain(AbortSignal.abort(shuttingDown()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #aspireModel(aspired: AspiredModel): Version<S>[] {
    const versions = this.#know(aspired.model);
    if ('error' in aspired) {
      this.#failModel(versions, aspired.error);
      return [];
    }
    versions.reason = undefined;
    return versions.aspire(aspired.versions, this.#create);
  }

  /** The versions of a model that is wanted. */
  #know(model: string): ModelVersions<S> {
    const versions = this.#models.get(model) ?? new ModelVersions<S>(model);
    this.#models.set(model, versions);
    versions.aspired = true;
    return versions;
  }

  /** Tells of an error once, however often the source repeats it. */
  #failModel(versions: ModelVersions<S>, reason: ServingError): void {
    const known = versions.reason?.message === reason.message;
    versions.reason = reason;
    if (!known) this.#emit({ kind: 'model_failed', model: versions.model, reason });
  }

  #drop(versions: ModelVersions<S>): void {
    versions.aspired = false;
    versions.aspire([], this.#create);
  }

  async #retireAll(): Promise<void> {
    const all = [...this.#models.values()];
    const leaving = all.flatMap((versions) => versions.list());
    for (const versions of all) this.#drop(versions);
    for (const versions of all) this.#retire(versions);
    await Promise.all(leaving.map((version) => version.retire(this.#hurry.signal)));
  }

  #retire(versions: ModelVersions<S>): void {
    for (const version of versions.toRetire()) void version.retire(this.#hurry.signal);
    this.#forgetIfGone(versions);
  }

  #stepped(version: Version<S>, from: VersionStateKind, elapsedMs: number): void {
    const { id, status } = version;
    if (from === 'new') this.#loads.remove(version);
    const versions = this.#models.get(id.model);
    versions?.refresh();
    this.#emit({ kind: 'version', id, from, to: status.state, elapsedMs, reason: status.reason });
    if (versions !== undefined) this.#retire(versions);
    this.#checkSettled();
  }

  #forgetIfGone(versions: ModelVersions<S>): void {
    if (versions.aspired || !versions.isEmpty || !this.#models.delete(versions.model)) return;
    this.#emit({ kind: 'model_gone', model: versions.model });
  }

  #emit(event: RegistryEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #isSettled(): boolean {
    for (const versions of this.#models.values()) if (versions.isSettling) return false;
    return true;
  }

  #checkSettled(): void {
    if (this.#onSettled.length === 0 || !this.#isSettled()) return;
    const waiting = this.#onSettled;
    this.#onSettled = [];
    for (const resolve of waiting) resolve();
  }
}

/** The first version of every model, then the second of every model, and so on. */
function* newestFirst<T>(lists: readonly (readonly T[])[]): Generator<T> {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  for (let rank = 0; rank < longest; rank++) {
    for (const list of lists) {
      const item = list[rank];
      if (item !== undefined) yield item;
    }
  }
}

function shuttingDown(): ServingError {
  return new ServingError('draining', 'the server is shutting down', { retryAfterMs: 0 });
}
