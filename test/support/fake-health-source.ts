import type { HealthSource, HealthStatus } from '../../src/services/health.js';

/** Statuses as the test sets them. */
export class FakeHealthSource implements HealthSource {
  readonly #statuses: Map<string, HealthStatus>;
  readonly listeners = new Set<() => void>();

  constructor(statuses: Readonly<Record<string, HealthStatus>> = {}) {
    this.#statuses = new Map(Object.entries(statuses));
  }

  status(service: string): HealthStatus {
    return this.#statuses.get(service) ?? 'unknown';
  }

  services(): Iterable<string> {
    return this.#statuses.keys();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(service: string, status: HealthStatus): void {
    this.#statuses.set(service, status);
    for (const listener of this.listeners) listener();
  }
}
