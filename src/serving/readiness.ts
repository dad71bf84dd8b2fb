import { ServingError } from '../error/serving-error.js';
import { formatVersionId, NEWEST, type VersionReference } from '../model/id.js';
import type { Registry } from '../registry/registry.js';
import type { ModelStatus } from '../registry/status.js';
import type { Servable } from './servable.js';

/** Where the process is in its life; it only moves to the right. */
type Phase = 'starting' | 'serving' | 'draining';

export type ServiceStatus = 'serving' | 'not_serving' | 'unknown';

export interface ReadinessReport {
  readonly ready: boolean;
  /** One sentence for each thing that is not ready. */
  readonly reasons: readonly string[];
}

/**
 * The one truth about readiness, behind ServerReady, ModelReady, grpc.health.v1 and /readyz. Not strict: ready once every initial model is
 * ready or has failed; strict: only while all of them are ready.
 */
export class Readiness {
  readonly #registry: Registry<Servable>;
  readonly #strict: boolean;
  readonly #facades: readonly string[];
  readonly #listeners = new Set<() => void>();
  #phase: Phase = 'starting';

  /** `facades` are the full names of the gRPC services whose health is the server's. */
  constructor(registry: Registry<Servable>, facades: readonly string[], strict: boolean) {
    this.#registry = registry;
    this.#facades = facades;
    this.#strict = strict;
    registry.subscribe(() => this.#notify());
  }

  /** Every initial model is ready or has failed. */
  markSettled(): void {
    if (this.#phase === 'starting') this.#phase = 'serving';
    this.#notify();
  }

  markDraining(): void {
    this.#phase = 'draining';
    this.#notify();
  }

  report(): ReadinessReport {
    if (this.#phase === 'draining') return { ready: false, reasons: ['the server is draining'] };
    const reasons = this.#registry.status().flatMap(unreadyReasons);
    if (this.#phase === 'starting') return { ready: false, reasons: ['models are still loading', ...reasons] };
    return { ready: !this.#strict || reasons.length === 0, reasons };
  }

  /** Throws `model_not_found` for an alias that is unknown: whether it is ready cannot be said. */
  modelReady(model: string, version: VersionReference): boolean {
    if (this.#phase === 'draining') return false;
    try {
      this.#registry.acquire(model, version)[Symbol.dispose]();
      return true;
    } catch (error) {
      const { code } = ServingError.from(error);
      if (code === 'model_not_found' && version.kind === 'alias') throw error;
      if (code === 'model_not_found' || code === 'model_not_ready' || code === 'draining') return false;
      throw error;
    }
  }

  /** grpc.health.v1's view: "" and the facades are the server; "<model>" and "<model>/<version>" are themselves. */
  status(service: string): ServiceStatus {
    if (service === '' || this.#facades.includes(service)) return this.report().ready ? 'serving' : 'not_serving';
    for (const { model, versions } of this.#registry.status()) {
      if (service === model) return this.#modelStatus(model, NEWEST);
      const named = versions.find(({ id }) => service === formatVersionId(id));
      if (named !== undefined) return this.#modelStatus(model, { kind: 'version', version: named.id.version });
    }
    return 'unknown';
  }

  /** Every name that `status` knows. */
  *services(): Generator<string> {
    yield '';
    yield* this.#facades;
    for (const { model, versions } of this.#registry.status()) {
      yield model;
      for (const { id } of versions) yield formatVersionId(id);
    }
  }

  /** Calls `listener` whenever something may have changed. Returns the unsubscribe. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #modelStatus(model: string, version: VersionReference): ServiceStatus {
    return this.modelReady(model, version) ? 'serving' : 'not_serving';
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

function unreadyReasons({ model, reason, versions }: ModelStatus): string[] {
  const own = reason === undefined ? [] : [`${model}: ${reason.message}`];
  const unready = versions.filter(({ state }) => state !== 'ready');
  return [
    ...own,
    ...unready.map(({ id, state, reason: why }) => `${formatVersionId(id)} is ${state}${why === undefined ? '' : `: ${why.message}`}`),
  ];
}
