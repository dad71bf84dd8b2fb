import type { ServingError } from '../error/serving-error.js';
import { compareVersions, type VersionReference } from '../model/id.js';
import type { ModelSource } from '../model/source.js';
import { versionsToRetire } from './availability.js';
import type { Handle } from './handle.js';
import type { Drainable } from './loader.js';
import type { VersionStateKind } from './state.js';
import type { ModelStatus, VersionStatus } from './status.js';
import type { Version } from './version.js';

/** The versions of one model, and which of them answers a request. */
export class ModelVersions<S extends Drainable> {
  readonly model: string;
  /** Whether the source still names the model. */
  aspired = true;
  /** Why the source cannot have it served; undefined while it can. */
  reason: ServingError | undefined;
  readonly #all = new Set<Version<S>>();
  /** What `lend` reads, kept by `refresh`. */
  readonly #ready = new Map<string, Version<S>>();
  #newest: Version<S> | undefined;

  constructor(model: string) {
    this.model = model;
  }

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  /** Whether an aspired version is still on its way. */
  get isSettling(): boolean {
    return this.list().some(({ aspired, state }) => aspired && (state === 'new' || state === 'loading'));
  }

  /** The handle that answers `reference`, where a version is ready for it. */
  lend(reference: VersionReference): Handle<S> | undefined {
    switch (reference.kind) {
      case 'newest':
        return this.#newest?.lend();
      case 'version':
        return this.#ready.get(reference.version)?.lend();
      case 'alias':
        return undefined;
    }
  }

  /**
   * Takes note of what is aspired now and returns the versions that have to be made, newest first. A version that is there, in whatever
   * state short of leaving, stays as it is, a failed one too.
   */
  aspire(sources: readonly ModelSource[], create: (source: ModelSource) => Version<S>): Version<S>[] {
    const missing = new Map(sources.map((source) => [source.version, source]));
    for (const version of this.#all) version.aspired = !isLeaving(version.state) && missing.delete(version.id.version);
    return this.#create([...missing.values()], create);
  }

  /** Takes note of what is aspired now and returns it all as versions to be made anew, newest first: nothing that is there counts as it. */
  renew(sources: readonly ModelSource[], create: (source: ModelSource) => Version<S>): Version<S>[] {
    for (const version of this.#all) version.aspired = false;
    return this.#create(sources, create);
  }

  /** The versions that should leave now. */
  toRetire(): Version<S>[] {
    return versionsToRetire(this.list());
  }

  /** Those that are leaving included. */
  list(): readonly Version<S>[] {
    return [...this.#all];
  }

  /** After each step of one of its versions: forgets those that are gone and finds out which are ready. */
  refresh(): void {
    this.#ready.clear();
    this.#newest = undefined;
    for (const version of this.#all) {
      if (version.state === 'gone') this.#all.delete(version);
      if (version.state !== 'ready') continue;
      this.#ready.set(version.id.version, version);
      if (this.#newest === undefined || compareVersions(version.id.version, this.#newest.id.version) >= 0) this.#newest = version;
    }
  }

  /** Ascending. */
  readyVersions(): string[] {
    return [...this.#ready.keys()].sort(compareVersions);
  }

  status(): ModelStatus {
    return { model: this.model, reason: this.reason, versions: this.statuses() };
  }

  /** Ascending; of two versions of one number the one that is ready, else the one that is not leaving. */
  statuses(): VersionStatus[] {
    const byVersion = new Map<string, Version<S>>();
    for (const version of this.#all) {
      const other = byVersion.get(version.id.version);
      if (other === undefined || rank(version.state) >= rank(other.state)) byVersion.set(version.id.version, version);
    }
    return [...byVersion.values()].map(({ status }) => status).sort((a, b) => compareVersions(a.id.version, b.id.version));
  }

  /** Newest first. */
  #create(sources: readonly ModelSource[], create: (source: ModelSource) => Version<S>): Version<S>[] {
    const created = [...sources].sort((a, b) => compareVersions(b.version, a.version)).map((source) => create(source));
    for (const version of created) this.#all.add(version);
    return created;
  }
}

/** How much a state says of its number, beside another version of the same number. */
function rank(state: VersionStateKind): number {
  if (state === 'ready') return 2;
  return isLeaving(state) ? 0 : 1;
}

function isLeaving(state: VersionStateKind): boolean {
  return state === 'draining' || state === 'unloading' || state === 'gone';
}
