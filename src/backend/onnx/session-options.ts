import type { RuntimeSettings } from '../../model/spec.js';

/** Only what kills the process: failures reach the main thread as messages, and stderr belongs to the log's JSON lines. */
const FATAL_ONLY = 4;

/**
 * What a model's settings are called in ONNX Runtime's JavaScript binding (InferenceSession.SessionOptions). Where the author says nothing, one
 * thread, as parallelism comes from instances, and neither arena nor memory pattern, as batches of many sizes make both grow: +42 MB against +11 MB,
 * at equal time.
 */
export function sessionOptions(runtime: RuntimeSettings) {
  return {
    graphOptimizationLevel: runtime.graphOptimization,
    executionMode: runtime.executionMode,
    intraOpNumThreads: runtime.intraOpThreads,
    interOpNumThreads: runtime.interOpThreads,
    enableCpuMemArena: runtime.memoryArena,
    enableMemPattern: runtime.memoryPattern,
    extra: {
      session: {
        // Spinning threads cost 88 % of a core at 20 runs a second, against 3 % without.
        intra_op: { allow_spinning: '0' },
        inter_op: { allow_spinning: '0' },
        use_device_allocator_for_initializers: runtime.initializersOutsideArena ? '1' : '0',
      },
    },
    logSeverityLevel: FATAL_ONLY,
  } as const;
}
