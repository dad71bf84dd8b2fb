import type { Tracer } from '@opentelemetry/api';
import { abortable } from '../backend/abort.js';
import type { Backend, InstanceSource, OpenModel } from '../backend/backend.js';
import type { PoolEvent } from '../backend/instance-set.js';
import { assertOptionalInputs } from '../backend/optional-inputs.js';
import { InstancePool } from '../backend/pool.js';
import { withReshape } from '../backend/reshape.js';
import { DEFAULT_RESTART_POLICY } from '../backend/restart.js';
import { createPadding } from '../batching/padding.js';
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
import { addLabels, readLabels } from './labels.js';
import { Servable } from './servable.js';
import { prepareWarmUps } from './warm-up.js';
import { warmedModel } from './warmed-model.js';

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
  /** The model itself, or what warms its instances up. */
  readonly instances: InstanceSource;
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
      assertOptionalInputs(source, model);
      const spec = completeSpec(source, model.signature, { maxBatchSize: defaultMaxBatchSize });
      instruments.tag(id, spec.metricTags);
      const instances = await this.#warmed(model, spec, source, signal);
      return await this.#start(await this.#withLabels(spec, source, signal), { id, model, instances, release }, signal);
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

  async #open(source: ModelSource, signal: AbortSignal): Promise<OpenModel> {
    const backend = this.#backendOf(source);
    return this.#inTime(source, signal, (either) => backend.open(source, either), discard);
  }

  async #withLabels(spec: ModelSpec, source: ModelSource, signal: AbortSignal): Promise<ModelSpec> {
    if (source.settings.outputs.every(({ labelFilename }) => labelFilename === undefined)) return spec;
    const labels = await this.#inTime(source, signal, (either) => readLabels(source, either), ignoreLate);
    return addLabels(spec, labels);
  }

  async #warmed(model: OpenModel, spec: ModelSpec, source: ModelSource, signal: AbortSignal): Promise<InstanceSource> {
    const instances = withReshape(model, spec);
    if (source.settings.warmups.length === 0) return instances;
    const parts = { source, spec, model, random: this.#parts.random };
    const warmUps = await this.#inTime(source, signal, (either) => prepareWarmUps(parts, either), ignoreLate);
    return warmedModel(instances, warmUps);
  }

  /** Neither a hostile or huge file nor a disk that does not answer may hold a loading slot for ever. */
  async #inTime<T>(
    { model }: ModelSource,
    signal: AbortSignal,
    read: (either: AbortSignal) => Promise<T>,
    end: (late: T) => void,
  ): Promise<T> {
    const { clock, loadTimeoutMs } = this.#parts;
    const limit = new AbortController();
    const text = `load failed for model '${model}': not read within ${loadTimeoutMs} ms`;
    const cancelTimer = clock.after(loadTimeoutMs, () => limit.abort(new ServingError('load_failed', text)));
    const either = AbortSignal.any([signal, limit.signal]);
    try {
      return await abortable(read(either), either, end);
    } finally {
      cancelTimer();
    }
  }

  async #start(spec: ModelSpec, { id, model, instances, release }: Opened, signal: AbortSignal): Promise<Servable> {
    const { clock, instruments, tracer, random, loadTimeoutMs, onPoolEvent, onBatchFailed } = this.#parts;
    const { leasesReused, leasesCreated, batchCap, statistics } = instruments.model(id);
    const pool = await InstancePool.open(
      {
        model: instances,
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
    const scheduler = new BatchScheduler({ limits, slots: pool, clock, observer, padding: createPadding(spec) });
    batchCap.read = () => scheduler.cap;
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

/** What was read for nobody any more and needs no end. */
function ignoreLate(): void {}
