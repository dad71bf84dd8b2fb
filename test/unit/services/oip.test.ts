import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { GRPCInferenceServiceDefinition } from '../../../src/gen/inference/grpc_service.js';
import { ModelInferRequest, ModelInferResponse } from '../../../src/gen/inference/infer.js';
import type { Service } from '../../../src/grpc/call.js';
import { oipService } from '../../../src/services/oip.js';
import { Readiness } from '../../../src/serving/readiness.js';
import { SharedMemory } from '../../../src/serving/shared-memory.js';
import type { OipStatusCodes } from '../../../src/wire/status.js';
import { ControlRig } from '../../support/control-rig.js';
import { DataPlaneRig } from '../../support/data-plane-rig.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';
import { memoryParameters } from '../../support/memory-parameters.js';
import { int32Rows, readInt32 } from '../../support/row-tensors.js';
import { callUnary, findMethod } from '../../support/service-methods.js';
import { settingsPlane } from '../../support/settings-plane.js';
import { contents, oipInput, oipRequest } from '../../support/wire-messages.js';

const STATE_METHODS = ['ServerLive', 'ServerReady', 'ModelReady', 'ServerMetadata', 'ModelMetadata'];
const ALL = Object.values(GRPCInferenceServiceDefinition.methods).map(({ name }) => name);
const REPOSITORY_METHODS = ['RepositoryIndex', 'RepositoryModelLoad', 'RepositoryModelUnload'];
const VERSION_METHODS = ['ModelStatistics', 'ModelConfig'];
const SETTING_METHODS = ['TraceSetting', 'LogSettings'];
const SERVED = [...STATE_METHODS, ...REPOSITORY_METHODS, ...VERSION_METHODS, ...SETTING_METHODS, 'ModelInfer', 'ModelStreamInfer'];
const REFUSED = ALL.filter((name) => !SERVED.includes(name));
const ROWS = { name: 'INPUT0', datatype: 'INT32', shape: [2n, 1n] };

interface Facade extends AsyncDisposable {
  readonly rig: DataPlaneRig;
  readonly readiness: Readiness;
  readonly service: Service;
  /** Calls a unary method. */
  call(name: string, message?: object, call?: FakeSendingCall<unknown>): Promise<unknown>;
  infer(message: ModelInferRequest, call?: FakeSendingCall<unknown>): Promise<ModelInferResponse>;
}

async function openFacade(statusCodes: OipStatusCodes = 'grpc', memory?: SharedMemory): Promise<Facade> {
  const rig = await DataPlaneRig.open();
  const readiness = new Readiness(rig.registry, [], false);
  const { control } = new ControlRig();
  const service = oipService(
    { data: rig.plane, control, readiness, settings: settingsPlane(), memory },
    { maxTypedBytes: 20, statusCodes, version: '1.2.3' },
  );
  return {
    rig,
    readiness,
    service,
    call: (name, message = {}, call = new FakeSendingCall()) => findMethod(service, name, 'unary').handle(message, call),
    infer: async (message, call = new FakeSendingCall()) =>
      ModelInferResponse.decode(await callUnary(service, 'ModelInfer', ModelInferRequest.encode(message).finish(), call)),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

describe('oipService', () => {
  it('knows every method of the definition once, and lets state through the door', async () => {
    await using facade = await openFacade();
    const { name, methods } = facade.service;
    expect(name).toBe('inference.GRPCInferenceService');
    expect(methods.map(({ path }) => path).sort()).toEqual(ALL.map((method) => `/inference.GRPCInferenceService/${method}`).sort());
    const counted = methods.filter(({ admission }) => admission === 'inference').map(({ path }) => path);
    expect(counted).toEqual(['ModelInfer', 'ModelStreamInfer'].map((method) => `/inference.GRPCInferenceService/${method}`));
  });

  it.each(REFUSED)('answers %s with unsupported, without a look at the body', async (name) => {
    await using facade = await openFacade();
    const { handle, request, response } = findMethod(facade.service, name, 'bidi');
    const body: AsyncIterable<unknown> = { [Symbol.asyncIterator]: () => fail(new Error('the body was read')) };
    const refused = handle(body, new FakeSendingCall());
    await expect(refused).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining(`${name} is not supported: `) });
    const anything = Uint8Array.of(255, 255);
    expect(request.decode(anything)).toEqual(anything);
    expect(response.encode(anything)).toEqual(anything);
  });

  it.each([
    ['grpc', 8],
    ['triton', 14],
  ] as const)('says a full queue as status codes %s do', async (statusCodes, code) => {
    await using facade = await openFacade(statusCodes);
    expect(facade.service.statusOf(new ServingError('overloaded', 'full', { retryAfterMs: 1 })).code).toBe(code);
  });
});

describe('ServerLive, ServerReady and ServerMetadata', () => {
  it('tell that the server lives, whether it is ready, and what it is', async () => {
    await using facade = await openFacade();
    expect(await facade.call('ServerLive')).toEqual({ live: true });
    expect(await facade.call('ServerReady')).toEqual({ ready: false });
    facade.readiness.markSettled();
    expect(await facade.call('ServerReady')).toEqual({ ready: true });
    expect(await facade.call('ServerMetadata')).toEqual({
      name: 'millrace',
      version: '1.2.3',
      extensions: [
        'binary_tensor_data',
        'parameters',
        'schedule_policy',
        'model_configuration',
        'model_repository',
        'statistics',
        'classification',
        'trace',
        'logging',
      ],
    });
  });
});

describe('shared memory', () => {
  it('is served and advertised where the system has it, and only there', async () => {
    await using facade = await openFacade('grpc', new SharedMemory({ directory: '/', access: 'off', maxReadBytes: 100 }));
    expect(await facade.call('ServerMetadata')).toMatchObject({ extensions: expect.arrayContaining(['system_shared_memory']) });
    expect(await facade.call('SystemSharedMemoryStatus', { name: '' })).toEqual({ regions: {} });
    const request = oipRequest({ inputs: [oipInput({ ...ROWS, parameters: memoryParameters('r', 8n) })] });
    await expect(facade.infer(request)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('ModelReady and ModelMetadata', () => {
  it('tell of the version that is asked for', async () => {
    await using facade = await openFacade();
    expect(await facade.call('ModelReady', { name: 'm', version: '' })).toEqual({ ready: true });
    expect(await facade.call('ModelReady', { name: 'm', version: '2' })).toEqual({ ready: false });
    expect(await facade.call('ModelReady', { name: 'n', version: '' })).toEqual({ ready: false });
    const tensor = { name: 'INPUT0', datatype: 'INT32', shape: [-1n, 1n] };
    const metadata = { name: 'm', versions: ['1'], inputs: [tensor], outputs: [tensor] };
    expect(await facade.call('ModelMetadata', { name: 'm', version: '1' })).toMatchObject(metadata);
    await expect(facade.call('ModelMetadata', { name: 'n', version: '' })).rejects.toMatchObject({ code: 'model_not_found' });
  });

  it.each(['ModelReady', 'ModelMetadata'])('%s refuses a version that is none, and an alias, as Triton does', async (name) => {
    await using facade = await openFacade();
    for (const version of ['-1', 'stable']) {
      await expect(facade.call(name, { name: 'm', version })).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining(`failed to get model version from specified version string '${version}'`),
      });
    }
  });
});

describe('ModelInfer', () => {
  it('answers with raw outputs, under the names that the request gave', async () => {
    await using facade = await openFacade();
    const call = new FakeSendingCall();
    const { data } = int32Rows([5, 6]);
    const request = oipRequest({ id: 'r1', inputs: [oipInput(ROWS)], rawInputContents: [data] });
    const response = await facade.infer(request, call);
    expect(response).toMatchObject({ modelName: 'm', modelVersion: '1', id: 'r1', outputs: [ROWS] });
    expect(response.rawOutputContents.map((raw) => readInt32({ ...ROWS, datatype: 'INT32', shape: [2, 1], data: raw }))).toEqual([[5, 6]]);
    expect(call.target).toEqual({ model: 'm', version: '1' });
  });

  it('answers typed contents and parameters the same', async () => {
    await using facade = await openFacade();
    const inputs = [oipInput({ ...ROWS, contents: contents({ intContents: [5, 6] }) })];
    const parameters = { timeout: { parameterChoice: { $case: 'int64Param', value: 1_000_000n } } } as const;
    expect(await facade.infer(oipRequest({ inputs, parameters }))).toMatchObject({ modelName: 'm', outputs: [ROWS] });
  });

  it.each([
    ['a version that is none', { modelVersion: '0' }, "version string '0'"],
    ['an alias', { modelVersion: 'stable' }, "failed to get model version from specified version string 'stable'"],
    ['inputs that do not fit the model', { inputs: [] }, 'missing required input'],
    ['inputs that do not fit the model, naming the request', { inputs: [], id: 'r1' }, '[request id: r1] expected 1 inputs'],
  ])('refuses %s and gives everything back', async (_what, fields, text) => {
    await using facade = await openFacade();
    const inputs = [oipInput({ ...ROWS, contents: contents({ intContents: [5, 6] }) })];
    await expect(facade.infer(oipRequest({ inputs, ...fields }))).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(text),
    });
    expect(await facade.rig.held()).toBe('nothing');
  });

  it('refuses more typed contents than allowed before they are decoded', async () => {
    await using facade = await openFacade();
    const inputs = [oipInput({ contents: contents({ intContents: Array<number>(30).fill(1) }) })];
    const bytes = ModelInferRequest.encode(oipRequest({ inputs })).finish();
    const { request } = findMethod(facade.service, 'ModelInfer', 'unary');
    expect(() => request.decode(bytes)).toThrow('at most 20 are allowed: send raw contents');
  });
});

function fail(error: Error): never {
  throw error;
}
