import { describe, expect, it } from '@jest/globals';
import type { ModelSettings } from '../../../src/model/spec.js';
import { defaultSettings, parseConfigOverride, parseModelConfig } from '../../../src/wire/model-config.js';
import { DEFAULT_RUNTIME } from '../../../src/wire/runtime-settings.js';
import { servingErrorOf } from '../../support/wire-messages.js';

const parse = (text: string): ModelSettings => parseModelConfig(text, 'm');

describe('parseModelConfig', () => {
  it('reads a whole configuration', () => {
    const settings = parse(`
      name: "m" backend: "onnxruntime" max_batch_size: 16 default_model_filename: "net.onnx"
      input { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] } output { name: "y" data_type: TYPE_STRING dims: 1 }
      dynamic_batching { preferred_batch_size: [ 16, 4, 4 ] max_queue_delay_microseconds: 1500 default_queue_policy { max_queue_size: 9 } }
      instance_group [ { count: 2 kind: KIND_CPU }, { kind: KIND_AUTO } ]
      model_transaction_policy { decoupled: true }
      version_policy { specific { versions: [ 3, 1 ] } }
      parameters { key: "millrace.batching" value { string_value: "off" } }
      metric_tags { key: "team" value: "vision" }
      response_cache { enable: true }`);
    expect(settings).toEqual({
      backend: 'onnxruntime',
      maxBatchSize: 16,
      inputs: [{ name: 'x', datatype: 'FP32', dims: [-1, 4] }],
      outputs: [{ name: 'y', datatype: 'BYTES', dims: [1] }],
      batching: { preferredBatchSizes: [16, 4, 4], maxQueueDelayMs: 1.5, maxQueueSize: 9, mode: 'fixed' },
      instanceCount: 3,
      decoupled: true,
      versionPolicy: { kind: 'specific', versions: ['3', '1'] },
      modelFilename: 'net.onnx',
      parameters: new Map([['millrace.batching', 'off']]),
      runtime: DEFAULT_RUNTIME,
      warmups: [],
      metricTags: new Map([['team', 'vision']]),
      authored: expect.any(Uint8Array),
      warnings: ['response_cache has no effect'],
    });
  });

  it('reads an empty file as no file', () => {
    expect(parse('')).toEqual(defaultSettings());
  });

  it.each([
    ['platform: "onnxruntime_onnx"', 'onnxruntime'],
    ['platform: "onnxruntime"', 'onnxruntime'],
    ['backend: "identity"', 'identity'],
    ['backend: "onnxruntime" platform: "onnxruntime_onnx"', 'onnxruntime'],
    ['platform: "repeat"', 'repeat'],
  ])('takes the backend from %s', (text, backend) => {
    expect(parse(text).backend).toBe(backend);
  });

  it.each([
    ['version_policy { latest { num_versions: 3 } }', { kind: 'latest', count: 3 }],
    ['version_policy { all {} }', { kind: 'all' }],
    ['version_policy {}', { kind: 'latest', count: 1 }],
  ])('reads %s', (text, policy) => {
    expect(parse(text).versionPolicy).toEqual(policy);
  });

  it('reads how the model is run and warmed up', () => {
    const settings = parse(`
      optimization { graph { level: 2 } } parameters { key: "gpu_mem_limit" value { string_value: "1" } }
      model_warmup { name: "w" batch_size: 3 } model_warmup { name: "idle" }`);
    expect(settings.runtime.graphOptimization).toBe('disabled');
    expect(settings.warmups).toEqual([{ name: 'w', batchSize: 3, count: 1, inputs: [] }]);
    expect(settings.warnings).toEqual([
      'model_warmup[1] has no effect where its batch_size is 0',
      "parameter 'gpu_mem_limit' has no effect: models run on the CPU",
    ]);
  });

  it('counts a group without a count, or none at all, as one instance', () => {
    expect(parse('instance_group { kind: KIND_MODEL }').instanceCount).toBe(1);
    expect(parse('instance_group { count: 4 }').instanceCount).toBe(4);
    expect(parse('').instanceCount).toBe(1);
  });

  it('leaves to the model file what a tensor does not say', () => {
    expect(parse('input { name: "x" }').inputs).toEqual([{ name: 'x', datatype: undefined, dims: undefined }]);
  });

  it('leaves preferred sizes as they are: which may be had depends on the max batch size, which the model file may complete', () => {
    expect(parse('max_batch_size: 4 dynamic_batching { preferred_batch_size: [ 64, 0 ] }').batching.preferredBatchSizes).toEqual([64, 0]);
  });

  it.each([
    ['another name', 'name: "other"', "name is 'other'"],
    ['an unknown field', 'name: "m"\nmax_batch: 1', "unknown field 'max_batch' (line 2)"],
    ['a negative batch size', 'max_batch_size: -1', 'max_batch_size is -1'],
    ['a nameless input', 'input { data_type: TYPE_FP32 dims: 1 }', 'an input has no name'],
    ['a dimension of 0', 'input { name: "x" data_type: TYPE_FP32 dims: [ 4, 0 ] }', 'dims [4,0]'],
    ['a dimension below -1', 'input { name: "x" data_type: TYPE_FP32 dims: -2 }', 'dims [-2]'],
    ['an immense dimension', 'input { name: "x" data_type: TYPE_FP32 dims: 9007199254740992 }', 'dims [9007199254740992]'],
    ['a GPU', 'instance_group { kind: KIND_GPU }', 'KIND_GPU'],
    ['a negative count', 'instance_group { count: -1 }', 'count -1'],
    ['sequences', 'sequence_batching {}', 'sequence_batching is not supported'],
    ['an ensemble', 'ensemble_scheduling {}', 'ensemble_scheduling is not supported'],
    ['the ensemble platform', 'platform: "ensemble"', "platform 'ensemble' is not supported"],
    ['a platform of another backend', 'backend: "identity" platform: "onnxruntime_onnx"', "backend is 'identity'"],
    ['a tag that is no label', 'metric_tags { key: "a-b" value: "" }', "metric_tags has the name 'a-b'"],
    ['ragged batches', 'input { name: "x" allow_ragged_batch: true }', 'input[0].allow_ragged_batch is not supported'],
    ['no latest versions', 'version_policy { latest {} }', 'num_versions 0'],
    ['no specific versions', 'version_policy { specific {} }', 'names no versions'],
    ['version 0', 'version_policy { specific { versions: [ 1, 0 ] } }', 'version 0'],
    ['a file elsewhere', 'default_model_filename: "../x.onnx"', "default_model_filename is '../x.onnx'"],
    ['a file below', 'default_model_filename: "a/x.onnx"', 'plain name'],
    ['the directory itself', 'default_model_filename: "."', 'plain name'],
    ['the directory above', 'default_model_filename: ".."', 'plain name'],
    ['a backslash', 'default_model_filename: "..\\\\x"', 'plain name'],
  ])('refuses %s', (_, text, phrase) => {
    const error = servingErrorOf(() => parse(text));
    expect(error.code).toBe('load_failed');
    expect(error.message).toContain("config.pbtxt of model 'm': ");
    expect(error.message).toContain(phrase);
  });
});

describe('parseConfigOverride', () => {
  it('means what config.pbtxt would', () => {
    const json = '{"backend": "identity", "max_batch_size": 8, "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": ["4"]}]}';
    const text = 'backend: "identity" max_batch_size: 8 input { name: "x" data_type: TYPE_FP32 dims: 4 }';
    expect(parseConfigOverride(json, 'm')).toEqual(parse(text));
  });

  it.each([
    ['{"max_batch_size": -1}', 'max_batch_size is -1, expected 0 or more'],
    ['{"colour": "red"}', 'key "colour" is unknown'],
    ['{"name": "other"}', "name is 'other'"],
  ])('refuses %s', (json, phrase) => {
    const error = servingErrorOf(() => parseConfigOverride(json, 'm'));
    expect(error.code).toBe('load_failed');
    expect(error.message).toContain("config override of model 'm': ");
    expect(error.message).toContain(phrase);
  });
});
