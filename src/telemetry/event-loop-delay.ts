import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** A finer timer would wake an idle process more often than anything else in it does: at 1 ms for 2 % of a core, at 10 ms for a third of that. */
const RESOLUTION_MS = 10;
const NANOSECONDS = 1e9;

/** By the value of the metric's label. */
const PERCENTILES: readonly (readonly [quantile: string, percentile: number])[] = [
  ['0.5', 50],
  ['0.99', 99],
  ['0.999', 99.9],
  ['1', 100],
];

/** How late the event loop of this thread comes to a timer that is due: what every call waits at least. */
export class EventLoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** Seconds since it was read last, by quantile; empty before the first timer. As with prom-client's own figures, two readers share what there is. */
  read(): ReadonlyMap<string, number> {
    const histogram = this.#histogram;
    if (histogram.count === 0) return new Map();
    const late = PERCENTILES.map(([quantile, percentile]) => [quantile, lateness(histogram.percentile(percentile))] as const);
    histogram.reset();
    return new Map(late);
  }

  /** Idempotent. */
  close(): void {
    this.#histogram.disable();
  }
}

/** What Node.js tells is the time between two timers, which is never less than the one it asked for. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000);
}
