import { collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import type { VersionId } from '../model/id.js';
import {
  type BoundCounter,
  type BoundGauge,
  type BoundHistogram,
  CounterFamily,
  GaugeFamily,
  HistogramFamily,
  type Labels,
} from './metric.js';
import type { ModelStatistics } from './model-statistics.js';
import { type StatusName, statusName } from './status-name.js';
import { type TritonFamily, TritonMetrics, type TritonSeries } from './triton-metrics.js';

/** Why a call or connection was turned away before it was served. */
export const SHED_CAUSES = ['inflight', 'queued_bytes', 'queue_full', 'deadline', 'connections'] as const;

export type ShedCause = (typeof SHED_CAUSES)[number];

/** What one model version counts below the facades. */
export interface ModelInstruments {
  readonly batchRows: BoundHistogram;
  readonly batchRequests: BoundHistogram;
  /** Batches that closed for one reason. */
  batches(reason: string): BoundCounter;
  /** What batches cost in all, padding aside, and the padding. */
  readonly batchCostReal: BoundCounter;
  readonly batchCostPadding: BoundCounter;
  readonly batchSplits: BoundCounter;
  readonly batchCap: BoundGauge;
  readonly queueSeconds: BoundHistogram;
  readonly executeSeconds: BoundHistogram;
  readonly leasesReused: BoundCounter;
  readonly leasesCreated: BoundCounter;
  readonly statistics: ModelStatistics;
}

/** Names and values of labels. */
export type MetricTags = ReadonlyMap<string, string>;

/** What all ids of one version share. */
type SharedInstruments = Omit<ModelInstruments, 'statistics'> & { readonly triton: TritonSeries };

/** What one method counts for one model version. */
export interface CallInstruments {
  readonly requestSeconds: BoundHistogram;
  /** `status` is the number of a gRPC status code. */
  code(status: number): BoundCounter;
}

/** 1-2.5-5 from 100 µs, below which the event loop itself is the noise, to 10 s, beyond which callers have given up. */
const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const POWERS_OF_TWO = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** Labels for paths that reach no model: some are health checks, the rest clients made up. A call that found a model is of a method we have. */
const MAX_UNTARGETED_METHODS = 64;
const OTHER_METHODS = 'other';

/** Every metric family of the process, declared before its first sample. */
export class Instruments {
  readonly #registry = new Registry();
  readonly #batchRows = new HistogramFamily('millrace_batch_rows', 'Rows of each executed batch', POWERS_OF_TWO);
  readonly #batchRequests = new HistogramFamily('millrace_batch_requests', 'Requests that shared each executed batch', POWERS_OF_TWO);
  readonly #batches = new CounterFamily('millrace_batches_total', 'Executed batches, by why they closed');
  readonly #batchCost = new CounterFamily(
    'millrace_batch_cost_total',
    'Rows of executed batches times the length to which they were padded',
  );
  readonly #batchSplits = new CounterFamily('millrace_batch_splits_total', 'Failed batches that were run again in parts');
  readonly #batchCap = new GaugeFamily('millrace_batch_cap', 'Cost at which a batch closes by what was learned of the model');
  readonly #queueSeconds = new HistogramFamily('millrace_queue_seconds', 'Time each request waited for its batch', SECONDS);
  readonly #executeSeconds = new HistogramFamily('millrace_execute_seconds', 'Time of each execution of a batch', SECONDS);
  readonly #requestSeconds = new HistogramFamily('millrace_request_seconds', 'Time from the headers of each call to its end', SECONDS);
  readonly #requests = new CounterFamily('millrace_requests_total', 'Calls that ended, by gRPC status code');
  readonly #shed = new CounterFamily('millrace_shed_total', 'Calls and connections turned away, by cause');
  readonly #leases = new CounterFamily('millrace_pool_leases_total', 'Instances lent, by whether they were reused or newly created');
  readonly #triton = new TritonMetrics();
  readonly #shedByCause: ReadonlyMap<ShedCause, BoundCounter>;
  readonly #methods = new Map<string, string>();
  readonly #series = new Map<string, VersionSeries>();
  readonly #seriesById = new WeakMap<VersionId, VersionSeries>();
  readonly #modelById = new WeakMap<VersionId, ModelInstruments>();
  readonly #untargeted: VersionSeries;

  constructor() {
    for (const family of this.#families()) this.#registry.registerMetric(asPromClientMetric(family));
    this.#shedByCause = new Map(SHED_CAUSES.map((cause) => [cause, this.#shed.bind({ cause })]));
    this.#untargeted = new VersionSeries({ model: '', version: '' });
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The whole exposition in Prometheus' text format. */
  metrics(): Promise<string> {
    return this.#registry.metrics();
  }

  /**
   * Cached by the identity of `id`. Ids of equal model and version share their series, but the statistics are the id's own: they begin at 0
   * each time that a version is loaded, as in Triton, while its metrics count on.
   */
  model(id: VersionId): ModelInstruments {
    const known = this.#modelById.get(id);
    if (known !== undefined) return known;
    const shared = this.#sharedOf(this.#seriesOf(id));
    const instruments = { ...shared, statistics: shared.triton.begin() };
    this.#modelById.set(id, instruments);
    return instruments;
  }

  #sharedOf(series: VersionSeries): SharedInstruments {
    series.model ??= {
      batchRows: series.keep(this.#batchRows, series.labels),
      batchRequests: series.keep(this.#batchRequests, series.labels),
      batches: (reason) => series.batches.get(reason) ?? this.#createBatches(series, reason),
      batchCostReal: series.keep(this.#batchCost, { ...series.labels, kind: 'real' }),
      batchCostPadding: series.keep(this.#batchCost, { ...series.labels, kind: 'padding' }),
      batchSplits: series.keep(this.#batchSplits, series.labels),
      batchCap: series.keep(this.#batchCap, series.labels),
      queueSeconds: series.keep(this.#queueSeconds, series.labels),
      executeSeconds: series.keep(this.#executeSeconds, series.labels),
      leasesReused: series.keep(this.#leases, { ...series.labels, reused: 'true' }),
      leasesCreated: series.keep(this.#leases, { ...series.labels, reused: 'false' }),
      triton: series.keep(this.#triton, series.taggedLabels),
    };
    return series.model;
  }

  /** Adds its author's labels to what the version shows under Triton's names. Of several ids of one version the tags of the last one count. */
  tag(id: VersionId, tags: MetricTags): void {
    const series = this.#seriesOf(id);
    series.tags.set(id, tags);
    this.#relabel(series);
  }

  /** Ends the series of an unloaded version, unless another id of the same version is in use. */
  forget(id: VersionId): void {
    const series = this.#seriesById.get(id);
    if (series === undefined) return;
    this.#seriesById.delete(id);
    const statistics = this.#modelById.get(id)?.statistics;
    if (statistics !== undefined) series.model?.triton.end(statistics);
    this.#modelById.delete(id);
    series.holders -= 1;
    series.tags.delete(id);
    if (series.holders > 0) {
      this.#relabel(series);
      return;
    }
    this.#series.delete(keyOf(id));
    series.remove();
  }

  /**
   * `target` undefined: the call found no model, and no name that a client made up becomes a label. `method` is the call's path.
   */
  call(target: VersionId | undefined, method: string): CallInstruments {
    const series = target === undefined ? this.#untargeted : this.#seriesOf(target);
    const label = this.#methods.get(method) ?? this.#methodLabel(method, target !== undefined);
    return series.calls.get(label) ?? this.#createCall(series, label);
  }

  shed(cause: ShedCause): BoundCounter {
    return this.#shedByCause.get(cause) ?? this.#shed.bind({ cause });
  }

  /** A value read at each scrape: one number, or one for each value of `label`. */
  gauge(name: string, help: string, collect: () => number): void;
  gauge(name: string, help: string, collect: () => ReadonlyMap<string, number>, label: string): void;
  gauge(name: string, help: string, collect: () => number | ReadonlyMap<string, number>, label?: string): void {
    new Gauge({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
      collect() {
        const value = collect();
        this.reset();
        if (typeof value === 'number') this.set(value);
        else for (const [key, count] of value) this.set({ [label ?? 'key']: key }, count);
      },
    });
  }

  #families() {
    return [
      this.#requests,
      this.#requestSeconds,
      this.#batchRows,
      this.#batchRequests,
      this.#batches,
      this.#batchCost,
      this.#batchSplits,
      this.#batchCap,
      this.#queueSeconds,
      this.#executeSeconds,
      this.#shed,
      this.#leases,
      ...this.#triton.families,
    ];
  }

  #seriesOf(id: VersionId): VersionSeries {
    const known = this.#seriesById.get(id);
    if (known !== undefined) return known;
    const key = keyOf(id);
    const series = this.#series.get(key) ?? new VersionSeries({ model: id.model, version: id.version });
    series.holders += 1;
    this.#series.set(key, series);
    this.#seriesById.set(id, series);
    return series;
  }

  #relabel({ model, taggedLabels }: VersionSeries): void {
    if (model !== undefined) model.triton.labels = taggedLabels;
  }

  #createBatches(series: VersionSeries, reason: string): BoundCounter {
    const counter = series.keep(this.#batches, { ...series.labels, reason });
    series.batches.set(reason, counter);
    return counter;
  }

  #createCall(series: VersionSeries, method: string): CallInstruments {
    const labels = { ...series.labels, method };
    const requestSeconds = series.keep(this.#requestSeconds, labels);
    const call = new BoundCall(requestSeconds, (code) => series.keep(this.#requests, { ...labels, code }));
    series.calls.set(method, call);
    return call;
  }

  #methodLabel(path: string, targeted: boolean): string {
    if (!targeted && this.#methods.size >= MAX_UNTARGETED_METHODS) return OTHER_METHODS;
    const label = path.startsWith('/') ? path.slice(1) : path;
    this.#methods.set(path, label);
    return label;
  }
}

/** Everything that carries one version's labels, so that it can end together. */
class VersionSeries {
  readonly labels: Labels;
  readonly calls = new Map<string, CallInstruments>();
  /** By the reason for which they closed. */
  readonly batches = new Map<string, BoundCounter>();
  /** By the ids that hold the series, the last one's last. */
  readonly tags = new Map<VersionId, MetricTags>();
  model: SharedInstruments | undefined;
  holders = 0;
  readonly #removals: (() => void)[] = [];

  constructor(labels: Labels) {
    this.labels = labels;
  }

  /** As in Triton an underscore keeps tags apart from labels of the server's own. */
  get taggedLabels(): Labels {
    const tags = [...this.tags.values()].at(-1) ?? [];
    return { ...this.labels, ...Object.fromEntries(Array.from(tags, ([name, value]) => [`_${name}`, value])) };
  }

  keep<Child>(family: { bind(labels: Labels): Child; remove(child: Child): void }, labels: Labels): Child {
    const child = family.bind(labels);
    this.#removals.push(() => family.remove(child));
    return child;
  }

  remove(): void {
    for (const removal of this.#removals) removal();
  }
}

class BoundCall implements CallInstruments {
  readonly requestSeconds: BoundHistogram;
  readonly #bind: (code: StatusName) => BoundCounter;
  readonly #codes: (BoundCounter | undefined)[] = [];
  readonly #byName = new Map<StatusName, BoundCounter>();

  constructor(requestSeconds: BoundHistogram, bind: (code: StatusName) => BoundCounter) {
    this.requestSeconds = requestSeconds;
    this.#bind = bind;
  }

  code(status: number): BoundCounter {
    return this.#codes[status] ?? this.#create(status);
  }

  #create(status: number): BoundCounter {
    const name = statusName(status);
    const counter = this.#byName.get(name) ?? this.#bind(name);
    this.#byName.set(name, counter);
    // Only the numbers that gRPC defines are remembered: an index is never what a peer made up.
    if (name !== 'UNKNOWN') this.#codes[status] = counter;
    return counter;
  }
}

function keyOf({ model, version }: VersionId): string {
  return `${model}\n${version}`;
}

/** prom-client's registry reads nothing of a metric but `name` and `get()`; its types ask for one of its own classes. */
function asPromClientMetric(family: CounterFamily | GaugeFamily | HistogramFamily | TritonFamily): Metric {
  return family as unknown as Metric;
}
