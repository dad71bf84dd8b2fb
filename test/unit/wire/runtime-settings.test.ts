import { describe, expect, it } from '@jest/globals';
import type { RuntimeSettings } from '../../../src/model/spec.js';
import { parseModelConfigText } from '../../../src/wire/model-config-text.js';
import { DEFAULT_RUNTIME, parseRuntimeSettings } from '../../../src/wire/runtime-settings.js';

const parse = (text: string, backend = 'onnxruntime'): RuntimeSettings => parseRuntimeSettings(parseModelConfigText(text), backend);
const parameter = (key: string, value: string): string => `parameters { key: "${key}" value { string_value: "${value}" } }`;

describe('parseRuntimeSettings', () => {
  it('is one thread without an arena where the author says nothing', () => {
    expect(parse('')).toEqual({
      graphOptimization: 'all',
      executionMode: 'sequential',
      intraOpThreads: 1,
      interOpThreads: 1,
      memoryArena: false,
      memoryPattern: false,
      initializersOutsideArena: false,
    });
  });

  it.each([
    [-1, 'basic'],
    [0, 'all'],
    [1, 'extended'],
    [2, 'disabled'],
    [7, 'all'],
  ] as const)('reads graph level %i as Triton does: %s', (level, graphOptimization) => {
    expect(parse(`optimization { graph { level: ${level} } }`)).toEqual({ ...DEFAULT_RUNTIME, graphOptimization });
  });

  it.each<[string, string, Partial<RuntimeSettings>]>([
    ['intra_op_thread_count', '4', { intraOpThreads: 4 }],
    ['intra_op_thread_count', '0', { intraOpThreads: 0 }],
    ['intra_op_thread_count', '1024', { intraOpThreads: 1024 }],
    ['inter_op_thread_count', '3', { interOpThreads: 3 }],
    ['execution_mode', '0', {}],
    ['execution_mode', '1', { executionMode: 'parallel', interOpThreads: 0 }],
    ['enable_mem_arena', '1', { memoryArena: true }],
    ['enable_mem_arena', 'True', { memoryArena: true }],
    ['enable_mem_arena', 'off', {}],
    ['enable_mem_pattern', 'on', { memoryPattern: true }],
    ['enable_mem_pattern', '0', {}],
    ['session.use_device_allocator_for_initializers', '1', { initializersOutsideArena: true }],
  ])('reads %s "%s"', (key, value, expected) => {
    expect(parse(parameter(key, value))).toEqual({ ...DEFAULT_RUNTIME, ...expected });
  });

  it('leaves a parallel mode the threads that its author counts', () => {
    expect(parse(parameter('execution_mode', '1') + parameter('inter_op_thread_count', '2'))).toMatchObject({
      executionMode: 'parallel',
      interOpThreads: 2,
    });
  });

  it.each([
    ['intra_op_thread_count', '-1', '0 (as many as there are cores) to 1024'],
    ['intra_op_thread_count', '1025', '0 (as many as there are cores) to 1024'],
    ['inter_op_thread_count', '99999999999', '0 (as many as there are cores) to 1024'],
    ['inter_op_thread_count', '2.5', '0 (as many as there are cores) to 1024'],
    ['intra_op_thread_count', '', '0 (as many as there are cores) to 1024'],
    ['execution_mode', '2', '0 (sequential) or 1 (parallel)'],
    ['enable_mem_arena', 'yes', '1 or 0'],
    ['enable_mem_pattern', '2', '1 or 0'],
    ['session.use_device_allocator_for_initializers', '', '1 or 0'],
  ])('refuses %s "%s"', (key, value, expected) => {
    expect(() => parse(parameter(key, value))).toThrow(`parameter '${key}' is '${value}', expected `);
    expect(() => parse(parameter(key, value))).toThrow(expected);
  });

  it('leaves to other backends what their parameters mean', () => {
    expect(parse(parameter('intra_op_thread_count', 'many'), 'identity')).toEqual(DEFAULT_RUNTIME);
  });

  const accelerated = 'optimization { execution_accelerators { gpu_execution_accelerator [ { name: "tensorrt" }, { name: "cuda" } ] } }';
  it.each(['', 'instance_group { kind: KIND_AUTO }', 'instance_group [ { kind: KIND_CPU }, { kind: KIND_MODEL } ]'])(
    'refuses accelerators on GPUs with %p',
    (groups) => {
      expect(() => parse(accelerated + groups)).toThrow("execution_accelerators asks for ['tensorrt','cuda'], but models run on the CPU");
      expect(() => parse(accelerated + groups, 'identity')).toThrow('execution_accelerators');
    },
  );

  it('reads over accelerators on GPUs where every instance is on the CPU, as Triton does', () => {
    expect(parse(`${accelerated} instance_group { kind: KIND_CPU }`)).toEqual(DEFAULT_RUNTIME);
  });
});
