import { ServingError } from '../error/serving-error.js';
import type { Clock } from '../model/clock.js';
import type { VersionId } from '../model/id.js';
import type { ModelSource } from '../model/source.js';
import { Handle, type Lender } from './handle.js';
import type { LoadSet, LoadSetMember } from './load-set.js';
import type { Drainable, Loader } from './loader.js';
import { transition, type VersionEvent, type VersionState, type VersionStateKind } from './state.js';
import type { VersionStatus } from './status.js';

export interface VersionParts<S extends Drainable> {
  readonly clock: Clock;
  /** How long a version that must leave now waits for handles that are still out. */
  readonly closeGraceMs: number;
  /** Called after each step; must not throw. */
  readonly onStep: (version: Version<S>, from: VersionStateKind, elapsedMs: number) => void;
}

/**
 * One version of one model through its whole life: loads once, lends handles while it is ready, leaves once. Holds the directory that it is
 * loaded from until nothing of it is left.
 */
export class Version<S extends Drainable> implements Lender, LoadSetMember {
  readonly id: VersionId;
  readonly source: ModelSource;
  /** Whether the source still wants it; the registry alone sets it. */
  aspired = true;
  readonly #parts: VersionParts<S>;
  readonly #set: LoadSet | undefined;
  readonly #letGoOfDirectory: (() => void) | undefined;
  #state: VersionState<S> = { kind: 'new' };
  /** What came of a load that waits for the rest of its set. */
  #loaded: S | undefined;
  #since: number;
  #handles = 0;
  #onHandlesBack: (() => void) | undefined;
  readonly #abandonment = new AbortController();
  #loading: Promise<void> = Promise.resolve();
  #leaving: Promise<void> | undefined;
  readonly #onSettled: ((status: VersionStatus) => void)[] = [];

  /** One of a `set` is loading until the last of the set has loaded. */
  constructor(source: ModelSource, parts: VersionParts<S>, set?: LoadSet) {
    this.id = Object.freeze({ model: source.model, version: source.version });
    this.source = source;
    this.#parts = parts;
    this.#set = set;
    this.#letGoOfDirectory = source.owner?.hold();
    set?.add(this);
    this.#since = parts.clock.now();
  }

  get state(): VersionStateKind {
    return this.#state.kind;
  }

  get status(): VersionStatus {
    const state = this.#state;
    return { id: this.id, state: state.kind, reason: state.kind === 'failed' ? state.error : undefined };
  }

  /** What became of its load: resolves once it is neither new nor loading any more, at the latest when it is given up. Never rejects. */
  settled(): Promise<VersionStatus> {
    if (this.state !== 'new' && this.state !== 'loading') return Promise.resolve(this.status);
    return new Promise((resolve) => {
      this.#onSettled.push(resolve);
    });
  }

  /** Undefined unless it is ready. */
  lend(): Handle<S> | undefined {
    const state = this.#state;
    if (state.kind !== 'ready') return undefined;
    this.#handles += 1;
    return new Handle(state.servable, this.id, this);
  }

  takeBack(): void {
    this.#handles -= 1;
    if (this.#handles === 0) this.#onHandlesBack?.();
  }

  /**
   * Takes a new version to ready or failed, or to where it waits for its set. Never rejects; settles once the loader has, even where the version
   * was given up meanwhile.
   */
  load(loader: Loader<S>): Promise<void> {
    this.#loading = this.#load(loader);
    return this.#loading;
  }

  /**
   * Stops lending at once, waits until the last handle is back, drains the servable and closes it. Never rejects; idempotent. Once `hurry`
   * aborts the servable is told to finish first, and handles are waited for no longer than the grace.
   */
  retire(hurry: AbortSignal): Promise<void> {
    if (this.#leaving === undefined) {
      // Set before the first step, whose listeners may come back here.
      let left = (): void => undefined;
      this.#leaving = new Promise((resolve) => {
        left = resolve;
      });
      void this.#retire(hurry).then(left);
    }
    return this.#leaving;
  }

  async #load(loader: Loader<S>): Promise<void> {
    this.#step({ kind: 'load' });
    const outcome = await outcomeOf(() => loader.load(this.source, this.#abandonment.signal));
    if (this.state !== 'loading') await this.#discard(outcome.kind === 'done' ? outcome.value : undefined);
    else if (outcome.kind === 'failed') this.#fail(outcome.error);
    else this.#take(outcome.value);
  }

  #take(servable: S): void {
    this.#loaded = servable;
    if (this.#set === undefined) this.serve();
    else this.#set.loaded(this);
  }

  #fail(error: ServingError): void {
    this.#step({ kind: 'fail', error });
    this.#set?.failed(this);
  }

  /** Its load, or its load set, is complete. Nothing where it is about to be retired: of a set that is wanted no more nothing serves. */
  serve(): void {
    const servable = this.aspired ? this.#takeLoaded() : undefined;
    if (servable !== undefined) this.#step({ kind: 'loaded', servable });
  }

  /** Its load set is not. */
  giveUp(): void {
    const servable = this.#takeLoaded();
    if (servable !== undefined) this.#loading = this.#closeLoaded(servable);
  }

  #takeLoaded(): S | undefined {
    const servable = this.#loaded;
    this.#loaded = undefined;
    return servable;
  }

  /** That it was not to blame is what is worth telling, whatever closing it brings. */
  async #closeLoaded(servable: S): Promise<void> {
    await outcomeOf(() => servable.close());
    if (this.state === 'loading') this.#step({ kind: 'fail', error: givenUp() });
    else this.#step({ kind: 'closed' });
  }

  /** The version was given up while it loaded: what came of it is closed, and never lent. */
  async #discard(servable: S | undefined): Promise<void> {
    const closed = servable === undefined ? undefined : await outcomeOf(() => servable.close());
    this.#step(closed?.kind === 'failed' ? { kind: 'fail', error: closed.error } : { kind: 'closed' });
  }

  async #retire(hurry: AbortSignal): Promise<void> {
    const before = this.#state;
    this.#step({ kind: 'retire' });
    this.#set?.left(this);
    if (before.kind === 'ready') await this.#unload(before.servable, hurry);
    if (before.kind === 'loading') await this.#abandon();
    // What went wrong on the way out has been told; the version is gone all the same.
    if (this.state === 'failed') this.#step({ kind: 'retire' });
  }

  async #abandon(): Promise<void> {
    const servable = this.#takeLoaded();
    this.#abandonment.abort(new ServingError('cancelled', 'the version is no longer aspired'));
    await this.#loading;
    if (servable !== undefined) await this.#discard(servable);
  }

  /** A servable that fails to drain is closed nevertheless. */
  async #unload(servable: S, hurry: AbortSignal): Promise<void> {
    const drained = await outcomeOf(() => this.#drain(servable, hurry));
    this.#step({ kind: 'drained' });
    const closed = await outcomeOf(() => servable.close());
    const outcome = drained.kind === 'failed' ? drained : closed;
    this.#step(outcome.kind === 'failed' ? { kind: 'fail', error: outcome.error } : { kind: 'closed' });
  }

  /**
   * Handles first, so that whoever holds one still gets its answers. In a hurry the servable comes first, because it is what the holders
   * wait for: it fails their work, they give their handles back.
   */
  async #drain(servable: S, hurry: AbortSignal): Promise<void> {
    await this.#handlesBack((giveUp) => onAbort(hurry, giveUp));
    await servable.drain(hurry);
    await this.#handlesBack((giveUp) => this.#parts.clock.after(this.#parts.closeGraceMs, giveUp));
  }

  /** Resolves when no handle is out, or when what `limit` arms gives up. */
  #handlesBack(limit: (giveUp: () => void) => () => void): Promise<void> {
    if (this.#handles === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const disarm = limit(resolve);
      this.#onHandlesBack = () => {
        disarm();
        resolve();
      };
    });
  }

  #step(event: VersionEvent<S>): void {
    const from = this.#state.kind;
    this.#state = transition(this.#state, event);
    const now = this.#parts.clock.now();
    const elapsedMs = now - this.#since;
    this.#since = now;
    if (this.state === 'gone' || this.state === 'failed') this.#letGoOfDirectory?.();
    this.#tellSettled();
    this.#parts.onStep(this, from, elapsedMs);
  }

  #tellSettled(): void {
    if (this.#onSettled.length === 0 || this.state === 'loading') return;
    for (const resolve of this.#onSettled.splice(0)) resolve(this.status);
  }
}

function givenUp(): ServingError {
  return new ServingError('load_failed', 'given up, because another version that was to serve with it failed');
}

type Outcome<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'failed'; readonly error: ServingError };

async function outcomeOf<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { kind: 'done', value: await work() };
  } catch (error) {
    return { kind: 'failed', error: ServingError.from(error) };
  }
}

/** Calls `task` once the signal has aborted, at once where it has. Returns the cancel. */
function onAbort(signal: AbortSignal, task: () => void): () => void {
  if (signal.aborted) task();
  else signal.addEventListener('abort', task, { once: true });
  return () => signal.removeEventListener('abort', task);
}
