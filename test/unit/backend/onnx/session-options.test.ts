import { describe, expect, it } from '@jest/globals';
import { sessionOptions } from '../../../../src/backend/onnx/session-options.js';
import type { RuntimeSettings } from '../../../../src/model/spec.js';
import { DEFAULT_RUNTIME } from '../../../../src/wire/runtime-settings.js';
import { identityOnnx } from '../../../support/onnx-builder.js';
import { OnnxRig } from '../../../support/onnx-rig.js';
import { fp32, numbers } from '../../../support/slab.js';

describe('sessionOptions', () => {
  it('is one thread that does not spin, without arena and memory pattern, where nothing is set', () => {
    expect(sessionOptions(DEFAULT_RUNTIME)).toEqual({
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      enableCpuMemArena: false,
      enableMemPattern: false,
      extra: {
        session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' }, use_device_allocator_for_initializers: '0' },
      },
      logSeverityLevel: 4,
    });
  });

  it('says what is set', () => {
    const runtime: RuntimeSettings = {
      graphOptimization: 'basic',
      executionMode: 'parallel',
      intraOpThreads: 3,
      interOpThreads: 2,
      memoryArena: true,
      memoryPattern: true,
      initializersOutsideArena: true,
    };
    expect(sessionOptions(runtime)).toMatchObject({
      graphOptimizationLevel: 'basic',
      executionMode: 'parallel',
      intraOpNumThreads: 3,
      interOpNumThreads: 2,
      enableCpuMemArena: true,
      enableMemPattern: true,
      extra: { session: { intra_op: { allow_spinning: '0' }, use_device_allocator_for_initializers: '1' } },
    });
  });

  it.each<Partial<RuntimeSettings>>([
    { graphOptimization: 'disabled', intraOpThreads: 2 },
    { graphOptimization: 'basic', executionMode: 'parallel', interOpThreads: 2 },
    { graphOptimization: 'extended', memoryArena: true, memoryPattern: true, initializersOutsideArena: true },
    { intraOpThreads: 0, interOpThreads: 0 },
  ])('is taken by the runtime: %p', async (given) => {
    await using rig = await OnnxRig.open(identityOnnx('FP32'), { runtime: { ...DEFAULT_RUNTIME, ...given } });
    const { outputs } = await rig.run([fp32('X', [1, 2], 3, 4)]);
    expect(outputs.map(numbers)).toEqual([[3, 4]]);
  });

  // What the runtime itself refuses has reached it.
  it.each<[keyof RuntimeSettings, unknown, string]>([
    ['graphOptimization', 'none', 'graphOptimizationLevel'],
    ['executionMode', 'backwards', 'executionMode'],
    ['intraOpThreads', -3, 'intraOpNumThreads'],
    ['interOpThreads', -3, 'interOpNumThreads'],
    ['memoryArena', 'maybe', 'enableCpuMemArena'],
    ['memoryPattern', 'maybe', 'enableMemPattern'],
  ])('reaches the session: %s %p fails its load', async (setting, value, option) => {
    const open = OnnxRig.open(identityOnnx('FP32'), { runtime: { ...DEFAULT_RUNTIME, [setting]: value } });
    await expect(open).rejects.toMatchObject({ code: 'load_failed', message: expect.stringContaining(option) });
  });
});
