import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { type InferParameter, ModelInferRequest, type ModelStreamInferResponse } from '../../../src/gen/inference/infer.js';
import { HeaderMetadata } from '../../../src/grpc/metadata.js';
import { HeaderPattern } from '../../../src/model/header-pattern.js';
import { type ForwardPattern, findReservedHeader, takeParameters } from '../../../src/services/oip-parameters.js';
import { modelStreamInferMethod } from '../../../src/services/oip-stream.js';
import { DataPlaneRig } from '../../support/data-plane-rig.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';
import { PushedRequests } from '../../support/pushed-requests.js';
import { RecordedSpans } from '../../support/recorded-spans.js';
import { int32Rows } from '../../support/row-tensors.js';
import { oipInput, oipRequest } from '../../support/wire-messages.js';

const ANY = new HeaderPattern('.*');
const HEADERS = [
  'user-agent',
  'test',
  'x-tag',
  'one',
  'x-tag',
  'two',
  'authorization',
  'Bearer s3cret',
  'cookie',
  's3cret',
  'x-bin',
  'AAEC',
];

function parameters(values: Readonly<Record<string, InferParameter['parameterChoice']>>): ModelInferRequest['parameters'] {
  return Object.fromEntries(Object.entries(values).map(([name, parameterChoice]) => [name, { parameterChoice }]));
}

const OWN = parameters({
  'x-tag': { $case: 'stringParam', value: 'own' },
  count: { $case: 'int64Param', value: 3n },
  empty: undefined,
  priority: { $case: 'uint64Param', value: 1n },
  triton_enable_empty_final_response: { $case: 'boolParam', value: true },
});

/** What the span of a call with these headers says of its parameters. */
async function recorded(metadata: readonly string[], own: ModelInferRequest['parameters'], pattern: ForwardPattern): Promise<object> {
  await using spans = new RecordedSpans();
  const call = new FakeSendingCall(metadata);
  call.span = spans.tracer.startSpan('call');
  takeParameters(own, call, pattern);
  call.span.end();
  return spans.one('call').attributes;
}

describe('takeParameters', () => {
  it("puts a sampled call's own parameters on its span, without those that the protocol reads itself", async () => {
    expect(await recorded(HEADERS, OWN, undefined)).toEqual({ 'millrace.parameter.x-tag': 'own', 'millrace.parameter.count': 3 });
  });

  it('adds the headers that the pattern matches, over parameters of the same name', async () => {
    const attributes = await recorded(HEADERS, OWN, new HeaderPattern('^x-'));
    expect(attributes).toEqual({ 'millrace.parameter.x-tag': 'two', 'millrace.parameter.count': 3 });
  });

  it('never puts credentials on a span', async () => {
    const attributes = await recorded(HEADERS, {}, ANY);
    expect(attributes).toEqual({ 'millrace.parameter.user-agent': 'test', 'millrace.parameter.x-tag': 'two' });
  });

  it('refuses a reserved header, whether or not the call is sampled', async () => {
    const text = "Header 'priority' is reserved for Triton usage and cannot be forwarded.";
    const refusal = expect.objectContaining({ code: 'invalid_request', message: text });
    expect(() => takeParameters({}, new FakeSendingCall(['priority', 'u=1']), ANY)).toThrow(refusal);
    await expect(recorded(['priority', 'u=1'], {}, ANY)).rejects.toEqual(refusal);
  });

  it('looks at nothing where the call is not sampled and no header is forwarded', () => {
    const call = new FakeSendingCall(HEADERS);
    call.metadata.entries = () => fail('the headers were read');
    const unread = new Proxy({}, { ownKeys: () => fail('the parameters were read') });
    expect(() => takeParameters(unread, call, undefined)).not.toThrow();
  });
});

describe('findReservedHeader', () => {
  const found = (names: readonly string[], pattern = ANY) =>
    names.filter((name) => findReservedHeader(new HeaderMetadata([name, 'x']), pattern) !== undefined);

  it('finds the names of parameters that the protocol gives a meaning', () => {
    const reserved = ['sequence_id', 'sequence_start', 'sequence_end', 'priority', 'timeout', 'headers', 'binary_data_output'];
    const prefixed = ['triton_enable_empty_final_response', 'triton_anything'];
    expect(found([...reserved, ...prefixed, 'x-priority', 'tritonic'])).toEqual([...reserved, ...prefixed]);
  });

  it('leaves alone what is not forwarded, and the header that this server reads', () => {
    expect(found(['priority', 'triton_x'], new HeaderPattern('^x-'))).toEqual([]);
    expect(found(['triton_grpc_error'])).toEqual([]);
  });
});

describe('a stream whose headers are forwarded', () => {
  async function stream(metadata: readonly string[], messages: readonly Partial<ModelInferRequest>[], spans?: RecordedSpans) {
    await using rig = await DataPlaneRig.open();
    const call = new FakeSendingCall<ModelStreamInferResponse>(metadata);
    call.span = spans?.tracer.startSpan('call');
    const requests = new PushedRequests();
    const { kind, handle } = modelStreamInferMethod(rig.plane, { maxTypedBytes: 20, headerForwardPattern: ANY });
    if (kind !== 'bidi') throw new Error('ModelStreamInfer is a bidirectional stream');
    const { datatype, shape, data } = int32Rows([1]);
    const input = oipInput({ name: 'INPUT0', datatype, shape: shape.map(BigInt) });
    for (const fields of messages)
      requests.push(ModelInferRequest.encode(oipRequest({ inputs: [input], rawInputContents: [data], ...fields })).finish());
    requests.end();
    const { span } = call;
    await handle(requests, call);
    span?.end();
    return call.sent;
  }

  it('refuses each request in band for a reserved header', async () => {
    const sent = await stream(['timeout', '1'], [{ id: 'a' }, { id: 'b' }]);
    const errorMessage = expect.stringContaining("Header 'timeout' is reserved for Triton usage");
    expect(sent).toMatchObject([
      { errorMessage, inferResponse: { id: 'a', modelName: '' } },
      { errorMessage, inferResponse: { id: 'b' } },
    ]);
  });

  it('ends with the refusal where the client asks for that', async () => {
    await expect(stream(['timeout', '1', 'triton_grpc_error', 'true'], [{ id: 'a' }])).rejects.toBeInstanceOf(ServingError);
  });

  it('serves a client that only asks for errors by status', async () => {
    expect(await stream(['triton_grpc_error', 'true'], [{ id: 'a' }])).toMatchObject([{ errorMessage: '', inferResponse: { id: 'a' } }]);
  });

  it('has one span, with what its requests and its headers say', async () => {
    await using spans = new RecordedSpans();
    const first = parameters({ a: { $case: 'doubleParam', value: 0.5 }, b: { $case: 'boolParam', value: true } });
    const second = parameters({ a: { $case: 'doubleParam', value: 1.5 } });
    await stream(['x-tag', 'one'], [{ parameters: first }, { parameters: second }], spans);
    expect(spans.one('call').attributes).toMatchObject({
      'millrace.parameter.a': 1.5,
      'millrace.parameter.b': true,
      'millrace.parameter.x-tag': 'one',
    });
  });
});

function fail(problem: string): never {
  throw new Error(problem);
}
