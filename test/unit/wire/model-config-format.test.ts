import { describe, expect, it } from '@jest/globals';
import { ModelConfig } from '../../../src/gen/inference/model_config.js';
import { completeSpec } from '../../../src/model/complete-spec.js';
import type { ModelSignature } from '../../../src/model/spec.js';
import { parseModelConfig } from '../../../src/wire/model-config.js';
import { formatModelConfig } from '../../../src/wire/model-config-format.js';
import { modelSource } from '../../support/model-source.js';
import { modelSpec } from '../../support/model-spec.js';

const SIGNATURE: ModelSignature = {
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [-1, 4, 4] },
    { name: 'mask', datatype: 'BOOL', shape: [-1, 4] },
  ],
  outputs: [
    { name: 'label', datatype: 'INT64', shape: [-1] },
    { name: 'scores', datatype: 'FP32', shape: [-1, 10] },
  ],
};

/** What is shown of a model whose author wrote this. */
function shownOf(text: string, signature = SIGNATURE): ModelConfig {
  return formatModelConfig(completeSpec(modelSource(parseModelConfig(text, 'm')), signature, { maxBatchSize: 32 }));
}

describe('formatModelConfig', () => {
  it('shows all that the author wrote', () => {
    const config = shownOf(`
      platform: "onnxruntime_onnx" max_batch_size: 16 default_model_filename: "net.onnx"
      version_policy { specific { versions: [ 3, 1 ] } }
      dynamic_batching { preferred_batch_size: [ 8, 4 ] priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 2 value { max_queue_size: 4 } } }
      parameters { key: "intra_op_thread_count" value { string_value: "2" } }
      metric_tags { key: "team" value: "vision" }
      model_warmup { name: "w" batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4, 4 ] zero_data: true } } }
      optimization { graph { level: 1 } } response_cache { enable: true }`);
    expect(config).toMatchObject({
      name: 'm',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      maxBatchSize: 16,
      defaultModelFilename: 'net.onnx',
      versionPolicy: { policyChoice: { $case: 'specific', value: { versions: [3n, 1n] } } },
      schedulingChoice: {
        $case: 'dynamicBatching',
        value: {
          preferredBatchSize: [8, 4],
          priorityLevels: 2n,
          priorityQueuePolicy: new Map([[2n, expect.objectContaining({ maxQueueSize: 4 })]]),
        },
      },
      parameters: { intra_op_thread_count: { stringValue: '2' } },
      metricTags: { team: 'vision' },
      modelWarmup: [{ name: 'w', inputs: { x: { dims: [4n, 4n], inputDataType: { $case: 'zeroData' } } } }],
      optimization: { graph: { level: 1 } },
      responseCache: { enable: true },
    });
    expect(ModelConfig.decode(ModelConfig.encode(config).finish())).toEqual(config);
  });

  it('completes what he left open as Triton does', () => {
    expect(shownOf('')).toMatchObject({
      name: 'm',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      maxBatchSize: 32,
      versionPolicy: { policyChoice: { $case: 'latest', value: { numVersions: 1 } } },
      input: [
        { name: 'x', dataType: 11, dims: [4n, 4n], reshape: undefined },
        { name: 'mask', dataType: 1, dims: [4n] },
      ],
      output: [
        { name: 'label', dataType: 9, dims: [] },
        { name: 'scores', dataType: 11, dims: [10n] },
      ],
      schedulingChoice: { $case: 'dynamicBatching', value: { preferredBatchSize: [], maxQueueDelayMicroseconds: 0n } },
      instanceGroup: [{ name: 'm', count: 1, kind: 2 }],
      defaultModelFilename: 'model.onnx',
      modelTransactionPolicy: { decoupled: false },
    });
    expect(shownOf('version_policy { }').versionPolicy).toEqual(shownOf('').versionPolicy);
  });

  it('shows tensors in the order and with the words of the author, completed by the model', () => {
    const config = shownOf(`
      max_batch_size: 8
      input { name: "mask" } input { name: "x" data_type: TYPE_FP32 dims: [ -1 , 4 ] reshape { shape: [ -1, 4 ] } format: FORMAT_NONE }
      output { name: "scores" dims: 10 reshape { shape: 10 } label_filename: "labels.txt" }`);
    expect(config.input).toMatchObject([
      { name: 'mask', dataType: 1, dims: [4n], reshape: undefined },
      { name: 'x', dataType: 11, dims: [4n, 4n], reshape: { shape: [4n, 4n] } },
    ]);
    expect(config.output).toMatchObject([
      { name: 'scores', dims: [10n], reshape: { shape: [10n] }, labelFilename: 'labels.txt' },
      { name: 'label', dims: [], reshape: undefined, labelFilename: '' },
    ]);
  });

  it('shows the shape that requests see beside the one that the model wants', () => {
    const text = `
      max_batch_size: 8 input { name: "mask" optional: true } input { name: "x" dims: 16 reshape { shape: [ -1, 4 ] } }`;
    expect(() => shownOf(text)).toThrow('has not as many elements');
    const config = shownOf(text.replace('[ -1, 4 ]', '[ 4, 4 ]').concat('output { name: "label" dims: 1 reshape { } }'));
    expect(config.input[0]).toMatchObject({ name: 'mask', optional: true });
    expect(config.input[1]).toMatchObject({ dims: [16n], reshape: { shape: [4n, 4n] } });
    expect(config.output[0]).toMatchObject({ name: 'label', dims: [1n], reshape: { shape: [] } });
  });

  it("says no word of a reshape for an unbatched model's scalar, for which dims of one element may stand", () => {
    const scalar = (name: string) => ({ name, datatype: 'FP32' as const, shape: [] });
    const config = shownOf('input { name: "x" dims: 1 }', { inputs: [scalar('x')], outputs: [scalar('y')] });
    expect(config.input).toMatchObject([{ dims: [1n], reshape: undefined }]);
  });

  it('names the groups and counts their instances', () => {
    const config = shownOf('instance_group [ { }, { name: "mine" count: 3 kind: KIND_CPU }, { kind: KIND_MODEL host_policy: "p" } ]');
    expect(config.instanceGroup).toMatchObject([
      { name: 'm_0', count: 1, kind: 2 },
      { name: 'mine', count: 3, kind: 2 },
      { name: 'm_2', count: 1, kind: 3, hostPolicy: 'p' },
    ]);
  });

  it('names neither a platform nor a file where a backend never had one', () => {
    expect(formatModelConfig(modelSpec({ backend: 'identity' }))).toMatchObject({
      platform: '',
      backend: 'identity',
      defaultModelFilename: '',
    });
  });

  it('has dynamic_batching where requests share executions or the author says how they wait', () => {
    expect(shownOf('parameters { key: "millrace.batching" value { string_value: "off" } }').schedulingChoice).toBeUndefined();
    const waiting =
      'dynamic_batching { default_queue_policy { max_queue_size: 1 } } parameters { key: "millrace.batching" value { string_value: "off" } }';
    expect(shownOf(waiting).schedulingChoice).toMatchObject({ value: { defaultQueuePolicy: { maxQueueSize: 1 } } });
  });
});
