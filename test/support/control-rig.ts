import { CancelSource } from '../../src/model/cancel-signal.js';
import { NEWEST, type VersionReference } from '../../src/model/id.js';
import type { LoadOverrides } from '../../src/model/load-overrides.js';
import { Registry } from '../../src/registry/registry.js';
import type { AspiredModel, OverriddenModel, Overrides, Source } from '../../src/registry/source.js';
import type { ControlAccess } from '../../src/serving/control-guard.js';
import { type ControlCall, ControlPlane } from '../../src/serving/control-plane.js';
import type { Servable } from '../../src/serving/servable.js';
import { turns } from './event-loop.js';
import { aspiredModel } from './fake-servables.js';
import { HeldLoader } from './held-loader.js';
import { ManualClock } from './manual-clock.js';

/** Longer than the registry waits for a handle that was lost. */
const LOST_HANDLE_MS = 10_000;

/** A repository in memory, and how often each model of it was read. */
export class FakeSource implements Source {
  readonly models = new Map<string, AspiredModel>();
  readonly found: string[] = [];
  /** Why the repository cannot be read, where it cannot. */
  failure: Error | undefined;

  aspired(): Promise<readonly AspiredModel[]> {
    return Promise.resolve([...this.models.values()]);
  }

  names(): Promise<readonly string[]> {
    return this.failure === undefined ? Promise.resolve([...this.models.keys()].sort()) : Promise.reject(this.failure);
  }

  find(model: string): Promise<AspiredModel | undefined> {
    this.found.push(model);
    return this.failure === undefined ? Promise.resolve(this.models.get(model)) : Promise.reject(this.failure);
  }
}

/** What callers brought for which model, and how much of it is still kept. */
export class FakeOverrides implements Overrides {
  /** "model: config" of every one. */
  readonly seen: string[] = [];
  /** Undefined: no repository has the model. */
  answer: AspiredModel | undefined;
  kept = 0;

  override(model: string, { config }: LoadOverrides): Promise<OverriddenModel | undefined> {
    this.seen.push(`${model}: ${config}`);
    const aspired = this.answer;
    if (aspired === undefined) return Promise.resolve(undefined);
    this.kept += 1;
    return Promise.resolve({ aspired, [Symbol.asyncDispose]: () => this.#letGo() });
  }

  #letGo(): Promise<void> {
    this.kept -= 1;
    return Promise.resolve();
  }
}

/** Somebody who asks for a change, and may lose patience. */
export class FakeControlCall implements ControlCall {
  readonly signal = new CancelSource();
  readonly peer: { readonly address: string; readonly local: boolean };

  constructor(local = true) {
    this.peer = { address: local ? '127.0.0.1:1' : '192.0.2.7:1', local };
  }
}

export interface ControlRigOptions {
  readonly access?: ControlAccess;
  readonly explicit?: boolean;
}

/** A control plane over a repository in memory and loads that end when the test says so. */
export class ControlRig implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly loader = new HeldLoader();
  readonly registry: Registry<Servable>;
  readonly source = new FakeSource();
  readonly overrides = new FakeOverrides();
  readonly aspired: AspiredModel[] = [];
  readonly control: ControlPlane;

  constructor({ access = 'local', explicit = true }: ControlRigOptions = {}) {
    const { loader, clock, source } = this;
    this.registry = new Registry({ loader, clock, loadParallelism: 8 });
    this.control = new ControlPlane({
      registry: this.registry,
      source,
      overrides: this.overrides,
      access,
      explicit,
      onAspired: (aspired) => this.aspired.push(aspired),
      closing: new AbortController().signal,
    });
  }

  /** Puts `m` with these versions in the repository. */
  put(...versions: string[]): void {
    this.source.models.set('m', aspiredModel('m', ...versions));
  }

  /** Begins to load `m`; the load is under way when this resolves. */
  async begin(call: ControlCall = new FakeControlCall()): Promise<{ readonly outcome: Promise<unknown> }> {
    const outcome = this.control.load('m', call).then(
      () => 'loaded',
      (error: unknown) => error,
    );
    await turns();
    return { outcome };
  }

  /** Begins to load `m` with a config of the caller's own; the load is under way, or waits for its turn, when this resolves. */
  async beginWith(config: string, call: ControlCall = new FakeControlCall()): Promise<{ readonly outcome: Promise<unknown> }> {
    const outcome = this.control.loadWith('m', { config, files: new Map() }, call).then(
      () => 'loaded',
      (error: unknown) => error,
    );
    await turns();
    return { outcome };
  }

  /** Loads `m` with these versions. */
  async load(...versions: string[]): Promise<unknown> {
    this.put(...versions);
    const { outcome } = await this.begin();
    for (const version of versions) this.loader.finish(`m/${version}`);
    return outcome;
  }

  /** "model/version state: reason" of each entry. */
  async index(readyOnly = false): Promise<string[]> {
    const entries = await this.control.index({ readyOnly }, new CancelSource());
    return entries.map(({ model, version, state, reason }) => `${model}/${version} ${state}: ${reason}`);
  }

  /** The servable of `m` that answers. */
  servable(reference: VersionReference = NEWEST): Servable {
    using handle = this.registry.acquire('m', reference);
    return handle.servable;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.registry.close();
    await turns();
    this.clock.advance(LOST_HANDLE_MS);
    await closed;
  }
}
