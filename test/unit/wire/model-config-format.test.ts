import { describe, expect, it } from '@jest/globals';
import { ModelConfig } from '../../../src/gen/inference/model_config.js';
import { formatModelConfig } from '../../../src/wire/model-config-format.js';
import { modelSpec } from '../../support/model-spec.js';

describe('formatModelConfig', () => {
  it('says all that a spec holds, in words that Triton has for it', () => {
    const config = formatModelConfig(
      modelSpec({
        maxBatchSize: 16,
        instanceCount: 3,
        decoupled: true,
        outputs: [{ name: 'y', datatype: 'BYTES', dims: [-1, 2] }],
        batching: {
          preferredBatchSizes: [4, 16],
          maxQueueDelayMs: 1.5,
          maxQueueSize: 9,
          timeout: { action: 'delay', defaultMs: 0.25, allowOverride: true },
          priorities: { levels: 2, defaultLevel: 1, policies: new Map([[2, { maxQueueSize: 4 }]]) },
        },
        parameters: new Map([['execute_delay_ms', '20']]),
      }),
    );
    const policy = { timeoutAction: 0, defaultTimeoutMicroseconds: 0n, allowTimeoutOverride: false, maxQueueSize: 0 };
    expect(config).toMatchObject({
      name: 'm',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      maxBatchSize: 16,
      input: [{ name: 'x', dataType: 11, dims: [4n] }],
      output: [{ name: 'y', dataType: 13, dims: [-1n, 2n] }],
      instanceGroup: [{ count: 3, kind: 2 }],
      schedulingChoice: {
        $case: 'dynamicBatching',
        value: {
          preferredBatchSize: [4, 16],
          maxQueueDelayMicroseconds: 1500n,
          preserveOrdering: false,
          priorityLevels: 2n,
          defaultPriorityLevel: 1n,
          defaultQueuePolicy: { timeoutAction: 1, defaultTimeoutMicroseconds: 250n, allowTimeoutOverride: true, maxQueueSize: 9 },
          priorityQueuePolicy: new Map([[2n, { ...policy, maxQueueSize: 4 }]]),
        },
      },
      parameters: { execute_delay_ms: { stringValue: '20' } },
      modelTransactionPolicy: { decoupled: true },
    });
    expect(ModelConfig.decode(ModelConfig.encode(config).finish())).toEqual(config);
  });

  it('names no platform where a backend never had one', () => {
    expect(formatModelConfig(modelSpec({ backend: 'identity' }))).toMatchObject({ platform: '', backend: 'identity' });
  });

  it('has dynamic_batching exactly where requests share executions or something rules their wait', () => {
    const alone = { maxBatchSize: 0, sharesBatches: false };
    const batching = { preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0 };
    expect(formatModelConfig(modelSpec(alone)).schedulingChoice).toBeUndefined();
    expect(formatModelConfig(modelSpec()).schedulingChoice).toBeDefined();
    expect(formatModelConfig(modelSpec({ ...alone, batching: { ...batching, maxQueueSize: 1 } })).schedulingChoice).toBeDefined();
    expect(formatModelConfig(modelSpec({ ...alone, batching: { ...batching, preserveOrdering: true } })).schedulingChoice).toBeDefined();
  });
});
