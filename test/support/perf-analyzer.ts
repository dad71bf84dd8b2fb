import type { DynamicClient } from './dynamic-client.js';
import type { ModelInferResponse } from './facades.js';
import { allStatistics, type Duration, type ServedStatistics } from './served-statistics.js';

const SERVICE = 'inference.GRPCInferenceService';
const PARTS = ['queue', 'compute_input', 'compute_infer', 'compute_output'] as const;

type Part = (typeof PARTS)[number];

export interface LoadOptions {
  readonly concurrency: number;
  readonly streaming: boolean;
  /** Requests of one window, in all. */
  readonly requests: number;
}

/** What a run shows of one window. Times are averages for each request, in milliseconds. */
export interface PerfReport {
  readonly inferencesPerSecond: number;
  readonly clientMs: number;
  readonly inferenceCount: number;
  readonly executionCount: number;
  readonly successCount: number;
  readonly requestMs: number;
  readonly parts: Readonly<Record<Part, number>>;
  /** What a request's time is beside its parts. */
  readonly overheadMs: number;
}

interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly string[];
}

interface ModelMetadata {
  readonly name: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

interface ModelConfig {
  readonly max_batch_size: number;
  readonly input: readonly { readonly name: string }[];
  readonly output: readonly { readonly name: string }[];
  readonly model_transaction_policy: { readonly decoupled: boolean } | null;
  readonly sequence_batching?: object | null;
  readonly ensemble_scheduling?: object | null;
  readonly dynamic_batching?: object | null;
}

interface StreamMessage {
  readonly error_message: string;
  readonly infer_response: ModelInferResponse | null;
}

/**
 * What perf_analyzer asks of a server, in its order, and what it reports. It says so where a server's answers would make it give up. FP32 models
 * only; a dimension that varies is taken as 16.
 */
export class PerfAnalyzer {
  readonly scheduler: 'dynamic' | 'none';
  readonly #client: DynamicClient;
  readonly #request: object;
  readonly #model: string;

  static async create(client: DynamicClient, model: string): Promise<PerfAnalyzer> {
    const about = { name: model, version: '' };
    const metadata = await client.unary<ModelMetadata>(`${SERVICE}/ModelMetadata`, about);
    const { config } = await client.unary<{ config: ModelConfig }>(`${SERVICE}/ModelConfig`, about);
    const { extensions } = await client.unary<{ extensions: string[] }>(`${SERVICE}/ServerMetadata`, {});
    if (!extensions.includes('statistics')) throw new Error(`the server has no statistics, only ${extensions.join()}`);
    return new PerfAnalyzer(client, metadata, config);
  }

  private constructor(client: DynamicClient, metadata: ModelMetadata, config: ModelConfig) {
    this.#client = client;
    this.#model = metadata.name;
    this.#request = requestOf(metadata, config);
    this.scheduler = schedulerOf(config);
  }

  /** As many windows as asked for, one after the other; each begins and ends with nothing under way. */
  async profile(options: LoadOptions, windows: number): Promise<PerfReport[]> {
    const reports: PerfReport[] = [];
    for (let window = 0; window < windows; window++) reports.push(await this.#measure(options));
    return reports;
  }

  async #measure({ concurrency, streaming, requests }: LoadOptions): Promise<PerfReport> {
    const before = await allStatistics(this.#client, this.#model);
    const startedAt = performance.now();
    const ids = Array.from({ length: requests }, (_, number) => String(number)).values();
    const worker = () => (streaming ? this.#stream(ids) : this.#unary(ids));
    const latencies = (await Promise.all(Array.from({ length: concurrency }, worker))).flat();
    const seconds = (performance.now() - startedAt) / 1000;
    const after = await allStatistics(this.#client, this.#model);
    return report(before, after, latencies, seconds);
  }

  async #unary(ids: Iterable<string>): Promise<number[]> {
    const latencies: number[] = [];
    for (const id of ids) {
      const startedAt = performance.now();
      const { id: answered } = await this.#client.unary<ModelInferResponse>(`${SERVICE}/ModelInfer`, { ...this.#request, id });
      latencies.push(performance.now() - startedAt);
      assertAnswered(id, answered);
    }
    return latencies;
  }

  /** A stream of its own with one request under way, as each of perf_analyzer's contexts has. */
  async #stream(ids: Iterable<string>): Promise<number[]> {
    const stream = this.#client.converse<object, StreamMessage>(`${SERVICE}/ModelStreamInfer`);
    const answers = stream[Symbol.asyncIterator]() as AsyncIterator<StreamMessage, undefined>;
    const latencies: number[] = [];
    const parameters = { triton_enable_empty_final_response: { bool_param: true } };
    for (const id of ids) {
      const startedAt = performance.now();
      stream.write({ ...this.#request, id, parameters });
      const { value } = await answers.next();
      latencies.push(performance.now() - startedAt);
      if (value === undefined) throw new Error(`the stream ended in place of an answer to request ${id}`);
      const { error_message: error, infer_response: response } = value;
      if (error !== '') throw new Error(error);
      assertAnswered(id, response?.id);
    }
    stream.end();
    if ((await answers.next()).done !== true) throw new Error('more responses than requests');
    return latencies;
  }
}

function schedulerOf({ sequence_batching: sequence, ensemble_scheduling: ensemble, dynamic_batching: dynamic }: ModelConfig) {
  if (sequence !== undefined && sequence !== null) throw new Error('a sequence model needs sequence ids');
  if (ensemble !== undefined && ensemble !== null) throw new Error('an ensemble has composing models');
  return dynamic === undefined || dynamic === null ? 'none' : 'dynamic';
}

function requestOf({ name, inputs, outputs }: ModelMetadata, config: ModelConfig): object {
  if (config.model_transaction_policy?.decoupled === true) throw new Error('a decoupled model needs a count of responses');
  for (const { name: configured } of [...config.input, ...config.output]) {
    if (![...inputs, ...outputs].some((each) => each.name === configured)) throw new Error(`no metadata found for tensor ${configured}`);
  }
  const shapes = inputs.map(({ shape }) => shapeOf(shape, config.max_batch_size));
  return {
    model_name: name,
    inputs: inputs.map(({ name: input, datatype }, at) => ({ name: input, datatype, shape: shapes[at] })),
    outputs: outputs.map(({ name: output }) => ({ name: output })),
    raw_input_contents: shapes.map((shape) => Buffer.alloc(4 * shape.reduce((product, size) => product * size, 1))),
  };
}

/** Metadata has the batch axis in front where the model is batched: one row. */
function shapeOf(shape: readonly string[], maxBatchSize: number): number[] {
  return shape.map((size, axis) => {
    if (axis === 0 && maxBatchSize > 0) return 1;
    return size === '-1' ? 16 : Number(size);
  });
}

function assertAnswered(id: string, answered: string | undefined): void {
  if (answered !== id) throw new Error(`an answer to request ${answered} where one to ${id} was awaited`);
}

/** The version whose queue count rose is the one that was measured. */
function report(
  before: readonly ServedStatistics[],
  after: readonly ServedStatistics[],
  latencies: readonly number[],
  seconds: number,
): PerfReport {
  const queued = (all: readonly ServedStatistics[], version: string) =>
    Number(all.find((each) => each.version === version)?.inference_stats['queue']?.count ?? 0);
  const end = after.find(({ version }) => queued(after, version) > queued(before, version));
  const start = before.find(({ version }) => version === end?.version);
  if (end === undefined || start === undefined) throw new Error('failed to find the requested model version');
  const spent = (name: string) => difference(start.inference_stats[name], end.inference_stats[name]);
  const counts = ['compute_input', 'compute_infer', 'compute_output'].map((name) => spent(name).count);
  if (new Set(counts).size > 1) throw new Error(`Server side statistics compute counts must be the same, got ${counts.join()}`);
  const parts = Object.fromEntries(PARTS.map((name) => [name, spent(name).averageMs])) as Record<Part, number>;
  const { count: successCount, averageMs: requestMs } = spent('success');
  return {
    inferencesPerSecond: latencies.length / seconds,
    clientMs: latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length,
    inferenceCount: Number(end.inference_count) - Number(start.inference_count),
    executionCount: Number(end.execution_count) - Number(start.execution_count),
    successCount,
    requestMs,
    parts,
    overheadMs: requestMs - sumOf(parts),
  };
}

/** Queue and compute. */
export function sumOf(parts: Readonly<Record<Part, number>>): number {
  return PARTS.reduce((sum, name) => sum + parts[name], 0);
}

function difference(start: Duration | undefined, end: Duration | undefined): { readonly count: number; readonly averageMs: number } {
  const count = Number(end?.count ?? 0) - Number(start?.count ?? 0);
  const ns = Number(end?.ns ?? 0) - Number(start?.ns ?? 0);
  return { count, averageMs: count === 0 ? 0 : ns / 1e6 / count };
}
