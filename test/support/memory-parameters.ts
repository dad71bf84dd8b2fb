import type { InferParameter } from '../../src/gen/inference/infer.js';

/** What a client of Triton's says of a tensor in shared memory. */
export function memoryParameters(region: string, byteSize: bigint, offset?: bigint): Record<string, InferParameter> {
  return {
    shared_memory_region: { parameterChoice: { $case: 'stringParam', value: region } },
    shared_memory_byte_size: { parameterChoice: { $case: 'int64Param', value: byteSize } },
    ...(offset === undefined ? {} : { shared_memory_offset: { parameterChoice: { $case: 'int64Param', value: offset } } }),
  };
}
