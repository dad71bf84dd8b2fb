import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { FACADES, infer, MILLRACE, OIP, outputOf, parseTensor, type WireTensor } from '../support/facades.js';
import { ModelDirectory } from '../support/model-directory.js';
import { modelFiles } from '../support/model-files.js';
import { buildOnnx, type OnnxNode } from '../support/onnx-builder.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';

type Axes = readonly (number | string)[];

/** X → Y by one operator. */
function oneNode(op: OnnxNode['op'], from: Axes, to: Axes): Uint8Array {
  return buildOnnx({
    inputs: [{ name: 'X', type: 'FP32', shape: from }],
    outputs: [{ name: 'Y', type: 'FP32', shape: to }],
    nodes: [{ op, inputs: ['X'], outputs: ['Y'] }],
  });
}

/** What requests see, and what the model does. */
function tensor(kind: 'input' | 'output', name: string, dims: string, shape: string): string {
  return `${kind} { name: "${name}" data_type: TYPE_FP32 dims: [ ${dims} ] reshape { shape: [ ${shape} ] } }\n`;
}

const PATIENT = 'max_batch_size: 8 dynamic_batching { preferred_batch_size: 4 max_queue_delay_microseconds: 10000000 }\n';

const MODELS = {
  matrix: {
    onnx: oneNode('Identity', ['batch', 2, 3], ['batch', 2, 3]),
    config: PATIENT + tensor('input', 'X', '6', '2, 3') + tensor('output', 'Y', '3, 2', '2, 3'),
  },
  scalar: {
    onnx: oneNode('Neg', ['batch'], ['batch']),
    config: `max_batch_size: 8 ${tensor('input', 'X', '1', '')}${tensor('output', 'Y', '1', '')}`,
  },
  variable: {
    onnx: oneNode('Identity', ['batch', 'n', 2, 'm'], ['batch', 'n', 2, 'm']),
    config: `max_batch_size: 8 ${tensor('input', 'X', '-1, 1, 2, -1', '-1, 2, -1')}${tensor('output', 'Y', '1, -1, 2, -1', '-1, 2, -1')}`,
  },
  transposed: {
    onnx: oneNode('Transpose', [2, 'n'], ['n', 2]),
    config: tensor('input', 'X', '2, 1, -1', '2, -1') + tensor('output', 'Y', '-1, 2, 1', '-1, 2'),
  },
  single: {
    onnx: oneNode('Neg', [], []),
    config: 'input { name: "X" data_type: TYPE_FP32 dims: [ 1 ] } output { name: "Y" data_type: TYPE_FP32 dims: [ 1 ] }',
  },
  identity: {
    config: `backend: "identity" max_batch_size: 8 ${tensor('input', 'X', '4', '2, 2')}${tensor('output', 'Y', '1, 4', '2, 2')}`,
  },
  unequal: {
    onnx: oneNode('Identity', ['batch', 2, 3], ['batch', 2, 3]),
    config: `max_batch_size: 8 ${tensor('input', 'X', '5', '2, 3')}`,
  },
  unlike: { onnx: oneNode('Identity', ['batch', 2, 3], ['batch', 2, 3]), config: `max_batch_size: 8 ${tensor('input', 'X', '6', '3, 2')}` },
};

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  directory = await ModelDirectory.create(modelFiles(MODELS));
  app = await RunningApp.start({ modelRepository: [directory.path] });
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function request(model: string, shape: readonly number[], values: readonly number[]) {
  return { model, inputs: [{ name: 'X', datatype: 'FP32' as const, shape, values }] };
}

function count(first: number, howMany: number): number[] {
  return Array.from({ length: howMany }, (_, at) => first + at);
}

describe('reshape', () => {
  it.each([
    ['matrix', [4, 6], count(0, 24), [4, 3, 2], count(0, 24)],
    ['scalar', [3, 1], [1, 2, 3], [3, 1], [-1, -2, -3]],
    ['variable', [2, 3, 1, 2, 1], count(0, 12), [2, 1, 3, 2, 1], count(0, 12)],
    ['transposed', [2, 1, 3], [1, 2, 3, 4, 5, 6], [3, 2, 1], [1, 4, 2, 5, 3, 6]],
    ['single', [1], [5], [1], [-5]],
    ['identity', [2, 4], count(1, 8), [2, 1, 4], count(1, 8)],
  ])('hides the shapes of %s on both facades', async (model, shape, values, answered, expected) => {
    for (const facade of FACADES) {
      const answer = await infer(client, facade, request(model, shape, values), 'raw');
      expect(answer.outputs).toEqual([{ name: 'Y', datatype: 'FP32', shape: answered, values: expected }]);
    }
  });

  it('gives everyone in a batch his own rows', async () => {
    const before = await app.total('millrace_batch_rows_count', { model: 'matrix' });
    const calls = count(0, 4).map((row) => infer(client, FACADES[row % 2] ?? OIP, request('matrix', [1, 6], count(row * 6, 6)), 'raw'));
    const outputs = (await Promise.all(calls)).map((answer) => outputOf(answer, 'Y'));
    expect(outputs).toMatchObject(count(0, 4).map((row) => ({ shape: [1, 3, 2], values: count(row * 6, 6) })));
    expect(await app.total('millrace_batch_rows_count', { model: 'matrix' })).toBe(before + 1);
  });

  it('holds for rows that are streamed in pieces', async () => {
    const message = { ...MILLRACE.message(request('scalar', [5, 1], count(1, 5)), 'raw'), rows_per_message: 2 };
    const pieces = await client.stream<{ outputs: readonly WireTensor[] }>('millrace.v1.InferenceService/InferStream', message);
    expect(pieces.flatMap(({ outputs }) => outputs.map(parseTensor))).toMatchObject([
      { shape: [2, 1], values: [-1, -2] },
      { shape: [2, 1], values: [-3, -4] },
      { shape: [1, 1], values: [-5] },
    ]);
  });

  it('is what requests are held against', async () => {
    const refusal = await refusalOf(infer(client, OIP, request('matrix', [1, 2, 3], count(0, 6)), 'raw'));
    expect(refusal.code).toBe(status.INVALID_ARGUMENT);
    expect(refusal.text).toContain("unexpected shape for input 'X' for model 'matrix'. Expected [-1,6], got [1,2,3]");
  });

  it('shows in the configuration beside dims, which are all that the metadata tell', async () => {
    const metadata = await client.unary('inference.GRPCInferenceService/ModelMetadata', { name: 'matrix' });
    expect(metadata).toMatchObject({ inputs: [{ shape: ['-1', '6'] }], outputs: [{ shape: ['-1', '3', '2'] }] });
    const config = await client.unary('inference.GRPCInferenceService/ModelConfig', { name: 'matrix' });
    expect(config).toMatchObject({
      config: {
        input: [{ dims: ['6'], reshape: { shape: ['2', '3'] } }],
        output: [{ dims: ['3', '2'], reshape: { shape: ['2', '3'] } }],
      },
    });
  });

  it.each([
    ['unequal', "input 'X': the reshape [2,3] has not as many elements as dims [5]"],
    ['unlike', "input 'X': the dims of the reshape are configured as [3,2], but the model's are [2,3]"],
  ])('fails the load of %s, saying why', async (name, reason) => {
    const { models } = await client.unary<{ models: { name: string }[] }>('inference.GRPCInferenceService/RepositoryIndex', {});
    expect(models.find((model) => model.name === name)).toMatchObject({ state: 'UNAVAILABLE', reason: expect.stringContaining(reason) });
  });
});
