import { quote, quoteList } from '../error/quote.js';
import { type ModelConfig, ModelInstanceGroup_Kind } from '../gen/inference/model_config.js';
import type { RuntimeSettings } from '../model/spec.js';

/** Far more than any machine has cores; each is an OS thread of each instance. */
const MAX_THREADS = 1024;

/** Triton's numbers. Any other is what none is: all that the runtime can do. */
const GRAPH_LEVELS: ReadonlyMap<number, RuntimeSettings['graphOptimization']> = new Map([
  [-1, 'basic'],
  [1, 'extended'],
  [2, 'disabled'],
]);

const TRUE_VALUES = ['true', 'on', '1'];
const FALSE_VALUES = ['false', 'off', '0'];

/** Parallelism comes from instances; an arena, and plans made from shapes, grow with every size of batch. */
export const DEFAULT_RUNTIME: RuntimeSettings = {
  graphOptimization: 'all',
  executionMode: 'sequential',
  intraOpThreads: 1,
  interOpThreads: 1,
  memoryArena: false,
  memoryPattern: false,
  initializersOutsideArena: false,
};

/**
 * Reads what `optimization` and the parameters of Triton's ONNX Runtime backend say of how a model is run; what they leave out is as in
 * DEFAULT_RUNTIME. Throws an Error for a value that cannot be read and for accelerators on GPUs. Parameters of other backends are their own.
 */
export function parseRuntimeSettings(config: ModelConfig, backend: string): RuntimeSettings {
  assertNoGpuAccelerators(config);
  if (backend !== 'onnxruntime') return DEFAULT_RUNTIME;
  const executionMode = parseExecutionMode(config);
  return {
    graphOptimization: parseGraphLevel(config),
    executionMode,
    intraOpThreads: parseThreads(config, 'intra_op_thread_count') ?? DEFAULT_RUNTIME.intraOpThreads,
    // With one thread the runtime would run a parallel graph in sequence after all.
    interOpThreads: parseThreads(config, 'inter_op_thread_count') ?? (executionMode === 'parallel' ? 0 : DEFAULT_RUNTIME.interOpThreads),
    memoryArena: parseSwitch(config, 'enable_mem_arena') ?? DEFAULT_RUNTIME.memoryArena,
    memoryPattern: parseSwitch(config, 'enable_mem_pattern') ?? DEFAULT_RUNTIME.memoryPattern,
    initializersOutsideArena:
      parseSwitch(config, 'session.use_device_allocator_for_initializers') ?? DEFAULT_RUNTIME.initializersOutsideArena,
  };
}

function parseGraphLevel({ optimization }: ModelConfig): RuntimeSettings['graphOptimization'] {
  return GRAPH_LEVELS.get(optimization?.graph?.level ?? 0) ?? DEFAULT_RUNTIME.graphOptimization;
}

function parseExecutionMode(config: ModelConfig): RuntimeSettings['executionMode'] {
  const text = parameterOf(config, 'execution_mode');
  if (text === undefined || text === '0') return 'sequential';
  if (text === '1') return 'parallel';
  throw new Error(`parameter 'execution_mode' is ${quote(text)}, expected 0 (sequential) or 1 (parallel)`);
}

function parseThreads(config: ModelConfig, key: string): number | undefined {
  const text = parameterOf(config, key);
  if (text === undefined) return undefined;
  const count = /^\d{1,4}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  if (count <= MAX_THREADS) return count;
  throw new Error(`parameter '${key}' is ${quote(text)}, expected a number from 0 (as many as there are cores) to ${MAX_THREADS}`);
}

function parseSwitch(config: ModelConfig, key: string): boolean | undefined {
  const text = parameterOf(config, key);
  if (text === undefined) return undefined;
  if (TRUE_VALUES.includes(text.toLowerCase())) return true;
  if (FALSE_VALUES.includes(text.toLowerCase())) return false;
  throw new Error(`parameter '${key}' is ${quote(text)}, expected 1 or 0`);
}

function parameterOf({ parameters }: ModelConfig, key: string): string | undefined {
  return Object.hasOwn(parameters, key) ? parameters[key]?.stringValue : undefined;
}

/** Where every instance is on the CPU by its author's word, Triton reads none of them either. */
function assertNoGpuAccelerators({ optimization, instanceGroup }: ModelConfig): void {
  const wanted = optimization?.executionAccelerators?.gpuExecutionAccelerator ?? [];
  const isOnCpu = instanceGroup.length > 0 && instanceGroup.every(({ kind }) => kind === ModelInstanceGroup_Kind.KIND_CPU);
  if (wanted.length === 0 || isOnCpu) return;
  const names = quoteList(wanted.map(({ name }) => name));
  throw new Error(`optimization.execution_accelerators asks for ${names}, but models run on the CPU: remove it or use KIND_CPU`);
}
