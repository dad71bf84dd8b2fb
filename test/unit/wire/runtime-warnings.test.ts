import { describe, expect, it } from '@jest/globals';
import { parseModelConfigText } from '../../../src/wire/model-config-text.js';
import { findIneffectiveRuntimeSettings } from '../../../src/wire/runtime-warnings.js';

const warningsOf = (text: string, backend = 'onnxruntime') => findIneffectiveRuntimeSettings(parseModelConfigText(text), backend);
const parameter = (key: string, value: string): string => `parameters { key: "${key}" value { string_value: "${value}" } } `;

describe('findIneffectiveRuntimeSettings', () => {
  it.each([
    '',
    'optimization { graph { level: -1 } }',
    'optimization { graph { level: 2 } }',
    parameter('intra_op_thread_count', '4') + parameter('enable_mem_arena', '1') + parameter('execution_mode', '1'),
    parameter('execution_mode', '1') + parameter('inter_op_thread_count', '0'),
    parameter('somebody.else', '1'),
  ])('is silent about what has an effect or is not ours to know: %s', (text) => {
    expect(warningsOf(text)).toEqual([]);
  });

  it('names parameters of Triton that do nothing here, with the reason', () => {
    expect(warningsOf(parameter('memory.enable_memory_arena_shrinkage', 'cpu:0') + parameter('gpu_mem_limit', '1'))).toEqual([
      "parameter 'memory.enable_memory_arena_shrinkage' has no effect: the runtime's JavaScript binding does not pass it on",
      "parameter 'gpu_mem_limit' has no effect: models run on the CPU",
    ]);
  });

  it('names a graph level that is none', () => {
    expect(warningsOf('optimization { graph { level: 7 } }')).toEqual([
      'optimization.graph.level 7 has no effect: known are -1 (basic), 1 (extended), 2 (none)',
    ]);
  });

  it('names parallelism that its own author takes back', () => {
    expect(warningsOf(parameter('inter_op_thread_count', '4'))).toEqual([
      "parameter 'inter_op_thread_count' has no effect where execution_mode is not 1",
    ]);
    expect(warningsOf(parameter('inter_op_thread_count', '1') + parameter('execution_mode', '1'))).toEqual([
      "parameter 'execution_mode' has no effect where inter_op_thread_count is 1",
    ]);
  });

  it('tells of other backends only what they cannot read', () => {
    const text = `optimization { graph { level: 1 } } ${parameter('gpu_mem_limit', '1')}`;
    expect(warningsOf(text, 'identity')).toEqual(["optimization.graph has no effect where the backend is 'identity'"]);
    expect(warningsOf(parameter('inter_op_thread_count', '4'), 'identity')).toEqual([]);
  });
});
