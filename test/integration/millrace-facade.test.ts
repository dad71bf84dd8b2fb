import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import {
  type InferResponse,
  MILLRACE,
  type OutputTensor,
  outputOf,
  parseTensor,
  type TestTensor,
  type WireTensor,
} from '../support/facades.js';
import { ModelDirectory } from '../support/model-directory.js';
import { identityConfig, modelFiles } from '../support/model-files.js';
import { addOnnx } from '../support/onnx-builder.js';
import { refusalOf } from '../support/refusal.js';
import { EXAMPLE_MODELS, ROOT, RunningApp } from '../support/running-app.js';

const SERVICE = 'millrace.v1.InferenceService';

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  directory = await ModelDirectory.create(modelFiles({ words: { config: identityConfig('BYTES') }, pair: { onnx: addOnnx() } }));
  app = await RunningApp.start({ modelRepository: [EXAMPLE_MODELS, directory.path] });
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

/** A request of examples/inputs, as grpcurl would read it. */
function example(file: string): object {
  return JSON.parse(readFileSync(`${ROOT}examples/inputs/${file}`, 'utf8')) as object;
}

function infer(message: object): Promise<InferResponse> {
  return client.unary<InferResponse>(`${SERVICE}/Infer`, message);
}

function outputsOf({ outputs }: { readonly outputs: readonly WireTensor[] }): { readonly outputs: readonly OutputTensor[] } {
  return { outputs: outputs.map(parseTensor) };
}

function words(...values: (string | Uint8Array)[]): TestTensor {
  return { name: 'INPUT0', datatype: 'BYTES', shape: [1, values.length], values };
}

describe('the example requests', () => {
  it.each([
    ['digit-7.json', 'digits', [7n]],
    ['iris.json', 'iris', [0n, 1n, 2n]],
    ['wine.json', 'wine', [0n, 1n, 2n]],
    ['topic.json', 'topics', ['california housing', 'iris', 'digits']],
  ])('%s is answered as examples/inputs says', async (file, model, labels) => {
    const answer = await infer(example(file));
    expect(answer.model).toBe(model);
    expect(outputOf(outputsOf(answer), 'label').values).toEqual(labels);
  });

  it('diabetes.json is answered as examples/inputs says', async () => {
    const [first, second] = outputOf(outputsOf(await infer(example('diabetes.json'))), 'progression').values.map(Number);
    expect(Math.round(first ?? 0)).toBe(242);
    expect(second).toBeGreaterThan(0);
  });

  it('digits-10.json and repeat.json are streams', async () => {
    const digits = await client.stream<InferResponse>(`${SERVICE}/InferStream`, example('digits-10.json'));
    expect(digits).toHaveLength(3);
    expect(digits.flatMap((message) => outputOf(outputsOf(message), 'label').values)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
    const repeated = await client.stream<InferResponse>(`${SERVICE}/InferStream`, example('repeat.json'));
    expect(repeated.flatMap((message) => outputsOf(message).outputs.flatMap(({ values }) => values.slice(0, 1)))).toEqual([
      4, 0, 2, 1, 0, 2, 1, 3,
    ]);
  });
});

describe('Infer', () => {
  it('says what ran and where the time went', async () => {
    const answer = await infer(example('iris.json'));
    expect(answer).toMatchObject({ model: 'iris', version: '2', request_id: 'iris' });
    // iris waits up to 2 ms for company.
    expect(Number(answer.timings?.queue_us)).toBeGreaterThan(0);
    expect(Number(answer.timings?.execute_us)).toBeGreaterThan(0);
    expect(answer.timings?.batch_size).toBe(3);
  });

  it('takes inputs in any order', async () => {
    const tensor = (name: string, values: number[]): TestTensor => ({ name, datatype: 'FP32', shape: [1, 2], values });
    const inputs = [tensor('B', [10, 20]), tensor('A', [1, 2])];
    expect(outputsOf(await infer(MILLRACE.message({ model: 'pair', inputs }, 'raw'))).outputs).toEqual([tensor('C', [11, 22])]);
  });

  it('passes parameters that it does not know', async () => {
    const parameters = { fields: [], temperature: { number_value: 0.5 }, stop: { list_value: { values: [{ string_value: 'end' }] } } };
    expect(await infer({ ...example('iris.json'), parameters })).toMatchObject({ model: 'iris' });
  });

  it('refuses a version that is neither number nor alias before it looks for the model', async () => {
    expect(await refusalOf(infer({ ...example('iris.json'), model: 'nobody', version: '0' }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });
});

describe('the outputs', () => {
  const request = { model: 'words', inputs: [words('a', 'bé')] };

  it.each([
    ['raw', 'OUTPUT_ENCODING_UNSPECIFIED', true],
    ['typed', 'OUTPUT_ENCODING_UNSPECIFIED', false],
    ['typed', 'OUTPUT_ENCODING_RAW', true],
    ['raw', 'OUTPUT_ENCODING_TYPED', false],
  ] as const)('of %s inputs under %s are raw: %s', async (inputs, encoding, isRaw) => {
    const answer = await infer({ ...MILLRACE.message(request, inputs), output_encoding: encoding });
    const [output] = answer.outputs;
    expect(output?.raw !== undefined).toBe(isRaw);
    expect(output?.strings).toEqual(isRaw ? [] : ['a', 'bé']);
    expect(outputOf(outputsOf(answer), 'OUTPUT0').values).toEqual(['a', 'bé']);
  });

  it('are raw where any input was', async () => {
    const [raw, typed] = (['raw', 'typed'] as const).map((encoding) => {
      const input = (name: string): TestTensor => ({ name, datatype: 'FP32', shape: [1, 2], values: [1, 2] });
      return MILLRACE.message({ model: 'pair', inputs: [input('A'), input('B')] }, encoding) as { inputs: object[] };
    });
    const answer = await infer({ ...typed, inputs: [typed?.inputs[0], raw?.inputs[1]] });
    expect(answer.outputs.map(({ raw: bytes }) => bytes?.length)).toEqual([8]);
  });

  it('are bytes where one of the texts is none', async () => {
    const answer = await infer(MILLRACE.message({ model: 'words', inputs: [words('a', Uint8Array.of(0xff))] }, 'typed'));
    expect(answer.outputs[0]?.strings).toEqual([]);
    expect(answer.outputs[0]?.bytes_list.map((bytes) => bytes.toString('hex'))).toEqual(['61', 'ff']);
  });
});
