import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { FACADES, infer, MILLRACE, OIP, outputOf, type TestRequest } from '../support/facades.js';
import { ModelDirectory } from '../support/model-directory.js';
import { doubleOnnx, identityConfig, lookupOnnx, modelFiles } from '../support/model-files.js';
import { buildOnnx, identityOnnx } from '../support/onnx-builder.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';

const FOUR_ROWS = 'max_batch_size: 4 dynamic_batching { preferred_batch_size: 4 max_queue_delay_microseconds: 10000000 }';
const ALONE = 'max_batch_size: 4 parameters { key: "millrace.batching" value { string_value: "off" } }';
const LARGE_BYTES = 8 * 1024 * 1024;

/** The different values of X[batch,1]: fewer rows than came in where some are equal. */
function uniqueOnnx(): Uint8Array {
  return buildOnnx({
    inputs: [{ name: 'X', type: 'FP32', shape: ['batch', 1] }],
    outputs: [{ name: 'Y', type: 'FP32', shape: ['rows'] }],
    nodes: [{ op: 'Unique', inputs: ['X'], outputs: ['Y'] }],
  });
}

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  directory = await ModelDirectory.create(
    modelFiles({
      unique: { onnx: uniqueOnnx() },
      lookup: { onnx: lookupOnnx([10, 11, 12, 13]), config: FOUR_ROWS },
      alone: { onnx: doubleOnnx(), config: ALONE },
      large: { config: identityConfig('FP32') },
      large_onnx: { onnx: identityOnnx('FP32') },
    }),
  );
  app = await RunningApp.start({ modelRepository: [directory.path] });
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

/** Rows of one value each. */
function rows(model: string, ...values: number[]): TestRequest {
  return { model, inputs: [{ name: 'X', datatype: 'FP32', shape: [values.length, 1], values }] };
}

function lookup(index: number): TestRequest {
  return { model: 'lookup', inputs: [{ name: 'X', datatype: 'INT64', shape: [1, 1], values: [index] }] };
}

describe('a model that fails to execute', () => {
  it('fails the one that made it fail, in words that hold nothing of the runtime, and answers the others of its batch', async () => {
    const poison = refusalOf(infer(client, OIP, lookup(99), 'raw'));
    const others = [0, 1, 2].map((index, at) => infer(client, FACADES[at % 2] ?? OIP, lookup(index), 'raw'));
    expect(await poison).toMatchObject({
      code: status.INTERNAL,
      reason: 'backend_failed',
      text: 'the model failed to execute in the runtime',
    });
    expect((await Promise.all(others)).map((answer) => outputOf(answer, 'Y').values)).toEqual([[10], [11], [12]]);
    const answers = await Promise.all([3, 2, 1, 0].map((index) => infer(client, MILLRACE, lookup(index), 'raw')));
    expect(answers.map((answer) => outputOf(answer, 'Y').values)).toEqual([[13], [12], [11], [10]]);
  });

  it('by the number of its rows fails its callers, too', async () => {
    const refusal = await refusalOf(infer(client, OIP, rows('unique', 7, 8, 7), 'raw'));
    expect(refusal).toMatchObject({ code: status.INTERNAL, reason: 'backend_failed', text: "output 'Y' has 2 rows where 3 went in" });
    expect(outputOf(await infer(client, OIP, rows('unique', 8, 7), 'raw'), 'Y').values).toEqual([7, 8]);
  });
});

describe('a model whose batching is off', () => {
  it('runs every request by itself, with as many rows as it has', async () => {
    const requests = Array.from({ length: 8 }, (_, at) => rows('alone', at));
    const answers = await Promise.all(requests.map((request) => infer(client, MILLRACE, request, 'raw')));
    expect(answers.map((answer) => outputOf(answer, 'Y').values)).toEqual(requests.map((_, at) => [at * 2]));
    expect(await app.total('millrace_batch_rows_count', { model: 'alone' })).toBe(8);

    expect(outputOf(await infer(client, OIP, rows('alone', 1, 2, 3), 'raw'), 'Y')).toMatchObject({ shape: [3, 1], values: [2, 4, 6] });
    expect(await app.total('millrace_batch_rows_sum', { model: 'alone' })).toBe(8 + 3);
    expect((await refusalOf(infer(client, OIP, rows('alone', 1, 2, 3, 4, 5), 'raw'))).text).toContain(
      "batch-size must be <= 4 for 'alone', got 5",
    );
  });
});

describe('a tensor of megabytes', () => {
  it.each([
    ['large', 'INPUT0'],
    ['large_onnx', 'X'],
  ])('comes back from %s byte by byte, on both facades', async (model, name) => {
    const raw = Buffer.alloc(LARGE_BYTES);
    for (let at = 0; at < LARGE_BYTES; at += 4) raw.writeFloatLE(at % 16_777_213, at);
    const request: TestRequest = { model, inputs: [{ name, datatype: 'FP32', shape: [2, LARGE_BYTES / 8], values: [], raw }] };
    const oip = await client.unary<{ raw_output_contents: Buffer[] }>(OIP.inferMethod, OIP.message(request, 'raw'));
    expect(oip.raw_output_contents.map((bytes) => bytes.equals(raw))).toEqual([true]);
    const ours = await client.unary<{ outputs: { raw: Buffer }[] }>(MILLRACE.inferMethod, MILLRACE.message(request, 'raw'));
    expect(ours.outputs.map((output) => output.raw.equals(raw))).toEqual([true]);
  });

  it('does not come back as a list of values, whole or as a stream', async () => {
    const raw = Buffer.alloc(LARGE_BYTES);
    const input = { name: 'INPUT0', datatype: 'FP32', shape: [2, LARGE_BYTES / 8], values: [], raw } as const;
    const message = { ...MILLRACE.message({ model: 'large', inputs: [input] }, 'raw'), output_encoding: 'OUTPUT_ENCODING_TYPED' };
    const refused = {
      code: status.INVALID_ARGUMENT,
      text: `outputs of ${LARGE_BYTES} bytes are over the limit of 2097152 bytes for typed contents: ask for OUTPUT_ENCODING_RAW`,
    };
    expect(await refusalOf(client.unary(MILLRACE.inferMethod, message))).toMatchObject(refused);
    const streamed = await client.failingStream('millrace.v1.InferenceService/InferStream', message);
    expect([streamed.messages, streamed.refusal]).toEqual([[], expect.objectContaining(refused)]);
  });
});
