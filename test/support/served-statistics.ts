import type { DynamicClient } from './dynamic-client.js';

const MODEL_STATISTICS = 'inference.GRPCInferenceService/ModelStatistics';

/** Integers are decimal strings. */
export interface Duration {
  readonly count: string;
  readonly ns: string;
}

/** ModelStatistics of the protocol. */
export interface ServedStatistics {
  readonly name: string;
  readonly version: string;
  readonly last_inference: string;
  readonly inference_count: string;
  readonly execution_count: string;
  readonly inference_stats: Readonly<Record<string, Duration>>;
  readonly batch_stats: readonly {
    readonly batch_size: string;
    readonly compute_input: Duration;
    readonly compute_infer: Duration;
    readonly compute_output: Duration;
  }[];
}

/** Of every version of `name`; of all models where it is empty. */
export async function allStatistics(client: DynamicClient, name = ''): Promise<readonly ServedStatistics[]> {
  const { model_stats: all } = await client.unary<{ model_stats: ServedStatistics[] }>(MODEL_STATISTICS, { name });
  return all;
}

/** Of the only version of `name`. */
export async function statisticsOf(client: DynamicClient, name: string): Promise<ServedStatistics> {
  const all = await allStatistics(client, name);
  const [first] = all;
  if (first === undefined || all.length > 1) throw new Error(`${all.length} versions of ${name} have statistics, expected one`);
  return first;
}
