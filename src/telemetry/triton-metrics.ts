import type { Exposition, Labels, Sample } from './metric.js';
import { FAILURE_REASONS, ModelStatistics } from './model-statistics.js';

/** One of Triton's metric names and where its values stand in the statistics. */
interface TritonMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  read(statistics: ModelStatistics): number | readonly Reading[];
}

interface Reading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NO_LABELS: Labels = {};

const METRICS: readonly TritonMetric[] = [
  {
    name: 'nv_inference_request_success',
    help: 'Requests that were answered',
    type: 'counter',
    read: ({ success }) => success.count,
  },
  {
    name: 'nv_inference_request_failure',
    help: 'Requests that failed, by reason',
    type: 'counter',
    read: (statistics) => FAILURE_REASONS.map((reason) => ({ labels: { reason }, value: statistics.failures(reason).count })),
  },
  {
    name: 'nv_inference_count',
    help: 'Rows of the requests that were answered',
    type: 'counter',
    read: ({ inferenceCount }) => inferenceCount,
  },
  {
    name: 'nv_inference_exec_count',
    help: 'Executions that gave results',
    type: 'counter',
    read: ({ executionCount }) => executionCount,
  },
  {
    name: 'nv_inference_request_duration_us',
    help: 'Time of the requests that were answered, from arrival to answer',
    type: 'counter',
    read: ({ success }) => microseconds(success.ms),
  },
  {
    name: 'nv_inference_queue_duration_us',
    help: 'Time that requests waited for their execution',
    type: 'counter',
    read: ({ queue }) => microseconds(queue.ms),
  },
  {
    name: 'nv_inference_compute_input_duration_us',
    help: 'Time in which the inputs of requests were joined',
    type: 'counter',
    read: ({ computeInput }) => microseconds(computeInput.ms),
  },
  {
    name: 'nv_inference_compute_infer_duration_us',
    help: 'Time in which requests were executed',
    type: 'counter',
    read: ({ computeInfer }) => microseconds(computeInfer.ms),
  },
  {
    name: 'nv_inference_compute_output_duration_us',
    help: 'Time in which the outputs of requests were parted',
    type: 'counter',
    read: ({ computeOutput }) => microseconds(computeOutput.ms),
  },
  {
    name: 'nv_inference_pending_request_count',
    help: 'Requests that wait for their execution',
    type: 'gauge',
    read: ({ pending }) => pending,
  },
];

/** What tells the readings of a metric apart where nothing has been counted. */
const NOTHING = new ModelStatistics();

/** What one version shows: what it has done each time that it was loaded, added up, so that no counter ever falls. */
export class TritonSeries {
  labels: Labels;
  readonly #current = new Set<ModelStatistics>();
  readonly #past = new Map<TritonMetric, readonly number[]>();

  constructor(labels: Labels) {
    this.labels = labels;
  }

  /** Statistics of the version as it is loaded now; they begin at 0. */
  begin(): ModelStatistics {
    const statistics = new ModelStatistics();
    this.#current.add(statistics);
    return statistics;
  }

  /** That load is over: what it counted stays. */
  end(statistics: ModelStatistics): void {
    this.#current.delete(statistics);
    for (const metric of METRICS) {
      if (metric.type === 'counter') this.#past.set(metric, addTo(this.#past.get(metric) ?? [], readingsOf(metric, statistics)));
    }
  }

  read(metric: TritonMetric): Reading[] {
    let values = this.#past.get(metric) ?? [];
    for (const statistics of this.#current) values = addTo(values, readingsOf(metric, statistics));
    return readingsOf(metric, NOTHING).map(({ labels }, index) => ({ labels, value: values[index] ?? 0 }));
  }
}

function readingsOf(metric: TritonMetric, statistics: ModelStatistics): readonly Reading[] {
  const read = metric.read(statistics);
  return typeof read === 'number' ? [{ labels: NO_LABELS, value: read }] : read;
}

function addTo(sums: readonly number[], readings: readonly Reading[]): number[] {
  return readings.map(({ value }, index) => (sums[index] ?? 0) + value);
}

/** Statistics by version, shown under Triton's metric names. Nothing is counted for it: a scrape reads what ModelStatistics answers. */
export class TritonMetrics {
  readonly #series = new Set<TritonSeries>();

  readonly families = METRICS.map((metric) => new TritonFamily(metric, this.#series));

  bind(labels: Labels): TritonSeries {
    const series = new TritonSeries(labels);
    this.#series.add(series);
    return series;
  }

  remove(series: TritonSeries): void {
    this.#series.delete(series);
  }
}

/** One metric name as prom-client's registry reads it. */
export class TritonFamily {
  readonly name: string;
  readonly #metric: TritonMetric;
  readonly #series: ReadonlySet<TritonSeries>;

  constructor(metric: TritonMetric, series: ReadonlySet<TritonSeries>) {
    this.name = metric.name;
    this.#metric = metric;
    this.#series = series;
  }

  get(): Promise<Exposition> {
    const { name, help, type } = this.#metric;
    const values = Array.from(this.#series, (series) => this.#samplesOf(series)).flat();
    return Promise.resolve({ name, help, type, aggregator: 'sum', values });
  }

  #samplesOf(series: TritonSeries): Sample[] {
    const { labels: sharedLabels } = series;
    return series.read(this.#metric).map(({ labels, value }) => ({ metricName: this.name, labels, sharedLabels, value }));
  }
}

function microseconds(ms: number): number {
  return Math.round(ms * 1000);
}
