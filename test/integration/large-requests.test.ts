import { constants } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InferResponse } from '../../src/gen/millrace/v1/inference.js';
import { DynamicClient } from '../support/dynamic-client.js';
import { eventually } from '../support/eventually.js';
import { type Facade, infer, MILLRACE, type ModelInferResponse, OIP, outputOf, type TestRequest } from '../support/facades.js';
import { frame, RawClient } from '../support/grpc-client.js';
import { INFER, identityModels, inferRequest, rawTensor } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { doubleOnnx, identityConfig, lookupOnnx, modelFiles } from '../support/model-files.js';
import { parameters } from '../support/own-parameters.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';

const EXECUTIONS = 'millrace_execute_seconds_count';
const SPLIT = parameters({ split: 'on' });
const DEADLINE_EXCEEDED = 4;

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;
let raw: RawClient;

beforeAll(async () => {
  directory = await ModelDirectory.create({
    ...modelFiles({
      double: { onnx: doubleOnnx(['batch', 3]), config: 'max_batch_size: 4' },
      opened: { onnx: doubleOnnx(['batch', 3]), config: `max_batch_size: 4 ${SPLIT}` },
      words: { config: `${identityConfig('BYTES', 2)} ${SPLIT}` },
      lookup: { onnx: lookupOnnx([10, 11, 12, 13]), config: 'max_batch_size: 2' },
      finite: { onnx: doubleOnnx(['batch', 3]), config: `max_batch_size: 4 ${parameters({ refuse_non_finite: 'on' })}` },
    }),
    ...identityModels({ slow: { delayMs: 20, maxBatchSize: 1 } }),
  });
  app = await RunningApp.start({ modelRepository: [directory.path] });
  client = new DynamicClient(app.address);
  raw = await RawClient.connect(app.address);
});

afterAll(async () => {
  await raw[Symbol.asyncDispose]();
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

/** Rows of three values each, counted up. */
function rows(model: string, count: number): TestRequest {
  const values = Array.from({ length: 3 * count }, (_, at) => at);
  return { model, inputs: [{ name: 'X', datatype: 'FP32', shape: [count, 3], values }] };
}

function words(count: number): TestRequest {
  const values = Array.from({ length: 2 * count }, (_, at) => 'w'.repeat(at % 5));
  return { model: 'words', inputs: [{ name: 'INPUT0', datatype: 'BYTES', shape: [count, 2], values }] };
}

describe('a request of more rows than a batch takes', () => {
  it.each<{ facade: Facade; model: string }>([
    { facade: MILLRACE, model: 'double' },
    { facade: MILLRACE, model: 'opened' },
    { facade: OIP, model: 'opened' },
  ])('is answered as a whole on $facade.name by $model, run in pieces', async ({ facade, model }) => {
    const before = await app.total('millrace_batch_rows_sum', { model });
    const request = rows(model, 10);
    const answer = await infer(client, facade, request, 'raw');
    const doubled = request.inputs[0]?.values.map((value) => 2 * Number(value));
    expect(outputOf(answer, 'Y')).toMatchObject({ shape: [10, 3], values: doubled });
    expect(await app.total('millrace_batch_rows_sum', { model })).toBe(before + 10);
  });

  it.each([MILLRACE, OIP])('keeps elements of any length in their places on $name', async (facade) => {
    const request = words(7);
    const output = outputOf(await infer(client, facade, request, 'typed'), 'OUTPUT0');
    expect(output).toMatchObject({ shape: [7, 2], values: request.inputs[0]?.values });
  });

  it('says how large its largest batch was', async () => {
    const message = MILLRACE.message(rows('double', 10), 'raw');
    const { timings } = await client.unary<{ timings: { batch_size: number; execute_us: string } }>(MILLRACE.inferMethod, message);
    expect(timings.batch_size).toBe(4);
    expect(Number(timings.execute_us)).toBeGreaterThan(0);
  });

  it('is classified as a whole', async () => {
    const message = {
      ...OIP.message(rows('opened', 6), 'raw'),
      outputs: [{ name: 'Y', parameters: { classification: { int64_param: '1' } } }],
    };
    const answer = OIP.parse(await client.unary<ModelInferResponse>(OIP.inferMethod, message));
    expect(outputOf(answer, 'Y')).toMatchObject({
      shape: [6, 1],
      values: [0, 1, 2, 3, 4, 5].map((row) => `${2 * (3 * row + 2)}.000000:2`),
    });
  });

  it('is split in a ModelStreamInfer, too, where the model says so', async () => {
    const messages = [OIP.message(rows('opened', 5), 'raw'), OIP.message(rows('double', 5), 'raw')];
    const answers = await Promise.all(
      messages.map((message) =>
        client.stream<{ error_message: string; infer_response: ModelInferResponse }>(
          'inference.GRPCInferenceService/ModelStreamInfer',
          message,
        ),
      ),
    );
    expect(answers.map(([first]) => first?.error_message)).toEqual([
      '',
      expect.stringContaining("inference request batch-size must be <= 4 for 'double', got 5"),
    ]);
    expect(answers[0]?.[0]?.infer_response.outputs).toMatchObject([{ name: 'Y', shape: ['5', '3'] }]);
  });

  it("is refused on OIP in Triton's words where the model says nothing of it", async () => {
    expect(await refusalOf(infer(client, OIP, rows('double', 5), 'raw'))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      text: expect.stringContaining("inference request batch-size must be <= 4 for 'double', got 5"),
    });
  });

  it('is refused on every facade where its rows cost nothing', async () => {
    const inputs = [{ name: 'INPUT0', datatype: 'BYTES', shape: [1_000_000, 0], values: [] }] as const;
    for (const facade of [MILLRACE, OIP]) {
      const { text } = await refusalOf(infer(client, facade, { model: 'words', inputs }, 'raw'));
      expect(text).toContain("inference request batch-size must be <= 2 for 'words', got 1000000");
    }
  });

  it('fails as a whole with one of its rows, and the next one does not', async () => {
    const lookup = (...values: number[]): TestRequest => ({
      model: 'lookup',
      inputs: [{ name: 'X', datatype: 'INT64', shape: [values.length, 1], values }],
    });
    const { code, reason } = await refusalOf(infer(client, MILLRACE, lookup(0, 1, 2, 99, 0, 1, 2), 'raw'));
    expect([code, reason]).toEqual([status.INTERNAL, 'backend_failed']);
    expect(outputOf(await infer(client, MILLRACE, lookup(3, 2, 1, 0, 1), 'raw'), 'Y').values).toEqual([13, 12, 11, 10, 11]);
  });
});

describe('a request of more rows than a batch takes that is given up', () => {
  const slow = (count: number) => inferRequest('slow', rawTensor('INPUT0', [count, 1], Array<number>(count).fill(1)));
  const idle = async () => {
    await app.reaches(0, 'millrace_inflight_calls');
    await app.reaches(0, 'millrace_queued_bytes');
  };

  it('ends at its deadline, whichever row it is at, and runs no more of them', async () => {
    const answer = await raw.call(INFER, slow(10_000), { 'grpc-timeout': '150m' });
    expect(answer).toMatchObject({ status: DEADLINE_EXCEEDED, messages: [] });
    await idle();
    const executed = await app.total(EXECUTIONS, { model: 'slow' });
    expect(executed).toBeLessThan(100);
    const [message] = (await raw.call(INFER, slow(3))).messages;
    expect(message && InferResponse.decode(message).outputs[0]?.shape).toEqual([3n, 1n]);
    // One batch may have been on its way out when the call ended.
    expect((await app.total(EXECUTIONS, { model: 'slow' })) - executed).toBeLessThanOrEqual(4);
  });

  it('leaves at once when it is cancelled, and runs no more rows', async () => {
    const before = await app.total(EXECUTIONS, { model: 'slow' });
    const call = raw.open(INFER);
    call.stream.end(frame(slow(10_000)));
    await eventually('rows are executed', async () => (await app.total(EXECUTIONS, { model: 'slow' })) > before + 2);
    call.stream.close(constants.NGHTTP2_CANCEL);
    await idle();
    const executed = await app.total(EXECUTIONS, { model: 'slow' });
    expect(await raw.call(INFER, slow(1))).toMatchObject({ status: 0 });
    expect((await app.total(EXECUTIONS, { model: 'slow' })) - executed).toBeLessThanOrEqual(2);
    expect(executed - before).toBeLessThan(1000);
  });
});

describe('a model that refuses what is no finite number', () => {
  it.each([MILLRACE, OIP])('names the input and the element on $name', async (facade) => {
    const request = rows('finite', 2);
    const values = [0, 1, 2, 3, Number.NaN, 5];
    const [input] = request.inputs;
    expect(outputOf(await infer(client, facade, request, 'raw'), 'Y').shape).toEqual([2, 3]);
    const bad = { ...request, inputs: input === undefined ? [] : [{ ...input, values }] };
    const { code, text } = await refusalOf(infer(client, facade, bad, 'raw'));
    expect([code, text]).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringContaining("input 'X' for model 'finite' has NaN at element 4, expected finite numbers"),
    ]);
  });
});
