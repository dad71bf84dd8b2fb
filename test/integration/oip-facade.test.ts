import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { FACADES, infer, MILLRACE, type ModelInferResponse, OIP, outputOf, type TestRequest } from '../support/facades.js';
import { heldOut, rowsOf } from '../support/held-out.js';
import { methodsOf } from '../support/protos.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp, TEST_VERSION } from '../support/running-app.js';

const SERVICE = 'inference.GRPCInferenceService';
const SERVED = [
  'ServerLive',
  'ServerReady',
  'ModelReady',
  'ServerMetadata',
  'ModelMetadata',
  'ModelInfer',
  'ModelStreamInfer',
  'RepositoryIndex',
  'RepositoryModelLoad',
  'RepositoryModelUnload',
  'ModelStatistics',
  'ModelConfig',
  'SystemSharedMemoryStatus',
  'SystemSharedMemoryRegister',
  'SystemSharedMemoryUnregister',
  'TraceSetting',
  'LogSettings',
];
const TRITONS_PHRASE = 'failed to get model version from specified version string';

let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  app = await RunningApp.examples(['iris', 'digits', 'topics', 'repeat', 'identity']);
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

function call<T>(method: string, message: object = {}): Promise<T> {
  return client.unary<T>(`${SERVICE}/${method}`, message);
}

function irisRequest(rest: Partial<TestRequest> = {}): TestRequest {
  return { model: 'iris', inputs: rowsOf(heldOut('iris'), 0, 2), ...rest };
}

interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly string[];
}

interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

function signature(tensors: readonly TensorMetadata[]): string[] {
  return tensors.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join()}]`);
}

describe('the state of the server', () => {
  it('is live, ready and says who it is', async () => {
    expect(await call('ServerLive')).toEqual({ live: true });
    expect(await call('ServerReady')).toEqual({ ready: true });
    expect(await call('ServerMetadata')).toMatchObject({ name: 'millrace', version: TEST_VERSION });
  });

  it('names no extension of which an RPC is not served', async () => {
    const { extensions } = await call<{ extensions: string[] }>('ServerMetadata');
    expect(extensions).toEqual(
      expect.arrayContaining(['binary_tensor_data', 'model_configuration', 'statistics', 'classification', 'trace', 'logging']),
    );
    const unserved = ['cuda_shared_memory'];
    expect(extensions.filter((extension) => unserved.includes(extension))).toEqual([]);
  });
});

describe('ModelReady', () => {
  it.each([
    ['a model', 'iris', '', true],
    ['a version', 'iris', '1', true],
    ['a version that is not there', 'iris', '7', false],
    ['a model that is not there', 'nobody', '', false],
  ])('of %s is told, not refused', async (_case, name, version, ready) => {
    expect(await call('ModelReady', { name, version })).toEqual({ ready });
  });
});

describe('ModelMetadata', () => {
  it('shows a batched model with its batch axis, and every version that is ready', async () => {
    const { inputs, outputs, ...rest } = await call<ModelMetadata>('ModelMetadata', { name: 'iris' });
    expect(rest).toMatchObject({ name: 'iris', versions: ['1', '2'], platform: 'onnxruntime_onnx' });
    expect(signature(inputs)).toEqual(['features FP32 [-1,4]']);
    expect(signature(outputs)).toEqual(['label INT64 [-1,1]', 'probabilities FP32 [-1,3]']);
  });

  it('is completed from the model file where there is no config', async () => {
    const { inputs, outputs } = await call<ModelMetadata>('ModelMetadata', { name: 'topics', version: '1' });
    expect(signature(inputs)).toEqual(['text BYTES [-1,1]']);
    expect(signature(outputs)[0]).toBe('label BYTES [-1,1]');
  });

  it('shows a model without a batch axis as it is', async () => {
    const { inputs, outputs, platform } = await call<ModelMetadata>('ModelMetadata', { name: 'repeat' });
    expect(platform).toBe('repeat');
    expect(signature(inputs)).toEqual(['IN INT32 [-1]', 'DELAY UINT32 [-1]', 'WAIT UINT32 [1]']);
    expect(signature(outputs)).toEqual(['OUT INT32 [1]', 'IDX UINT32 [1]']);
  });

  it('of an unknown model or version is NOT_FOUND, in the words that Triton’s clients know', async () => {
    const refusals = [{ name: 'nobody' }, { name: 'iris', version: '9' }].map((message) => refusalOf(call('ModelMetadata', message)));
    expect(await Promise.all(refusals)).toMatchObject([
      { code: status.NOT_FOUND, text: "Request for unknown model: 'nobody' is not found" },
      { code: status.NOT_FOUND, text: "Request for unknown model: 'iris' version 9 is not found" },
    ]);
  });
});

describe('ModelInfer', () => {
  it('answers raw contents whatever the request had, with the id and the version that ran', async () => {
    for (const encoding of ['raw', 'typed'] as const) {
      const message = OIP.message(irisRequest({ id: 'my call' }), encoding);
      const answer = await client.unary<ModelInferResponse>(OIP.inferMethod, message);
      expect(answer).toMatchObject({ model_name: 'iris', model_version: '2', id: 'my call' });
      expect(answer.outputs.map(({ name, contents }) => [name, contents])).toEqual([
        ['label', null],
        ['probabilities', null],
      ]);
      expect(answer.raw_output_contents.map(({ length }) => length)).toEqual([2 * 8, 2 * 3 * 4]);
    }
  });

  it('answers the outputs asked for, in that order', async () => {
    const both = await infer(client, OIP, irisRequest({ outputs: ['probabilities', 'label'] }), 'raw');
    expect(both.outputs.map(({ name }) => name)).toEqual(['probabilities', 'label']);
    const one = await infer(client, OIP, irisRequest({ outputs: ['probabilities'] }), 'raw');
    expect(one.outputs.map(({ name }) => name)).toEqual(['probabilities']);
    expect(one.outputs[0]).toEqual(both.outputs[0]);
  });

  it('runs the version asked for', async () => {
    const [first, second] = await Promise.all(['1', '2'].map((version) => infer(client, OIP, irisRequest({ version }), 'raw')));
    expect([first?.version, second?.version]).toEqual(['1', '2']);
    expect(first?.outputs).not.toEqual(second?.outputs);
  });

  it('passes parameters that it does not know', async () => {
    const message = {
      ...OIP.message(irisRequest(), 'raw'),
      parameters: { flavour: { string_param: 'vanilla' }, depth: { int64_param: '3' } },
    };
    expect(await client.unary(OIP.inferMethod, message)).toMatchObject({ model_name: 'iris' });
  });

  it('of a decoupled model is UNIMPLEMENTED', async () => {
    const input = { name: 'IN', datatype: 'INT32' as const, shape: [1], values: [1] };
    const refusal = await refusalOf(infer(client, OIP, { model: 'repeat', inputs: [input] }, 'raw'));
    expect(refusal).toMatchObject({ code: status.UNIMPLEMENTED, reason: 'unsupported' });
    expect(refusal.text).toContain("ModelInfer RPC doesn't support models with decoupled transaction policy");
  });
});

describe('an RPC that is not served', () => {
  it.each(methodsOf(SERVICE).filter((method) => !SERVED.includes(method)))('%s answers UNIMPLEMENTED and names itself', async (method) => {
    const refusal = await refusalOf(client.raw(`${SERVICE}/${method}`, new Uint8Array()));
    expect(refusal).toMatchObject({ code: status.UNIMPLEMENTED, reason: 'unsupported' });
    expect(refusal.text).toContain(method);
  });
});

describe('a version', () => {
  it.each(['0', '-1', '1abc', '01', '1.0', ' 1', 'Stable', '99999999999999999999'])('%j is malformed on both facades', async (version) => {
    const calls = [
      ...FACADES.map((facade) => infer(client, facade, irisRequest({ version }), 'raw')),
      ...['ModelReady', 'ModelMetadata'].map((method) => call(method, { name: 'iris', version })),
    ];
    for (const refusal of await Promise.all(calls.map(refusalOf))) {
      expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'invalid_request' });
      expect(refusal.text).toContain(`${TRITONS_PHRASE} '${version}'`);
    }
  });

  it('that is an unknown alias is malformed on the Open Inference Protocol and not found on millrace.v1', async () => {
    const oip = [
      infer(client, OIP, irisRequest({ version: 'stable' }), 'raw'),
      ...['ModelReady', 'ModelMetadata'].map((method) => call(method, { name: 'iris', version: 'stable' })),
    ];
    for (const refusal of await Promise.all(oip.map(refusalOf))) {
      expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'invalid_request' });
      expect(refusal.text).toContain(`${TRITONS_PHRASE} 'stable'`);
    }
    const ours = await refusalOf(infer(client, MILLRACE, irisRequest({ version: 'stable' }), 'raw'));
    expect(ours).toMatchObject({ code: status.NOT_FOUND, reason: 'model_not_found' });
    expect(ours.text).toContain("alias 'stable'");
  });

  it('that is empty is the newest', async () => {
    const answers = await Promise.all(FACADES.map((facade) => infer(client, facade, irisRequest(), 'raw')));
    expect(answers.map(({ version }) => version)).toEqual(['2', '2']);
    expect(answers.map((answer) => outputOf(answer, 'label').values)).toEqual([
      outputOf(answers[1] ?? { outputs: [] }, 'label').values,
      expect.anything(),
    ]);
  });
});
