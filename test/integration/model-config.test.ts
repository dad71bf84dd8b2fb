import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { eventually } from '../support/eventually.js';
import { findSamples } from '../support/exposition.js';
import { infer, OIP } from '../support/facades.js';
import { ModelDirectory } from '../support/model-directory.js';
import { modelFiles } from '../support/model-files.js';
import { identityOnnx } from '../support/onnx-builder.js';
import { RunningApp } from '../support/running-app.js';

const WHOLE = `
  name: "whole" platform: "onnxruntime_onnx" max_batch_size: 4
  input { name: "X" data_type: TYPE_FP32 dims: [ -1 ] } output { name: "Y" }
  version_policy { specific { versions: 1 } }
  instance_group { count: 2 kind: KIND_AUTO }
  metric_tags [ { key: "team" value: "vision" }, { key: "quote" value: "a\\"b" } ]
  parameters { key: "any" value { string_value: "thing" } }
  response_cache { enable: true } runtime: "x"`;

const REFUSED = {
  tagged: 'metric_tags { key: "a-b" value: "c" }',
  ragged: 'input { name: "X" allow_ragged_batch: true }',
  shaped: 'input { name: "X" is_shape_tensor: true }',
  sequenced: 'sequence_batching { }',
  ensembled: 'ensemble_scheduling { }',
  agented: 'model_repository_agents { agents { name: "checksum" } }',
};

const REASONS = {
  tagged: "metric_tags has the name 'a-b', expected at most 128 letters, digits and underscores, no underscore first",
  ragged: 'input[0].allow_ragged_batch is not supported: requests of different shapes share a batch only where',
  shaped: 'input[0].is_shape_tensor is not supported: only TensorRT has shape tensors',
  sequenced: 'sequence_batching is not supported: requests of a sequence are not kept together',
  ensembled: 'ensemble_scheduling is not supported: a model cannot be made of other models',
  agented: 'model_repository_agents is not supported: no agent would see the model',
};

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  const onnx = identityOnnx('FP32');
  const refused = Object.entries(REFUSED).map(([name, config]) => [name, { onnx, config }] as const);
  directory = await ModelDirectory.create(modelFiles({ bare: { onnx }, whole: { onnx, config: WHOLE }, ...Object.fromEntries(refused) }));
  app = await RunningApp.start({ modelRepository: [directory.path] });
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function configOf(name: string): Promise<object> {
  return client.unary('inference.GRPCInferenceService/ModelConfig', { name });
}

describe('ModelConfig', () => {
  it('shows a model without config.pbtxt as it was completed', async () => {
    expect(await configOf('bare')).toMatchObject({
      config: {
        name: 'bare',
        platform: 'onnxruntime_onnx',
        backend: 'onnxruntime',
        max_batch_size: 32,
        version_policy: { latest: { num_versions: 1 } },
        input: [{ name: 'X', data_type: 'TYPE_FP32', dims: ['-1'] }],
        output: [{ name: 'Y', data_type: 'TYPE_FP32', dims: ['-1'] }],
        instance_group: [{ name: 'bare', count: 1, kind: 'KIND_CPU' }],
        default_model_filename: 'model.onnx',
        dynamic_batching: { preferred_batch_size: [] },
      },
    });
  });

  it('shows what the author wrote, without effect or not, and completes the rest', async () => {
    expect(await configOf('whole')).toMatchObject({
      config: {
        name: 'whole',
        platform: 'onnxruntime_onnx',
        backend: 'onnxruntime',
        max_batch_size: 4,
        version_policy: { specific: { versions: ['1'] } },
        output: [{ name: 'Y', data_type: 'TYPE_FP32', dims: ['-1'] }],
        instance_group: [{ name: 'whole_0', count: 2, kind: 'KIND_CPU' }],
        metric_tags: { team: 'vision', quote: 'a"b' },
        parameters: { any: { string_value: 'thing' } },
        response_cache: { enable: true },
        runtime: 'x',
      },
    });
  });
});

describe('a field of config.pbtxt', () => {
  it('that has no effect is warned about by its name', () => {
    const warnings = app.log.all('model_config').map(({ model, warning }) => `${String(model)}: ${String(warning)}`);
    expect(warnings).toEqual(['whole: runtime has no effect', 'whole: response_cache has no effect']);
  });

  it.each(Object.entries(REASONS))('that would change the answers fails the load: %s', async (name, reason) => {
    const { models } = await client.unary<{ models: { name: string }[] }>('inference.GRPCInferenceService/RepositoryIndex', {});
    expect(models.find((model) => model.name === name)).toMatchObject({ state: 'UNAVAILABLE', reason: expect.stringContaining(reason) });
  });
});

describe('metric_tags', () => {
  it('go with the configuration that was loaded last, or back where its load failed', async () => {
    const configOf = (tag: string) => Buffer.from(`metric_tags { key: "stage" value: "${tag}" }`);
    await using models = await ModelDirectory.create({ 'm/config.pbtxt': configOf('one'), 'm/1/model.onnx': identityOnnx('FP32') });
    await using server = await RunningApp.start({ modelRepository: [models.path], modelControlMode: 'explicit', loadModel: ['m'] });
    await using operator = new DynamicClient(server.address);
    const load = () => operator.unary('inference.GRPCInferenceService/RepositoryModelLoad', { model_name: 'm' });
    const stages = async () =>
      findSamples(await server.metrics(), 'nv_inference_count', { model: 'm' }).map(({ labels }) => labels['_stage']);
    expect(await stages()).toEqual(['one']);
    await writeFile(join(models.path, 'm/config.pbtxt'), configOf('two'));
    await load();
    expect(await stages()).toEqual(['two']);
    await writeFile(join(models.path, 'm/config.pbtxt'), Buffer.concat([configOf('three'), Buffer.from('input { name: "nope" }')]));
    await expect(load()).rejects.toThrow("input 'nope' is not in the model");
    expect(await stages()).toEqual(['two']);
    await operator.unary('inference.GRPCInferenceService/RepositoryModelUnload', { model_name: 'm' });
    await eventually('the series are gone', async () => (await stages()).length === 0);
  });

  it("label the model's metrics under Triton's names", async () => {
    const inputs = [{ name: 'X', datatype: 'FP32' as const, shape: [3, 1], values: [1, 2, 3] }];
    for (const model of ['whole', 'bare']) await infer(client, OIP, { model, inputs }, 'raw');
    const tags = { _team: 'vision', _quote: 'a"b' };
    expect(await app.total('nv_inference_count', { model: 'whole', version: '1', ...tags })).toBe(3);
    expect(await app.total('nv_inference_count', tags)).toBe(3);
    expect(await app.total('nv_inference_request_failure', { model: 'whole', reason: 'OTHER', ...tags })).toBe(0);
    expect(await app.total('millrace_batch_rows_sum', { model: 'whole', ...tags })).toBe(0);
    expect(await app.total('millrace_batch_rows_sum', { model: 'whole' })).toBe(3);
  });
});
