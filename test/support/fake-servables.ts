import { formatVersionId } from '../../src/model/id.js';
import type { ModelSource } from '../../src/model/source.js';
import type { Drainable, Loader } from '../../src/registry/loader.js';
import type { AspiredModel } from '../../src/registry/source.js';
import { modelSettings } from './model-source.js';

/** A servable that does nothing but count what is done to it. */
export class FakeServable implements Drainable {
  readonly name: string;
  drains = 0;
  closes = 0;
  /** The signal of the drain, once there was one. */
  drainSignal: AbortSignal | undefined;
  drainWork: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  closeWork: () => Promise<void> = () => Promise.resolve();

  constructor(name: string) {
    this.name = name;
  }

  drain(signal: AbortSignal): Promise<void> {
    this.drains += 1;
    this.drainSignal = signal;
    return this.drainWork(signal);
  }

  close(): Promise<void> {
    this.closes += 1;
    return this.closeWork();
  }
}

interface Load {
  readonly signal: AbortSignal;
  readonly resolve: (servable: FakeServable) => void;
  readonly reject: (error: unknown) => void;
}

/** Loads end when the test says so. */
export class FakeLoader implements Loader<FakeServable> {
  /** Every load ever begun, as "model/version". */
  readonly begun: string[] = [];
  readonly servables: FakeServable[] = [];
  readonly #underWay = new Map<string, Load[]>();

  load(source: ModelSource, signal: AbortSignal): Promise<FakeServable> {
    const name = formatVersionId(source);
    this.begun.push(name);
    return new Promise((resolve, reject) => {
      this.#underWay.set(name, [...(this.#underWay.get(name) ?? []), { signal, resolve, reject }]);
    });
  }

  /** Names of the loads that have not ended. */
  get underWay(): string[] {
    return [...this.#underWay.keys()];
  }

  signalOf(name: string): AbortSignal | undefined {
    return this.#underWay.get(name)?.[0]?.signal;
  }

  /** Ends the oldest load of that name well. */
  finish(name: string): FakeServable {
    const servable = new FakeServable(name);
    this.servables.push(servable);
    this.#end(name).resolve(servable);
    return servable;
  }

  fail(name: string, error: unknown): void {
    this.#end(name).reject(error);
  }

  #end(name: string): Load {
    const [load, ...others] = this.#underWay.get(name) ?? [];
    if (load === undefined) throw new RangeError(`no load of ${name} is under way`);
    if (others.length > 0) this.#underWay.set(name, others);
    else this.#underWay.delete(name);
    return load;
  }
}

export function versionSource(model: string, version: string): ModelSource {
  return { model, version, directory: `/nowhere/${model}/${version}`, settings: modelSettings() };
}

/** A model of which these versions are aspired. */
export function aspiredModel(model: string, ...versions: string[]): AspiredModel {
  return { model, settings: modelSettings(), versions: versions.map((version) => versionSource(model, version)) };
}
