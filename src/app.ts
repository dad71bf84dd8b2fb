import type { PoolEvent } from './backend/instance-set.js';
import type { CloseResult, DrainResult, LoadProgress, RunningServer, ServerDeps, StartServer } from './cli/server-port.js';
import type { ServeConfig } from './config/options.js';
import { Core } from './core.js';
import type { GrpcServer, Service } from './grpc/call.js';
import { CallTelemetry } from './grpc/call-telemetry.js';
import { createGrpcServer } from './grpc/create-server.js';
import { DeadlineWheel } from './grpc/deadline-wheel.js';
import { DEFAULT_GRPC_SERVER_OPTIONS, type GrpcServerOptions, type TlsOptions } from './grpc/server-options.js';
import { loadTlsFiles, type TlsFromFiles } from './grpc/tls-files.js';
import { renewFromFiles } from './grpc/tls-watch.js';
import { type AdminServer, startAdminServer } from './http/admin.js';
import { systemClock } from './model/clock.js';
import type { VersionId } from './model/id.js';
import type { AspiredModel } from './registry/source.js';
import type { RegistryEvent } from './registry/status.js';
import { healthService } from './services/health.js';
import { inferenceV1Service } from './services/inference-v1.js';
import { oipService } from './services/oip.js';
import { reflectionServices } from './services/reflection.js';
import { Admission } from './serving/admission.js';
import { ControlPlane } from './serving/control-plane.js';
import { DataPlane } from './serving/data-plane.js';
import { LogSettings } from './serving/log-settings.js';
import { Readiness } from './serving/readiness.js';
import { SharedMemory, sharedMemoryDirectory } from './serving/shared-memory.js';
import { TraceSettings } from './serving/trace-settings.js';
import { EventLoopDelay } from './telemetry/event-loop-delay.js';
import { Instruments } from './telemetry/instruments.js';
import type { Logger } from './telemetry/logger.js';
import { startTracing, type Tracing } from './telemetry/sdk.js';
import { CallTracer } from './telemetry/tracer.js';

const FACADES = ['millrace.v1.InferenceService', 'inference.GRPCInferenceService'];
/** What the flush of the last spans may take once everything else has ended. */
const FLUSH_MS = 3_000;
/** Whoever watches the health of this server hears of a drain before the connection says so: a message takes some turns of the event loop. */
const MIN_DRAIN_GRACE_MS = 10;

export interface AppParts {
  /** The code of ONNX Runtime's worker threads; tests bring one that dies. */
  readonly onnxWorkerUrl?: URL;
  /** Where files lie that callers send with a load; tests bring one that they can look into. */
  readonly temporaryDirectory?: string;
  /** The deadlines of all calls; tests bring one that they can look into. */
  readonly wheel?: DeadlineWheel;
  /** How often the TLS files are looked at; tests do not wait as long as a server. */
  readonly tlsIntervalMs?: number;
}

/** The composition root: every part is made and joined here, started and stopped in the written order. */
export const startServer: StartServer = (config, deps, signal) => startApp(config, deps, signal);

export async function startApp(config: ServeConfig, deps: ServerDeps, signal: AbortSignal, parts: AppParts = {}): Promise<RunningServer> {
  const tls = await loadTls(config);
  const tracing = await startTracing(process.env, deps.version, deps.logger);
  const app = new App(config, deps, tracing, parts);
  try {
    await app.listen(tls);
    await app.load(signal);
    return app;
  } catch (error) {
    if (!signal.aborted) await app.close();
    else if ((await app.drain()) !== 'drained') throw new Error('stopped while models were loading, and calls were cut short');
    throw error;
  }
}

class App implements RunningServer {
  readonly #config: ServeConfig;
  readonly #deps: ServerDeps;
  readonly #logger: Logger;
  readonly #tracing: Tracing | undefined;
  readonly #traceSettings: TraceSettings;
  readonly #callTracer: CallTracer;
  readonly #instruments = new Instruments();
  readonly #loopDelay = new EventLoopDelay();
  readonly #admission: Admission;
  readonly #memory: SharedMemory | undefined;
  readonly #core: Core;
  readonly #readiness: Readiness;
  readonly #closing = new AbortController();
  readonly #wheel: DeadlineWheel;
  readonly #tlsIntervalMs: number | undefined;
  #grpc: GrpcServer | undefined;
  #admin: AdminServer | undefined;
  #drained: Promise<DrainResult> | undefined;
  #ended: Promise<'unloaded' | 'stuck'> | undefined;

  constructor(config: ServeConfig, deps: ServerDeps, tracing: Tracing | undefined, parts: AppParts) {
    this.#config = config;
    this.#deps = deps;
    this.#logger = deps.logger;
    this.#tracing = tracing;
    this.#traceSettings = new TraceSettings(tracing?.sampling, (model, values) => {
      this.#logger.info('trace_settings', { ...(model === undefined ? {} : { model }), settings: values });
    });
    const { sampler } = this.#traceSettings;
    this.#callTracer = new CallTracer({ tracer: tracing?.tracer, sampler, clock: systemClock, random: Math.random });
    this.#wheel = parts.wheel ?? new DeadlineWheel(systemClock);
    this.#tlsIntervalMs = parts.tlsIntervalMs;
    this.#admission = new Admission(config, systemClock, (cause) => this.#instruments.shed(cause).add());
    this.#memory = createSharedMemory(config);
    const models = config.modelControlMode === 'explicit' ? config.loadModel : ['*'];
    this.#core = new Core(
      { ...config, repositories: config.modelRepository, models },
      {
        ...parts,
        clock: systemClock,
        instruments: this.#instruments,
        tracer: tracing?.tracer,
        onRegistryEvent: (event) => this.#onRegistryEvent(event),
        onPoolEvent: (id, event) => this.#onPoolEvent(id, event),
        onBatchFailed: ({ model, version }, error) => {
          this.#logger.error('batch_failed', { model, version, reason: error.message, error: error.cause });
        },
      },
    );
    this.#readiness = new Readiness(this.#core.registry, FACADES, config.strictReadiness);
    this.#declareGauges();
  }

  get grpc(): readonly string[] {
    return this.#grpc?.addresses ?? [];
  }

  get admin(): string {
    return this.#admin?.address ?? '';
  }

  /** Probes and calls are answered from here on; inference says that its model is not ready. */
  async listen(tls: TlsFromFiles | undefined): Promise<void> {
    const { host, adminPort } = this.#config;
    const adminHost = host.find((address) => !address.startsWith('unix:')) ?? '127.0.0.1';
    this.#admin = await startAdminServer(
      { host: adminHost, port: adminPort },
      {
        contentType: this.#instruments.contentType,
        metrics: () => this.#instruments.metrics(),
        ready: () => this.#readiness.report(),
        onError: (error) => this.#logger.error('admin_failed', { error }),
      },
    );
    this.#grpc = await createGrpcServer(this.#config.transport, grpcOptions(this.#config, tls), this.#services(), {
      door: this.#admission,
      observer: new CallTelemetry(this.#instruments, this.#callTracer, systemClock, this.#logger),
      clock: systemClock,
      wheel: this.#wheel,
      onInternalError: (error, path) => this.#logger.error('call_failed', { path, error }),
      ...(tls !== undefined && {
        renewTls: renewFromFiles(tls, { clock: systemClock, logger: this.#logger, intervalMs: this.#tlsIntervalMs }),
      }),
    });
  }

  /** Resolves once every initial model is ready or has failed, and the ready line is written where the server is ready. */
  async load(signal: AbortSignal): Promise<void> {
    const aspired = await this.#core.load(signal);
    for (const model of aspired) this.#reportWarnings(model);
    await settledOrAborted(this.#core.registry.settled(), signal);
    signal.throwIfAborted();
    this.#readiness.markSettled();
    const models = this.#countModels();
    const { ready, reasons } = this.#readiness.report();
    if (ready) this.#logger.info('ready', { grpc: this.grpc.join(','), admin: this.admin, models });
    else this.#logger.error('not_ready', { grpc: this.grpc.join(','), admin: this.admin, models, reasons });
  }

  drain(): Promise<DrainResult> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async close(): Promise<CloseResult> {
    this.#closing.abort();
    return (await this.#end(AbortSignal.abort())) === 'stuck' ? 'stuck' : 'closed';
  }

  /** Not ready first, then no new call, then no call at all, then no model. */
  async #drain(): Promise<DrainResult> {
    const { drainGraceMs, drainTimeoutMs } = this.#config;
    this.#readiness.markDraining();
    this.#logger.info('draining', { inflight: this.#admission.inflight });
    await pause(Math.max(drainGraceMs, MIN_DRAIN_GRACE_MS), this.#closing.signal);
    const timeout = AbortSignal.timeout(drainTimeoutMs);
    const limit = AbortSignal.any([timeout, this.#closing.signal]);
    await this.#grpc?.drain(limit);
    const cutShort = limit.aborted;
    await this.#end(limit);
    this.#logger.info('drained', { cutShort });
    return cutShort ? 'cut_short' : 'drained';
  }

  /** What is left after the last call, in the order of architecture.md. Idempotent. */
  #end(limit: AbortSignal): Promise<'unloaded' | 'stuck'> {
    this.#ended ??= this.#endOnce(limit);
    return this.#ended;
  }

  async #endOnce(limit: AbortSignal): Promise<'unloaded' | 'stuck'> {
    this.#readiness.markDraining();
    await this.#grpc?.close();
    const models = await this.#core.drain(limit);
    if (models === 'stuck') this.#logger.error('worker_stuck', { reason: 'a worker is still inside the runtime and cannot be stopped' });
    this.#memory?.[Symbol.dispose]();
    await this.#admin?.close();
    this.#loopDelay.close();
    await this.#tracing?.shutdown(AbortSignal.timeout(FLUSH_MS));
    return models;
  }

  #services(): Service[] {
    const { maxTypedBytes, statusCodes, grpcHeaderForwardPattern, reflection } = this.#config;
    const data = new DataPlane(this.#core.registry, this.#admission, (span, model) => this.#callTracer.keeps(span, model));
    const services = [
      inferenceV1Service(data, { maxTypedBytes }),
      oipService(
        {
          data,
          control: this.#controlPlane(),
          readiness: this.#readiness,
          memory: this.#memory,
          settings: { trace: this.#traceSettings, log: new LogSettings(this.#logger), access: this.#config.controlPlane },
        },
        { maxTypedBytes, statusCodes, headerForwardPattern: grpcHeaderForwardPattern, version: this.#deps.version },
      ),
      healthService(this.#readiness),
    ];
    return reflection ? [...services, ...reflectionServices(services.map(({ name }) => name))] : services;
  }

  #controlPlane(): ControlPlane {
    const { controlPlane, modelControlMode } = this.#config;
    return new ControlPlane({
      registry: this.#core.registry,
      source: this.#core.source,
      overrides: this.#core.overrides,
      access: controlPlane,
      explicit: modelControlMode === 'explicit',
      onAspired: (aspired) => this.#reportWarnings(aspired),
      closing: this.#closing.signal,
    });
  }

  #declareGauges(): void {
    this.#instruments.gauge(
      'millrace_inflight_calls',
      'Inference calls that were admitted and not yet answered',
      () => this.#admission.inflight,
    );
    this.#instruments.gauge('millrace_queued_bytes', 'Tensor bytes of requests that wait or run', () => this.#admission.queuedBytes);
    this.#instruments.gauge('millrace_models', 'Model versions, by state', () => this.#versionsByState(), 'state');
    this.#instruments.gauge(
      'millrace_event_loop_delay_seconds',
      'How late the thread that serves gRPC came to its timers since the last scrape',
      () => this.#loopDelay.read(),
      'quantile',
    );
  }

  #versionsByState(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { versions } of this.#core.registry.status()) {
      for (const { state } of versions) counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return counts;
  }

  /** Versions, and models that could not even be aspired. */
  #countModels(): { ready: number; failed: number } {
    const counts = { ready: 0, failed: 0 };
    for (const { reason, versions } of this.#core.registry.status()) {
      if (reason !== undefined) counts.failed += 1;
      for (const { state } of versions) counts[state === 'ready' ? 'ready' : 'failed'] += 1;
    }
    return counts;
  }

  #reportWarnings(aspired: AspiredModel): void {
    if ('error' in aspired) return;
    for (const warning of aspired.settings.warnings) this.#logger.warn('model_config', { model: aspired.model, warning });
  }

  #onRegistryEvent(event: RegistryEvent): void {
    if (event.kind === 'model_failed') {
      this.#logger.error('model_failed', { model: event.model, reason: event.reason.message, error: event.reason.cause });
    }
    if (event.kind === 'model_gone') this.#traceSettings.forget(event.model);
    if (event.kind !== 'version') return;
    const { id, to, elapsedMs, reason } = event;
    if (to === 'ready') this.#logger.info('model_ready', { ...id, loadMs: Math.round(elapsedMs) });
    if (to === 'failed') this.#logger.error('model_failed', { ...id, reason: reason?.message, error: reason?.cause });
    if (to === 'gone') this.#instruments.forget(id);
    if (to === 'loading' || to === 'ready' || to === 'failed') this.#deps.progress?.(this.#progress(id, to));
  }

  #progress({ model, version }: VersionId, state: LoadProgress['state']): LoadProgress {
    const states = this.#core.registry.status().flatMap(({ versions }) => versions.map((status) => status.state));
    const settled = states.filter((each) => each === 'ready' || each === 'failed').length;
    return { model, version, state, settled, total: states.length };
  }

  #onPoolEvent(id: VersionId, event: PoolEvent): void {
    const { kind, ...fields } = event;
    this.#logger.warn(kind, { ...id, ...fields });
  }
}

function createSharedMemory({ controlPlane, maxQueuedBytes }: ServeConfig): SharedMemory | undefined {
  const directory = sharedMemoryDirectory();
  return directory === undefined ? undefined : new SharedMemory({ directory, access: controlPlane, maxReadBytes: maxQueuedBytes });
}

function grpcOptions(config: ServeConfig, tls: TlsOptions | undefined): GrpcServerOptions {
  const { host, grpcPort, maxMessageBytes, maxConnections, responseCompression } = config;
  return {
    ...DEFAULT_GRPC_SERVER_OPTIONS,
    listen: host.map((address) => listenAddress(address, grpcPort)),
    maxMessageBytes,
    maxConnections,
    maxConnectionsPerPeer: unlimitedIfZero(config.maxConnectionsPerPeer),
    maxConnectionAgeMs: unlimitedIfZero(config.maxConnectionAgeMs),
    maxConnectionAgeGraceMs: unlimitedIfZero(config.maxConnectionAgeGraceMs),
    maxConnectionIdleMs: unlimitedIfZero(config.maxConnectionIdleMs),
    responseCompression,
    ...(tls === undefined ? {} : { tls }),
  };
}

function unlimitedIfZero(limit: number): number {
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}

function listenAddress(host: string, port: number): string {
  if (host.startsWith('unix:')) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

async function loadTls({ tlsCertFile, tlsKeyFile, tlsClientCaFile }: ServeConfig): Promise<TlsFromFiles | undefined> {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  const pair = { cert: tlsCertFile, key: tlsKeyFile };
  return loadTlsFiles(tlsClientCaFile === undefined ? pair : { ...pair, clientCa: tlsClientCaFile });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

async function settledOrAborted(settled: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([settled, aborted]);
}
