import { tmpdir } from 'node:os';
import type { Tracer } from '@opentelemetry/api';
import type { Backend } from './backend/backend.js';
import { IdentityBackend } from './backend/identity/backend.js';
import type { PoolEvent } from './backend/instance-set.js';
import { ONNX_WORKER_URL, OnnxBackend } from './backend/onnx/backend.js';
import { RepeatBackend } from './backend/repeat/backend.js';
import { ServingError } from './error/serving-error.js';
import { type Clock, systemClock } from './model/clock.js';
import type { VersionId } from './model/id.js';
import { FilesystemSource } from './registry/filesystem-source.js';
import { OverrideDirectories } from './registry/override-directory.js';
import { OverrideSource } from './registry/override-source.js';
import { Registry } from './registry/registry.js';
import type { AspiredModel, Overrides, Source } from './registry/source.js';
import type { RegistryEvent } from './registry/status.js';
import type { Servable } from './serving/servable.js';
import { ServableLoader } from './serving/servable-loader.js';
import type { Instruments } from './telemetry/instruments.js';
import { defaultSettings, parseConfigOverride, parseModelConfig } from './wire/model-config.js';

/** What a worker may take to end its run once everybody has given up on it; common runs are far shorter. */
const STUCK_AFTER_MS = 2_000;

export interface CoreOptions {
  readonly repositories: readonly string[];
  /** Names of the models to load; `*` stands for all of them. */
  readonly models: readonly string[];
  readonly defaultMaxBatchSize: number;
  readonly loadParallelism: number;
  readonly loadTimeoutMs: number;
}

export interface CoreParts {
  readonly clock: Clock;
  readonly instruments: Instruments;
  /** Undefined where nothing is traced. */
  readonly tracer: Tracer | undefined;
  /** The code of ONNX Runtime's worker threads; tests bring one that dies. */
  readonly onnxWorkerUrl?: URL;
  /** Where files lie that callers sent with a load; the system's own where absent. */
  readonly temporaryDirectory?: string;
  readonly onRegistryEvent: (event: RegistryEvent) => void;
  readonly onPoolEvent: (id: VersionId, event: PoolEvent) => void;
  readonly onBatchFailed: (id: VersionId, error: ServingError) => void;
}

/** The models of some repositories, loaded and runnable: what `serve` serves and `check` checks. */
export class Core {
  readonly registry: Registry<Servable>;
  /** The model repositories. */
  readonly source: Source;
  /** The same models as callers want them. */
  readonly overrides: Overrides;
  readonly #overrideDirectories: OverrideDirectories;
  readonly #options: CoreOptions;
  readonly #onnx: OnnxBackend;

  constructor(options: CoreOptions, parts: CoreParts) {
    const { clock, instruments, tracer, onnxWorkerUrl, temporaryDirectory = tmpdir(), onRegistryEvent, onPoolEvent, onBatchFailed } = parts;
    const { repositories, defaultMaxBatchSize, loadParallelism, loadTimeoutMs } = options;
    this.#options = options;
    const source = new FilesystemSource({ repositories, parseSettings: parseModelConfig, defaultSettings });
    this.source = source;
    this.#overrideDirectories = new OverrideDirectories(temporaryDirectory);
    this.overrides = new OverrideSource({
      repositories: source,
      directories: this.#overrideDirectories,
      parseConfig: parseConfigOverride,
    });
    this.#onnx = new OnnxBackend({ clock, workerUrl: onnxWorkerUrl ?? ONNX_WORKER_URL });
    const backends: Backend[] = [this.#onnx, new IdentityBackend(clock), new RepeatBackend(clock)];
    const random = Math.random;
    const loader = new ServableLoader({
      backends,
      clock,
      instruments,
      tracer,
      random,
      defaultMaxBatchSize,
      loadTimeoutMs,
      onPoolEvent,
      onBatchFailed,
    });
    this.registry = new Registry({ loader, clock, loadParallelism, onEvent: onRegistryEvent });
  }

  /** Reads the repositories and begins to load. Rejects with RepositoryError where one cannot be read. */
  async load(signal: AbortSignal): Promise<readonly AspiredModel[]> {
    const found = await this.source.aspired(signal);
    const wanted = selectModels(found, this.#options.models);
    this.registry.aspire(wanted);
    return wanted;
  }

  /**
   * Unloads everything, with the time that the signal leaves. `unloaded`: no worker thread is left and the process may exit. `stuck`: one is
   * still inside the runtime, where nothing can stop it; the process can only be killed (exiting would abort it). Idempotent.
   */
  async drain(signal: AbortSignal): Promise<'unloaded' | 'stuck'> {
    const outcome = await Promise.race([this.#unload(signal), patienceAfter(signal)]);
    await this.#overrideDirectories.close();
    return outcome;
  }

  async #unload(signal: AbortSignal): Promise<'unloaded'> {
    await this.registry.drain(signal);
    await this.#onnx.workersGone();
    return 'unloaded';
  }
}

/** Resolves some time after the signal has aborted. */
function patienceAfter(signal: AbortSignal): Promise<'stuck'> {
  return new Promise((resolve) => {
    const wait = () => void systemClock.after(STUCK_AFTER_MS, () => resolve('stuck'));
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true });
  });
}

/** A name that the repositories do not have fails like a model that does not load: visibly, and without holding up the others. */
function selectModels(found: readonly AspiredModel[], names: readonly string[]): readonly AspiredModel[] {
  if (names.includes('*')) return found;
  const missing = names.filter((name) => !found.some(({ model }) => model === name));
  const selected = found.filter(({ model }) => names.includes(model));
  return [...selected, ...missing.map((model) => ({ model, error: notInRepository(model) }))];
}

function notInRepository(model: string): ServingError {
  return new ServingError('load_failed', `failed to load '${model}': no model repository has a model of this name`);
}
