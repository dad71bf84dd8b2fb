import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { FACADES, infer, MILLRACE, OIP, outputOf, parseTensor, type WireTensor } from '../support/facades.js';
import { ModelDirectory } from '../support/model-directory.js';
import { modelFiles } from '../support/model-files.js';
import { addOnnx, buildOnnx } from '../support/onnx-builder.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';

/** A is required, B and C are not. */
const THREE = `backend: "identity"
  input { name: "A" data_type: TYPE_FP32 dims: [ 2 ] }
  input { name: "B" data_type: TYPE_INT32 dims: [ -1 ] optional: true }
  input { name: "C" data_type: TYPE_STRING dims: [ 1 ] optional: true }
  output { name: "a" data_type: TYPE_FP32 dims: [ 2 ] }
  output { name: "b" data_type: TYPE_INT32 dims: [ -1 ] }
  output { name: "c" data_type: TYPE_STRING dims: [ 1 ] }`;
const IN_PAIRS = 'max_batch_size: 8 dynamic_batching { preferred_batch_size: 2 max_queue_delay_microseconds: 10000000 }';
const NOTHING_NEEDED = `backend: "identity"
  input { name: "A" data_type: TYPE_FP32 dims: [ 2 ] optional: true } output { name: "a" data_type: TYPE_FP32 dims: [ 2 ] }`;

/** X + W → Y, where the file has a value for W that a request might override. */
function defaultedOnnx(): Uint8Array {
  return buildOnnx({
    inputs: ['X', 'W'].map((name) => ({ name, type: 'FP32', shape: [2] })),
    outputs: [{ name: 'Y', type: 'FP32', shape: [2] }],
    nodes: [{ op: 'Add', inputs: ['X', 'W'], outputs: ['Y'] }],
    initializers: [{ name: 'W', type: 'FP32', dims: [2], raw: new Uint8Array(Float32Array.of(10, 20).buffer) }],
  });
}

const MODELS = {
  plain: { config: THREE },
  batched: { config: `${THREE} ${IN_PAIRS}` },
  rows: { config: `${THREE} max_batch_size: 8` },
  free: { config: NOTHING_NEEDED },
  free_rows: { config: `${NOTHING_NEEDED} max_batch_size: 4` },
  defaulted: { onnx: defaultedOnnx() },
  needed: { onnx: addOnnx(), config: 'max_batch_size: 4 input { name: "A" } input { name: "B" optional: true }' },
  overridable: { onnx: defaultedOnnx(), config: 'input { name: "X" } input { name: "W" optional: true }' },
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

const A = (rows: readonly number[], ...values: number[]) => ({ name: 'A', datatype: 'FP32' as const, shape: [...rows, 2], values });
const B = (rows: readonly number[], ...values: number[]) => ({
  name: 'B',
  datatype: 'INT32' as const,
  shape: [...rows, values.length / (rows[0] ?? 1)],
  values,
});
const C = (value: string) => ({ name: 'C', datatype: 'BYTES' as const, shape: [1], values: [value] });

describe('an optional input', () => {
  it.each(FACADES)('may be left out, and is then given back as zeros, on $name', async (facade) => {
    for (const encoding of ['raw', 'typed'] as const) {
      const some = await infer(client, facade, { model: 'plain', inputs: [C('word'), A([], 1, 2)] }, encoding);
      expect(some.outputs).toMatchObject([
        { name: 'a', shape: [2], values: [1, 2] },
        { name: 'b', shape: [1], values: [0] },
        { name: 'c', shape: [1], values: ['word'] },
      ]);
      const all = await infer(client, facade, { model: 'plain', inputs: [A([], 1, 2), B([], 3, 4), C('x')] }, encoding);
      expect(outputOf(all, 'b')).toMatchObject({ shape: [2], values: [3, 4] });
    }
  });

  it.each(FACADES)('may be the only one, on $name', async (facade) => {
    expect(outputOf(await infer(client, facade, { model: 'free', inputs: [] }, 'raw'), 'a')).toMatchObject({ shape: [2], values: [0, 0] });
    const refusal = await refusalOf(infer(client, facade, { model: 'free_rows', inputs: [] }, 'raw'));
    expect(refusal.code).toBe(status.INVALID_ARGUMENT);
    expect(refusal.text).toContain("expected at least one of the inputs ['A'] for model 'free_rows'");
  });

  it('keeps requests in batches of those that bring the same inputs', async () => {
    const rows = [1];
    const [without, withB] = [[A(rows, 1, 2)], [A(rows, 3, 4), B(rows, 5, 6)]];
    const calls = [without, withB, without, withB].map((inputs, at) =>
      infer(client, FACADES[at % 2] ?? OIP, { model: 'batched', inputs, outputs: ['b'] }, 'raw'),
    );
    const answers = await Promise.all(calls);
    expect(answers.map(({ outputs }) => outputs)).toMatchObject([
      [{ name: 'b', shape: [1, 1], values: [0] }],
      [{ name: 'b', shape: [1, 2], values: [5, 6] }],
      [{ name: 'b', shape: [1, 1], values: [0] }],
      [{ name: 'b', shape: [1, 2], values: [5, 6] }],
    ]);
    expect(await app.total('millrace_batch_rows_count', { model: 'batched' })).toBe(2);
    expect(await app.total('millrace_batch_rows_sum', { model: 'batched' })).toBe(4);
  });

  it('may be left out of rows that are streamed', async () => {
    const inputs = [A([3], 1, 2, 3, 4, 5, 6), B([3], 7, 8, 9)];
    const message = { ...MILLRACE.message({ model: 'rows', inputs, outputs: ['a', 'b', 'c'] }, 'raw'), rows_per_message: 2 };
    const pieces = await client.stream<{ outputs: readonly WireTensor[] }>('millrace.v1.InferenceService/InferStream', message);
    const tensors = pieces.map(({ outputs }) => outputs.map(parseTensor).map(({ shape, values }) => [shape, values]));
    expect(tensors).toEqual([
      [
        [
          [2, 2],
          [1, 2, 3, 4],
        ],
        [
          [2, 1],
          [7, 8],
        ],
        [
          [2, 1],
          ['', ''],
        ],
      ],
      [
        [
          [1, 2],
          [5, 6],
        ],
        [[1, 1], [9]],
        [[1, 1], ['']],
      ],
    ]);
  });

  it('is told from those that are required', async () => {
    const refusal = await refusalOf(infer(client, OIP, { model: 'plain', inputs: [C('x')] }, 'raw'));
    expect(refusal.code).toBe(status.INVALID_ARGUMENT);
    expect(refusal.text).toContain(
      "expected number of inputs between 1 and 3 but got 1 inputs for model 'plain'. Got input(s) ['C'], but missing required input(s) ['A'].",
    );
  });
});

describe('an ONNX model', () => {
  it('goes by the values that its file has for inputs', async () => {
    const inputs = [{ name: 'X', datatype: 'FP32' as const, shape: [2], values: [1, 2] }];
    for (const facade of FACADES) {
      expect(outputOf(await infer(client, facade, { model: 'defaulted', inputs }, 'raw'), 'Y').values).toEqual([11, 22]);
    }
  });

  it.each([
    ['needed', 'B'],
    ['overridable', 'W'],
  ])('with an optional input fails its load, saying so: %s', async (name, input) => {
    const { models } = await client.unary<{ models: { name: string }[] }>('inference.GRPCInferenceService/RepositoryIndex', {});
    const reason = `input '${input}' is optional, but backend 'onnxruntime' runs a model with all of its inputs only`;
    expect(models.find((model) => model.name === name)).toMatchObject({ state: 'UNAVAILABLE', reason: expect.stringContaining(reason) });
  });
});
