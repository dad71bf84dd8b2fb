import { quote } from '../error/quote.js';
import type { ModelConfig } from '../gen/inference/model_config.js';

const NO_GPU = 'models run on the CPU';

/** Parameters of Triton's ONNX Runtime backend that are without effect here, and why. */
const INEFFECTIVE_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['memory.enable_memory_arena_shrinkage', "the runtime's JavaScript binding does not pass it on"],
  ['cudnn_conv_algo_search', NO_GPU],
  ['gpu_mem_limit', NO_GPU],
  ['arena_extend_strategy', NO_GPU],
  ['do_copy_in_default_stream', NO_GPU],
]);

const GRAPH_LEVELS = [-1, 0, 1, 2];

/** A sentence for each setting of the runtime that has no effect in the model of this configuration, whose backend is `backend`. */
export function findIneffectiveRuntimeSettings(config: ModelConfig, backend: string): string[] {
  if (backend !== 'onnxruntime') return graphOfOther(config, backend);
  return [...unknownGraphLevel(config), ...ineffectiveParameters(config), ...ineffectiveParallelism(config)];
}

function graphOfOther({ optimization }: ModelConfig, backend: string): string[] {
  const level = optimization?.graph?.level ?? 0;
  return level === 0 ? [] : [`optimization.graph has no effect where the backend is ${quote(backend)}`];
}

function unknownGraphLevel({ optimization }: ModelConfig): string[] {
  const level = optimization?.graph?.level ?? 0;
  return GRAPH_LEVELS.includes(level)
    ? []
    : [`optimization.graph.level ${level} has no effect: known are -1 (basic), 1 (extended), 2 (none)`];
}

function ineffectiveParameters({ parameters }: ModelConfig): string[] {
  return Object.keys(parameters).flatMap((key) => {
    const reason = INEFFECTIVE_PARAMETERS.get(key);
    return reason === undefined ? [] : [`parameter '${key}' has no effect: ${reason}`];
  });
}

/** The runtime runs a graph in parallel only where it may use several threads for it. */
function ineffectiveParallelism({ parameters }: ModelConfig): string[] {
  const count = parameters['inter_op_thread_count']?.stringValue;
  const isParallel = parameters['execution_mode']?.stringValue === '1';
  if (count === undefined) return [];
  if (!isParallel) return ["parameter 'inter_op_thread_count' has no effect where execution_mode is not 1"];
  return Number(count) === 1 ? ["parameter 'execution_mode' has no effect where inter_op_thread_count is 1"] : [];
}
