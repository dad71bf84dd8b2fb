import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import {
  InferenceServiceDefinition,
  InferRequest,
  InferResponse,
  InferStreamRequest,
  type InferStreamResponse,
} from '../../../src/gen/millrace/v1/inference.js';
import { Datatype } from '../../../src/gen/millrace/v1/tensor.js';
import { inferenceV1Service } from '../../../src/services/inference-v1.js';
import { statusOf } from '../../../src/wire/status.js';
import { DataPlaneRig } from '../../support/data-plane-rig.js';
import { turns } from '../../support/event-loop.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';
import { CountedResponses, FakeStreams } from '../../support/fake-streams.js';
import { readInt32 } from '../../support/row-tensors.js';
import { callUnary, findMethod } from '../../support/service-methods.js';
import { wireRequest, wireStreamRequest, wireTensor } from '../../support/wire-messages.js';

const MAX_TYPED_BYTES = 20;
const GONE = new ServingError('cancelled', 'the caller has gone');

function serviceOf({ plane }: DataPlaneRig) {
  return inferenceV1Service(plane, { maxTypedBytes: MAX_TYPED_BYTES });
}

/** INT32 rows of one value each. */
function rows(...values: readonly number[]) {
  return wireTensor({ name: 'INPUT0', datatype: Datatype.DATATYPE_INT32, shape: [BigInt(values.length), 1n], ints: values.map(BigInt) });
}

function row() {
  return { ...rows(1), shape: [1n] };
}

async function infer(rig: DataPlaneRig, message: InferRequest, call = new FakeSendingCall()): Promise<InferResponse> {
  return InferResponse.decode(await callUnary(serviceOf(rig), 'Infer', InferRequest.encode(message).finish(), call));
}

function inferStream(rig: DataPlaneRig, message: InferStreamRequest, call: FakeSendingCall<InferStreamResponse>): Promise<void> {
  return findMethod(serviceOf(rig), 'InferStream', 'server_stream').handle(message, call);
}

function openDecoupled(responses: CountedResponses): Promise<DataPlaneRig> {
  return DataPlaneRig.open({ settings: { decoupled: true, maxBatchSize: 0 }, instances: new FakeStreams(responses.respond) });
}

describe('inferenceV1Service', () => {
  it('serves every method of the definition, bounded at the door', async () => {
    await using rig = await DataPlaneRig.open();
    const { name, methods, statusOf: own } = serviceOf(rig);
    expect(name).toBe('millrace.v1.InferenceService');
    expect(methods.map(({ path, kind, admission }) => [path, kind, admission])).toEqual([
      ['/millrace.v1.InferenceService/Infer', 'unary', 'inference'],
      ['/millrace.v1.InferenceService/InferStream', 'server_stream', 'inference'],
    ]);
    expect(methods).toHaveLength(Object.keys(InferenceServiceDefinition.methods).length);
    expect(own).toBe(statusOf);
  });

  it.each([
    ['Infer', 'unary', InferRequest.encode(wireRequest({ inputs: [rows(...Array<number>(30).fill(1))] }))] as const,
    [
      'InferStream',
      'server_stream',
      InferStreamRequest.encode(wireStreamRequest({ inputs: [rows(...Array<number>(30).fill(1))] })),
    ] as const,
  ])('refuses more typed contents than allowed before %s decodes them', async (name, kind, message) => {
    await using rig = await DataPlaneRig.open();
    const { request } = findMethod(serviceOf(rig), name, kind);
    expect(() => request.decode(message.finish())).toThrow(`at most ${MAX_TYPED_BYTES} are allowed: send raw contents`);
  });
});

describe('Infer', () => {
  it('answers with the outputs, under the names that the request gave', async () => {
    await using rig = await DataPlaneRig.open();
    const call = new FakeSendingCall();
    const response = await infer(rig, wireRequest({ requestId: 'r1', inputs: [rows(5, 6)] }), call);
    expect(response).toMatchObject({ model: 'm', version: '1', requestId: 'r1', outputs: [{ name: 'INPUT0', ints: [5n, 6n] }] });
    expect(call.target).toEqual({ model: 'm', version: '1' });
  });

  it.each([
    ['a version that is none', { version: '0' }, 'invalid_request'],
    ['a version that there is not', { version: '2' }, 'model_not_found'],
    ['an encoding that is none', { outputEncoding: 7 }, 'invalid_request'],
    ['more typed outputs than allowed', { inputs: [rows(1, 2, 3, 4, 5, 6)] }, 'invalid_request'],
  ])('refuses %s', async (_what, fields, code) => {
    await using rig = await DataPlaneRig.open();
    const message = Object.assign(wireRequest({ inputs: [rows(1)] }), fields);
    await expect(infer(rig, message)).rejects.toMatchObject({ code });
    expect(await rig.held()).toBe('nothing');
  });
});

describe('InferStream', () => {
  it('sends the pieces, numbered from 0', async () => {
    await using rig = await DataPlaneRig.open();
    const call = new FakeSendingCall<InferStreamResponse>();
    await inferStream(rig, wireStreamRequest({ requestId: 'r1', rowsPerMessage: 2, inputs: [rows(1, 2, 3, 4, 5)] }), call);
    expect(call.sent.map(({ sequence, rowOffset, rowCount, final }) => [sequence, rowOffset, rowCount, final])).toEqual([
      [0, 0, 2, false],
      [1, 2, 2, false],
      [2, 4, 1, true],
    ]);
    expect(call.sent.flatMap(({ outputs }) => outputs.flatMap(({ ints }) => ints))).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(call.sent[2]).toMatchObject({ model: 'm', version: '1', requestId: 'r1' });
    expect(call.target).toEqual({ model: 'm', version: '1' });
  });

  it('asks for the next piece only when the last one could be written', async () => {
    const responses = new CountedResponses(7, 8);
    await using rig = await openDecoupled(responses);
    const call = new FakeSendingCall<InferStreamResponse>();
    let release: () => void = () => undefined;
    call.hold = new Promise((resolve) => (release = resolve));
    const done = inferStream(rig, wireStreamRequest({ inputs: [row()] }), call);
    await turns();
    expect([call.sent.length, responses.made]).toEqual([1, 1]);
    release();
    await done;
    expect(call.sent.map(({ sequence, final }) => [sequence, final])).toEqual([
      [0, false],
      [1, false],
      [2, true],
    ]);
  });

  it('ends the stream where nothing can be written any more, and gives everything back', async () => {
    const responses = new CountedResponses(7, 8);
    await using rig = await openDecoupled(responses);
    const call = new FakeSendingCall<InferStreamResponse>();
    call.send = () => Promise.reject(GONE);
    await expect(inferStream(rig, wireStreamRequest({ inputs: [row()] }), call)).rejects.toBe(GONE);
    expect(responses).toMatchObject({ made: 1, ended: true });
    expect(await rig.held()).toBe('nothing');
  });

  it('sends a piece that failed where the client goes on, with its status', async () => {
    const failure = new ServingError('backend_failed', 'the run failed');
    await using rig = await DataPlaneRig.open({
      settings: { maxBatchSize: 1 },
      execute: ([input]) => (readInt32(input)[0] === 1 ? Promise.reject(failure) : Promise.resolve({ outputs: [], executeUs: 0 })),
    });
    const call = new FakeSendingCall<InferStreamResponse>();
    await inferStream(rig, wireStreamRequest({ onError: 2, inputs: [rows(1, 2)] }), call);
    expect(call.sent.map(({ sequence, error, final }) => [sequence, error?.code, final])).toEqual([
      [0, statusOf(failure).code, false],
      [1, undefined, true],
    ]);
  });

  it('refuses an option that is none, and sends nothing', async () => {
    await using rig = await DataPlaneRig.open();
    const call = new FakeSendingCall<InferStreamResponse>();
    const message = Object.assign(wireStreamRequest({ inputs: [rows(1)] }), { ordering: 9 });
    await expect(inferStream(rig, message, call)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(call.sent).toEqual([]);
  });
});
