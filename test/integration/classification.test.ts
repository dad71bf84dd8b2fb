import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { infer, type ModelInferResponse, OIP, outputOf, type TestAnswer, type TestRequest } from '../support/facades.js';
import { heldOut, rowsOf } from '../support/held-out.js';
import { ModelDirectory } from '../support/model-directory.js';
import { identityConfig, modelFiles } from '../support/model-files.js';
import { type Refusal, refusalOf } from '../support/refusal.js';
import { EXAMPLE_MODELS, RunningApp } from '../support/running-app.js';

const STREAM = 'inference.GRPCInferenceService/ModelStreamInfer';
const LABELLED = identityConfig('FP32').replace('name: "OUTPUT0"', 'name: "OUTPUT0" label_filename: "names.txt"');

interface StreamMessage {
  readonly error_message: string;
  readonly infer_response: ModelInferResponse;
}

/** A parameter of the message as the wire has it. */
type Parameter = { readonly int64_param: string } | { readonly uint64_param: string } | { readonly string_param: string };

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  directory = await ModelDirectory.create({
    ...modelFiles({
      labelled: { config: LABELLED },
      unlabelled: { config: identityConfig('FP32') },
      whole: { config: identityConfig('INT64', 0) },
      text: { config: identityConfig('BYTES') },
      halves: { config: identityConfig('FP16') },
      astray: { config: LABELLED },
    }),
    'labelled/names.txt': Buffer.from('cat\ndog\r\n\nköter\n'),
  });
  app = await RunningApp.start({
    modelRepository: [EXAMPLE_MODELS, directory.path],
    modelControlMode: 'explicit',
    loadModel: ['digits', 'iris', 'repeat', 'labelled', 'unlabelled', 'whole', 'text', 'halves', 'astray'],
  });
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

/** The request, with classes asked of one of its outputs. */
function classMessage(request: TestRequest, output: string, parameter: Parameter, more: object = {}): object {
  const outputs = [...(request.outputs ?? []), output].map((name) => ({
    name,
    parameters: name === output ? { classification: parameter, ...more } : {},
  }));
  return { ...OIP.message(request, 'raw'), outputs };
}

async function classify(request: TestRequest, output: string, count: number): Promise<TestAnswer> {
  return OIP.parse(await client.unary<object>(OIP.inferMethod, classMessage(request, output, { int64_param: String(count) })));
}

function refusal(request: TestRequest, parameter: Parameter = { int64_param: '3' }, more: object = {}): Promise<Refusal> {
  return refusalOf(client.unary(OIP.inferMethod, classMessage(request, 'OUTPUT0', parameter, more)));
}

function row(model: string, values: readonly number[], shape: readonly number[] = [1, values.length]): TestRequest {
  return { model, inputs: [{ name: 'INPUT0', datatype: 'FP32', shape, values }] };
}

/** What a plain answer's FP32 row would be as classes. */
function ranked(values: readonly number[]): string[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => b.value - a.value);
  return order.map(({ value, index }) => `${value.toFixed(6)}:${index}`);
}

describe('classes of a real model', () => {
  it('are the highest probabilities of each row of digits, and the best is the label', async () => {
    const request = { model: 'digits', inputs: rowsOf(heldOut('digits'), 0, 20) };
    const plain = await infer(client, OIP, request, 'raw');
    const classes = outputOf(await classify({ ...request, outputs: ['label'] }, 'probabilities', 3), 'probabilities');
    expect(classes).toMatchObject({ datatype: 'BYTES', shape: [20, 3] });

    const probabilities = outputOf(plain, 'probabilities').values as number[];
    const rows = Array.from({ length: 20 }, (_, at) => ranked(probabilities.slice(10 * at, 10 * at + 10)).slice(0, 3));
    expect(classes.values).toEqual(rows.flat());
    const best = rows.map(([first = '']) => BigInt(first.slice(first.indexOf(':') + 1)));
    expect(best).toEqual(outputOf(plain, 'label').values);
  });

  it('leave the other outputs as they are, in the order asked', async () => {
    const request = { model: 'digits', inputs: rowsOf(heldOut('digits'), 0, 2), outputs: ['label'] };
    const { outputs } = await classify(request, 'probabilities', 1);
    expect(outputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
      ['label', 'INT64', [2, 1]],
      ['probabilities', 'BYTES', [2, 1]],
    ]);
  });

  it('have the names of the label file of iris', async () => {
    const names = ['setosa', 'versicolor', 'virginica'];
    const labels = heldOut('iris').labels.slice(0, 30).map(Number);
    const answer = await classify({ model: 'iris', inputs: rowsOf(heldOut('iris'), 0, 30) }, 'probabilities', 1);
    const { values } = outputOf(answer, 'probabilities');
    for (const value of values) expect(value).toMatch(/^[01]\.\d{6}:(0:setosa|1:versicolor|2:virginica)$/);
    const right = labels.filter((label, at) => String(values[at]).endsWith(`:${label}:${names[label]}`));
    expect(right.length).toBeGreaterThan(0.8 * labels.length);
  });
});

describe('classes', () => {
  it('have the labels that the file has, and none where it has none', async () => {
    const answer = await classify(row('labelled', [5, 4, 3, 2, 1]), 'OUTPUT0', 9);
    const values = ['5.000000:0:cat', '4.000000:1:dog', '3.000000:2', '2.000000:3:köter', '1.000000:4'];
    expect(outputOf(answer, 'OUTPUT0')).toMatchObject({ shape: [1, 5], values });
  });

  it('are written as Triton writes floats', async () => {
    const answer = await classify(row('unlabelled', [-0.5, 1 / 128, 1e30, Number.NaN, Number.NEGATIVE_INFINITY]), 'OUTPUT0', 5);
    const values = ['1000000015047466219876688855040.000000:2', '0.007812:1', '-0.500000:0', '-inf:4', 'nan:3'];
    expect(outputOf(answer, 'OUTPUT0').values).toEqual(values);
  });

  it('are those of one row where the model has no batch axis, and integers plain', async () => {
    const inputs = [{ name: 'INPUT0', datatype: 'INT64' as const, shape: [4], values: [1n, -5n, 9_007_199_254_740_993n, 1n] }];
    const { shape, values } = outputOf(await classify({ model: 'whole', inputs }, 'OUTPUT0', 3), 'OUTPUT0');
    expect([shape, values]).toEqual([[3], ['9007199254740993:2', '1:0', '1:3']]);
  });

  it('may be counted by an unsigned parameter', async () => {
    const message = classMessage(row('unlabelled', [1, 2]), 'OUTPUT0', { uint64_param: '1' });
    expect(outputOf(OIP.parse(await client.unary<object>(OIP.inferMethod, message)), 'OUTPUT0').values).toEqual(['2.000000:1']);
  });

  it('belong to each request of a batch by itself', async () => {
    const [first, second, third] = await Promise.all([
      classify(row('unlabelled', [1, 2]), 'OUTPUT0', 1),
      classify(row('unlabelled', [4, 3]), 'OUTPUT0', 2),
      infer(client, OIP, row('unlabelled', [5, 6]), 'raw'),
    ]);
    expect([first, second, third].map((answer) => outputOf(answer, 'OUTPUT0').values)).toEqual([
      ['2.000000:1'],
      ['4.000000:0', '3.000000:1'],
      [5, 6],
    ]);
  });
});

describe('classes in a stream', () => {
  async function converse(messages: readonly object[]): Promise<StreamMessage[]> {
    const stream = client.converse<object, StreamMessage>(STREAM);
    for (const message of messages) stream.write(message);
    stream.end();
    const answers: StreamMessage[] = [];
    for await (const answer of stream) answers.push(answer as StreamMessage);
    return answers;
  }

  it('are answered as in a unary call, and what cannot be classified in band', async () => {
    const good = classMessage(row('labelled', [1, 2]), 'OUTPUT0', { int64_param: '1' });
    const bad = classMessage({ ...row('labelled', [1, 2]), id: 'bad' }, 'OUTPUT0', { int64_param: '0' });
    const [first, second] = await converse([good, bad]);
    expect(outputOf(OIP.parse(first?.infer_response ?? {}), 'OUTPUT0').values).toEqual(['2.000000:1:dog']);
    expect(second).toMatchObject({
      error_message: expect.stringContaining("invalid value for 'classification'"),
      infer_response: { id: 'bad' },
    });
  });

  it('are made of every response of a decoupled model', async () => {
    const inputs = [
      { name: 'IN', datatype: 'INT32' as const, shape: [2], values: [7, -1] },
      { name: 'DELAY', datatype: 'UINT32' as const, shape: [2], values: [0, 0] },
      { name: 'WAIT', datatype: 'UINT32' as const, shape: [1], values: [0] },
    ];
    const answers = await converse([classMessage({ model: 'repeat', inputs }, 'OUT', { int64_param: '2' })]);
    expect(answers.map(({ infer_response: response }) => outputOf(OIP.parse(response), 'OUT').values)).toEqual([['7:0'], ['-1:0']]);
  });
});

describe('classes that cannot be had', () => {
  it.each([
    [{ int64_param: '0' }, "invalid value for 'classification' parameter"],
    [{ int64_param: '-1' }, "invalid value for 'classification' parameter"],
    [{ string_param: '3' }, "invalid value type for 'classification' parameter, expected int64_param"],
  ] as const)('are refused for %j', async (parameter, text) => {
    const { code, text: said } = await refusal(row('unlabelled', [1, 2]), parameter);
    expect([code, said]).toEqual([status.INVALID_ARGUMENT, expect.stringContaining(text)]);
  });

  it.each(['BYTES', 'FP16'] as const)('are refused for an output of %s before anything runs', async (datatype) => {
    const raw = datatype === 'BYTES' ? Uint8Array.of(1, 0, 0, 0, 97) : new Uint8Array(2);
    const model = datatype === 'BYTES' ? 'text' : 'halves';
    const { code, text } = await refusal({ model, inputs: [{ name: 'INPUT0', datatype, shape: [1, 1], values: [], raw }] });
    expect(code).toBe(status.INVALID_ARGUMENT);
    expect(text).toContain(`class result not available for output due to unsupported type '${datatype}'`);
    expect(await app.total('millrace_batch_rows_count', { model })).toBe(0);
  });

  it('are refused for an output that there is not', async () => {
    const { code, text } = await refusalOf(
      client.unary(OIP.inferMethod, classMessage(row('unlabelled', [1]), 'nope', { int64_param: '1' })),
    );
    expect([code, text]).toEqual([status.INVALID_ARGUMENT, expect.stringContaining("unexpected inference output 'nope'")]);
  });

  it('are refused for rows without end', async () => {
    const inputs = [{ name: 'INPUT0', datatype: 'FP32' as const, shape: [1, 1_000_001], values: [], raw: new Uint8Array(4_000_004) }];
    const { code, text } = await refusal({ model: 'unlabelled', inputs });
    expect([code, text]).toEqual([status.INVALID_ARGUMENT, expect.stringContaining('classification output tensor too large')]);
  });

  it('are refused in shared memory', async () => {
    const { code, text } = await refusal(row('unlabelled', [1]), { int64_param: '1' }, { shared_memory_region: { string_param: 'r' } });
    const said = "output can't set both 'shared_memory_region' and 'classification'";
    expect([code, text]).toEqual([status.INVALID_ARGUMENT, expect.stringContaining(said)]);
  });
});

describe('a model whose label file is missing', () => {
  it('fails to load and says so without a path of the host', () => {
    const failed = app.log.lines.find(({ event, model }) => event === 'model_failed' && model === 'astray');
    expect(failed?.['reason']).toBe("model 'astray': label file 'names.txt' of output 'OUTPUT0' does not exist");
  });

  it('holds up no other, and all advertise the extension', async () => {
    expect(await client.unary('inference.GRPCInferenceService/ServerMetadata', {})).toMatchObject({
      extensions: expect.arrayContaining(['classification']),
    });
  });
});
