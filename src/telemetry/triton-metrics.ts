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

/** Statistics by version, shown under Triton's metric names. Nothing is counted for it: a scrape reads what ModelStatistics answers. */
export class TritonMetrics {
  readonly #versions = new Map<ModelStatistics, Labels>();

  readonly families = METRICS.map((metric) => new TritonFamily(metric, this.#versions));

  bind(labels: Labels): ModelStatistics {
    const statistics = new ModelStatistics();
    this.#versions.set(statistics, labels);
    return statistics;
  }

  remove(statistics: ModelStatistics): void {
    this.#versions.delete(statistics);
  }
}

/** One metric name as prom-client's registry reads it. */
export class TritonFamily {
  readonly name: string;
  readonly #metric: TritonMetric;
  readonly #versions: ReadonlyMap<ModelStatistics, Labels>;

  constructor(metric: TritonMetric, versions: ReadonlyMap<ModelStatistics, Labels>) {
    this.name = metric.name;
    this.#metric = metric;
    this.#versions = versions;
  }

  get(): Promise<Exposition> {
    const { name, help, type } = this.#metric;
    const values = Array.from(this.#versions, ([statistics, labels]) => this.#samplesOf(statistics, labels)).flat();
    return Promise.resolve({ name, help, type, aggregator: 'sum', values });
  }

  #samplesOf(statistics: ModelStatistics, sharedLabels: Labels): Sample[] {
    const read = this.#metric.read(statistics);
    const readings = typeof read === 'number' ? [{ labels: NO_LABELS, value: read }] : read;
    return readings.map(({ labels, value }) => ({ metricName: this.name, labels, sharedLabels, value }));
  }
}

function microseconds(ms: number): number {
  return Math.round(ms * 1000);
}
