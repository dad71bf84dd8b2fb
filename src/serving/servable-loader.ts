import type { Tracer } from '@opentelemetry/api';
import { abortable } from '../backend/abort.js';
import type { Backend, OpenModel } from '../backend/backend.js';
import type { PoolEvent } from '../backend/instance-set.js';
import { InstancePool } from '../backend/pool.js';
import { DEFAULT_RESTART_POLICY } from '../backend/restart.js';
import { BatchScheduler } from '../batching/scheduler.js';
import { ServingError } from '../error/serving-error.js';
import type { Clock } from '../model/clock.js';
import { completeSpec } from '../model/complete-spec.js';
import type { VersionId } from '../model/id.js';
import type { ModelSource } from '../model/source.js';
import type { ModelSpec } from '../model/spec.js';
import type { Loader } from '../registry/loader.js';
import type { Instruments } from '../telemetry/instruments.js';
import { BatchTelemetry } from './batch-telemetry.js';
import { Servable } from './servable.js';

/** Callers of one model that may wait for an instance to stream from; the scheduler itself only ever is one. */
const MAX_POOL_WAITERS = 1024;

export interface ServableLoaderParts {
  readonly backends: readonly Backend[];
  readonly clock: Clock;
  readonly instruments: Instruments;
  /** Undefined where nothing is traced. */
  readonly tracer: Tracer | undefined;
  /** In [0, 1): the jitter of back-offs. */
  readonly random: () => number;
  /** For models whose own config says nothing. */
  readonly defaultMaxBatchSize: number;
  /** How long reading a model and making each of its instances may take. */
  readonly loadTimeoutMs: number;
  readonly onPoolEvent: (id: VersionId, event: PoolEvent) => void;
  /** A run failed by the backend's own doing; the error's cause says why. */
  readonly onBatchFailed: (id: VersionId, error: ServingError) => void;
}

interface Opened {
  /** Keys the version's metrics. */
  readonly id: VersionId;
  readonly model: OpenModel;
  /** Ends both. */
  readonly release: () => Promise<void>;
}

/** Makes a servable of a model version: the backend opens it, its spec is completed, its instances start. */
export class ServableLoader implements Loader<Servable> {
  readonly #parts: ServableLoaderParts;
  readonly #backends: ReadonlyMap<string, Backend>;

  constructor(parts: ServableLoaderParts) {
    this.#parts = parts;
    this.#backends = new Map(parts.backends.map((backend) => [backend.name, backend]));
  }

  async load(source: ModelSource, signal: AbortSignal): Promise<Servable> {
    const { instruments, defaultMaxBatchSize } = this.#parts;
    const id: VersionId = { model: source.model, version: source.version };
    const model = await this.#open(source, signal);
    const release = async () => {
      instruments.forget(id);
      await model[Symbol.asyncDispose]();
    };
    try {
      const spec = completeSpec(source, model.signature, { maxBatchSize: defaultMaxBatchSize });
      return await this.#start(spec, { id, model, release }, signal);
    } catch (error) {
      await release();
      throw error;
    }
  }

  #backendOf({ model, settings }: ModelSource): Backend {
    const backend = this.#backends.get(settings.backend);
    if (backend !== undefined) return backend;
    const known = [...this.#backends.keys()].join(', ');
    throw new ServingError('load_failed', `load failed for model '${model}': backend '${settings.backend}' is unknown; there are ${known}`);
  }

  /** Neither a hostile or huge file nor a disk that does not answer may hold a loading slot for ever. */
  async #open(source: ModelSource, signal: AbortSignal): Promise<OpenModel> {
    const { clock, loadTimeoutMs } = this.#parts;
    const backend = this.#backendOf(source);
    const limit = new AbortController();
    const text = `load failed for model '${source.model}': not read within ${loadTimeoutMs} ms`;
    const cancelTimer = clock.after(loadTimeoutMs, () => limit.abort(new ServingError('load_failed', text)));
    const either = AbortSignal.any([signal, limit.signal]);
    try {
      return await abortable(backend.open(source, either), either, discard);
    } finally {
      cancelTimer();
    }
  }

  async #start(spec: ModelSpec, { id, model, release }: Opened, signal: AbortSignal): Promise<Servable> {
    const { clock, instruments, tracer, random, loadTimeoutMs, onPoolEvent, onBatchFailed } = this.#parts;
    const { leasesReused, leasesCreated, statistics } = instruments.model(id);
    const pool = await InstancePool.open(
      {
        model,
        spec,
        maxWaiters: MAX_POOL_WAITERS,
        createTimeoutMs: loadTimeoutMs,
        restart: DEFAULT_RESTART_POLICY,
        clock,
        random,
        metrics: { leased: (reused) => (reused ? leasesReused : leasesCreated).add() },
        onEvent: (event) => onPoolEvent(id, event),
      },
      signal,
    );
    const observer = new BatchTelemetry(id, instruments, clock, tracer, onBatchFailed);
    // A model that shares no batches takes one request at a time, whatever its rows.
    const limits = { ...spec.batching, maxBatchSize: spec.sharesBatches ? spec.maxBatchSize : 0 };
    const scheduler = new BatchScheduler({ limits, slots: pool, clock, observer });
    const removeQueue = statistics.addQueue(() => scheduler.waiting);
    const end = () => {
      removeQueue();
      return release();
    };
    return new Servable({ spec, scheduler, instances: pool, observer, clock, statistics, model, release: end });
  }
}

/** A model that nobody waits for any more. */
function discard(late: OpenModel): void {
  late[Symbol.asyncDispose]().then(undefined, () => undefined);
}
