import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { ModelInferRequest, type ModelStreamInferResponse } from '../../../src/gen/inference/infer.js';
import type { TensorMemory } from '../../../src/model/tensor-memory.js';
import { modelStreamInferMethod } from '../../../src/services/oip-stream.js';
import { DataPlane } from '../../../src/serving/data-plane.js';
import { DataPlaneRig } from '../../support/data-plane-rig.js';
import { turns } from '../../support/event-loop.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';
import { HeldRuns } from '../../support/fake-slot-source.js';
import { CountedResponses, FakeStreams } from '../../support/fake-streams.js';
import { FakeTensorMemory } from '../../support/fake-tensor-memory.js';
import { memoryParameters } from '../../support/memory-parameters.js';
import { PushedRequests } from '../../support/pushed-requests.js';
import { RecordedSpans } from '../../support/recorded-spans.js';
import { int32Rows, readInt32 } from '../../support/row-tensors.js';
import { oipInput, oipRequest } from '../../support/wire-messages.js';

const MAX_UNDER_WAY = 64;
const MiB = 1024 * 1024;
const GONE = new ServingError('cancelled', 'the caller has gone');
const EMPTY_FINAL: ModelInferRequest['parameters'] = {
  triton_enable_empty_final_response: { parameterChoice: { $case: 'boolParam', value: true } },
};

/** One conversation with the method under test. */
class Talk {
  readonly requests = new PushedRequests();
  readonly call: FakeSendingCall<ModelStreamInferResponse>;
  /** How the handler ended: undefined while it has not. */
  end: 'ok' | ServingError | undefined;
  readonly ended: Promise<void>;

  constructor(
    { plane }: Pick<DataPlaneRig, 'plane'>,
    metadata: readonly string[] = [],
    call = new FakeSendingCall<ModelStreamInferResponse>(metadata),
    memory?: TensorMemory,
  ) {
    this.call = call;
    const { kind, handle } = modelStreamInferMethod(plane, { maxTypedBytes: 20 }, memory);
    if (kind !== 'bidi') throw new Error('ModelStreamInfer is a bidirectional stream');
    this.ended = handle(this.requests, call).then(
      () => {
        this.end = 'ok';
      },
      (error: unknown) => {
        this.end = ServingError.from(error);
      },
    );
  }

  /** A request of one row. */
  ask(value: number, fields: Partial<ModelInferRequest> = {}): void {
    const { datatype, shape, data } = int32Rows([value]);
    const input = oipInput({ name: 'INPUT0', datatype, shape: shape.map(BigInt) });
    const message = oipRequest({ id: String(value), inputs: [input], rawInputContents: [data], ...fields });
    this.requests.push(ModelInferRequest.encode(message).finish());
  }

  get ids(): (string | undefined)[] {
    return this.call.sent.map(({ inferResponse }) => inferResponse?.id);
  }

  get finals(): unknown[] {
    return this.call.sent.map(({ inferResponse }) => inferResponse?.parameters['triton_final_response']?.parameterChoice?.value);
  }
}

function openDecoupled(responses: CountedResponses): Promise<DataPlaneRig> {
  return DataPlaneRig.open({ settings: { decoupled: true, maxBatchSize: 0 }, instances: new FakeStreams(responses.respond) }, MiB);
}

/** A decoupled request has no batch axis. */
const FLAT = { inputs: [oipInput({ name: 'INPUT0', datatype: 'INT32', shape: [1n] })] };

describe('a stream of an ordinary model', () => {
  it("loses its span where the first request's model leaves the call out of the traces", async () => {
    await using rig = await DataPlaneRig.open();
    await using spans = new RecordedSpans();
    const asked: string[] = [];
    const plane = new DataPlane(rig.registry, rig.admission, (_, model) => {
      asked.push(model);
      return false;
    });
    const call = new FakeSendingCall<ModelStreamInferResponse>();
    call.span = spans.tracer.startSpan('stream');
    const talk = new Talk({ plane }, [], call);
    for (const value of [1, 2]) talk.ask(value);
    talk.requests.end();
    await talk.ended;
    expect([talk.end, talk.ids, call.span, asked]).toEqual(['ok', ['1', '2'], undefined, ['m']]);
  });

  it('runs requests together, answers them in order, each final, and ends after the half-close', async () => {
    const runs = new HeldRuns();
    await using rig = await DataPlaneRig.open({ execute: runs.execute });
    const talk = new Talk(rig);
    for (const value of [1, 2, 3, 4]) talk.ask(value);
    talk.requests.end();
    await turns(10);
    expect(runs.all.length).toBeLessThan(4);
    while (runs.open.length > 0) {
      for (const run of runs.open) run.finish();
      await turns(10);
    }
    await talk.ended;
    expect([talk.end, talk.ids, talk.finals]).toEqual(['ok', ['1', '2', '3', '4'], [true, true, true, true]]);
    expect(talk.call.target).toEqual({ model: 'm', version: '1' });
    expect(talk.call.done).toHaveLength(4);
    expect(await rig.held()).toBe('nothing');
  });

  it('keeps the order where a later request fails first, and goes on after it', async () => {
    const runs = new HeldRuns();
    await using rig = await DataPlaneRig.open({ execute: runs.execute });
    const talk = new Talk(rig);
    talk.ask(1);
    talk.ask(2, { modelName: 'nobody' });
    await turns(10);
    expect(talk.ids).toEqual([]);
    runs.at(0).finish();
    await turns(10);
    expect(talk.ids).toEqual(['1', '2']);
    // What was begun for one that failed may still read it.
    expect(talk.call.done).toHaveLength(1);
    expect(talk.call.sent[1]).toMatchObject({
      errorMessage: "Request for unknown model: 'nobody' is not found",
      inferResponse: { id: '2', modelName: '', parameters: {} },
    });
    talk.ask(3);
    await turns(10);
    runs.at(1).finish();
    talk.requests.end();
    await talk.ended;
    expect([talk.end, talk.ids]).toEqual(['ok', ['1', '2', '3']]);
  });

  it('tells of a failed run with the model, final', async () => {
    await using rig = await DataPlaneRig.open({ execute: () => Promise.reject(new ServingError('backend_failed', 'it broke')) });
    const talk = new Talk(rig);
    talk.ask(1, { modelVersion: '1' });
    talk.requests.end();
    await talk.ended;
    expect(talk.call.sent).toMatchObject([{ errorMessage: 'it broke', inferResponse: { id: '1', modelName: 'm', modelVersion: '1' } }]);
    expect(talk.finals).toEqual([true]);
  });

  it('tells of an answer that is too large to be sent', async () => {
    await using rig = await DataPlaneRig.open();
    const call = new FakeSendingCall<ModelStreamInferResponse>();
    const send = call.send.bind(call);
    call.send = (message) => (message.errorMessage === '' ? Promise.reject(new ServingError('too_large', 'too large')) : send(message));
    const talk = new Talk(rig, [], call);
    talk.ask(1);
    talk.requests.end();
    await talk.ended;
    expect(call.sent).toMatchObject([{ errorMessage: 'too large', inferResponse: { id: '1', modelName: 'm' } }]);
    expect(talk.end).toBe('ok');
  });

  it('names a version that is an unknown alias malformed, as ModelInfer does', async () => {
    await using rig = await DataPlaneRig.open();
    const talk = new Talk(rig);
    talk.ask(1, { modelVersion: 'stable' });
    talk.requests.end();
    await talk.ended;
    expect(talk.call.sent[0]?.errorMessage).toContain("failed to get model version from specified version string 'stable'");
  });

  it('ends with invalid_request at bytes that are no message, once what came before is answered', async () => {
    await using rig = await DataPlaneRig.open();
    const talk = new Talk(rig);
    talk.ask(1);
    talk.requests.push(Uint8Array.of((3 << 3) | 2, 200, 1));
    await talk.ended;
    expect(talk.ids).toEqual(['1']);
    expect(talk.end).toMatchObject({ code: 'invalid_request' });
    expect(await rig.held()).toBe('nothing');
  });
});

describe('a stream with triton_grpc_error', () => {
  it('ends with its first error, and nothing of what was under way is left', async () => {
    const runs = new HeldRuns();
    await using rig = await DataPlaneRig.open({ execute: runs.execute });
    const talk = new Talk(rig, ['triton_grpc_error', 'true']);
    talk.ask(1, { modelName: 'nobody' });
    talk.ask(2);
    await talk.ended;
    expect(talk.end).toMatchObject({ code: 'model_not_found' });
    for (const run of runs.open) run.fail(GONE);
    await turns();
    expect(talk.call.sent).toEqual([]);
    expect(await rig.held()).toBe('nothing');
  });

  it('with another value tells in band', async () => {
    await using rig = await DataPlaneRig.open();
    const talk = new Talk(rig, ['triton_grpc_error', 'false']);
    talk.ask(1, { modelName: 'nobody' });
    talk.requests.end();
    await talk.ended;
    expect([talk.end, talk.call.sent.length]).toEqual(['ok', 1]);
  });
});

describe('a stream of a decoupled model', () => {
  it.each([
    ['without the flag', {}, [false, false]],
    ['with it', EMPTY_FINAL, [false, false, true]],
  ])('sends no empty final response but where it is asked for: %s', async (_how, parameters, finals) => {
    await using rig = await openDecoupled(new CountedResponses(7, 8));
    const talk = new Talk(rig);
    talk.ask(1, { ...FLAT, parameters });
    talk.requests.end();
    await talk.ended;
    expect([talk.end, talk.finals]).toEqual(['ok', finals]);
    const values = talk.call.sent.flatMap(({ inferResponse }) =>
      (inferResponse?.rawOutputContents ?? []).flatMap((data) => readInt32({ ...int32Rows([0]), data })),
    );
    expect(values).toEqual([7, 8]);
    expect(talk.call.sent.at(-1)).toMatchObject({ inferResponse: { id: '1', modelName: 'm', modelVersion: '1' } });
    expect(await rig.held()).toBe('nothing');
  });

  it('asks for the next response only when the last one could be written', async () => {
    const responses = new CountedResponses(7, 8, 9);
    await using rig = await openDecoupled(responses);
    const call = new FakeSendingCall<ModelStreamInferResponse>();
    call.hold = new Promise(() => undefined);
    const talk = new Talk(rig, [], call);
    talk.ask(1, FLAT);
    await turns(10);
    expect([call.sent.length, responses.made]).toEqual([1, 1]);
    call.signal.cancel(GONE);
    await talk.ended;
    expect(talk.end).toBe(GONE);
  });

  it('that is cancelled ends the model’s stream', async () => {
    const responses = new CountedResponses(7, 8);
    await using rig = await openDecoupled(responses);
    const call = new FakeSendingCall<ModelStreamInferResponse>();
    let gone: (reason: ServingError) => void = () => undefined;
    call.hold = new Promise((_resolve, reject) => (gone = reject));
    const talk = new Talk(rig, [], call);
    talk.ask(1, FLAT);
    await turns(10);
    call.signal.cancel(GONE);
    gone(GONE);
    await talk.ended;
    await turns();
    expect([talk.end, responses.ended, await rig.held()]).toEqual([GONE, true, 'nothing']);
  });
});

describe('a stream whose client does not read', () => {
  it('is read no further than the requests that may be under way', async () => {
    await using rig = await DataPlaneRig.open({}, MiB);
    const call = new FakeSendingCall<ModelStreamInferResponse>();
    let read: () => void = () => undefined;
    call.hold = new Promise((resolve) => (read = resolve));
    const talk = new Talk(rig, [], call);
    for (let value = 0; value < 3 * MAX_UNDER_WAY; value++) talk.ask(value);
    talk.requests.end();
    await turns(50);
    expect([talk.requests.read, call.sent.length]).toEqual([MAX_UNDER_WAY, 1]);
    read();
    await talk.ended;
    expect([talk.end, talk.ids.length]).toEqual(['ok', 3 * MAX_UNDER_WAY]);
    expect(talk.ids).toEqual(talk.ids.map((_id, at) => String(at)));
  });

  it('is read no further than the bytes that may be held', async () => {
    await using rig = await DataPlaneRig.open({}, MiB);
    const talk = new Talk(rig);
    talk.call.hold = new Promise(() => undefined);
    // The id is echoed: 5 MiB each.
    for (let request = 0; request < 10; request++) talk.ask(request, { id: 'x'.repeat(5 * MiB) });
    await turns(50);
    expect(talk.requests.read).toBe(4);
    talk.call.signal.cancel(GONE);
    await talk.ended;
  });
});

describe('an error in a stream', () => {
  it('names the request, where something is wrong with that', async () => {
    await using rig = await DataPlaneRig.open();
    const talk = new Talk(rig);
    talk.ask(1, { inputs: [], rawInputContents: [] });
    talk.ask(2, { inputs: [], rawInputContents: [], id: '' });
    talk.ask(3, { modelVersion: '0' });
    talk.requests.end();
    await talk.ended;
    expect(talk.call.sent.map(({ errorMessage }) => errorMessage.slice(0, 33))).toEqual([
      '[request id: 1] expected 1 inputs',
      'expected 1 inputs but got 0 input',
      'failed to get model version from ',
    ]);
  });

  it('names the request of a decoupled model too', async () => {
    await using rig = await openDecoupled(new CountedResponses(7));
    const talk = new Talk(rig);
    talk.ask(1, { inputs: [], rawInputContents: [] });
    talk.requests.end();
    await talk.ended;
    expect(talk.call.sent).toMatchObject([{ errorMessage: expect.stringContaining('[request id: 1] expected 1 inputs') }]);
  });
});

describe('a stream whose tensors are in shared memory', () => {
  const inMemory = (rows: bigint, offset = 0n) =>
    oipInput({ name: 'INPUT0', datatype: 'INT32', shape: [rows, 1n], parameters: memoryParameters('r', rows * 4n, offset) });

  it('reads and writes them there', async () => {
    await using rig = await DataPlaneRig.open();
    const region = new Uint8Array(8);
    region.set(int32Rows([7]).data);
    const talk = new Talk(rig, [], undefined, new FakeTensorMemory({ r: region }));
    talk.ask(1, {
      inputs: [inMemory(1n)],
      outputs: [{ name: 'INPUT0', parameters: memoryParameters('r', 4n, 4n) }],
      rawInputContents: [],
    });
    talk.requests.end();
    await talk.ended;
    expect(talk.call.sent).toMatchObject([
      { errorMessage: '', inferResponse: { id: '1', outputs: [{ name: 'INPUT0', shape: [1n, 1n] }] } },
    ]);
    expect(talk.call.sent[0]?.inferResponse?.rawOutputContents).toEqual([new Uint8Array(0)]);
    expect(readInt32({ ...int32Rows([0, 0]), data: region })).toEqual([7, 7]);
  });

  it('counts what it read there as held', async () => {
    await using rig = await DataPlaneRig.open({}, MiB);
    const memory = new FakeTensorMemory({ r: new Uint8Array(5 * MiB) }, 5 * MiB);
    const talk = new Talk(rig, [], undefined, memory);
    talk.call.hold = new Promise(() => undefined);
    const rows = BigInt((5 * MiB) / 4);
    // Too many rows, which takes as long to say as the client takes to listen.
    for (let request = 0; request < 10; request++) talk.ask(request, { inputs: [inMemory(rows)], rawInputContents: [] });
    await turns(50);
    expect([talk.requests.read, memory.reads.length]).toEqual([4, 4]);
    talk.call.signal.cancel(GONE);
    await talk.ended;
  });
});

describe('the life of a stream', () => {
  it('is idle exactly while nothing is under way', async () => {
    const runs = new HeldRuns();
    await using rig = await DataPlaneRig.open({ execute: runs.execute });
    const talk = new Talk(rig);
    expect(talk.call.idle).toBe(true);
    talk.ask(1);
    await turns(10);
    expect(talk.call.idle).toBe(false);
    runs.at(0).finish();
    await turns(10);
    expect(talk.call.idle).toBe(true);
    talk.requests.end();
    await talk.ended;
  });

  it('cancelled in the middle leaves nothing under way', async () => {
    const runs = new HeldRuns();
    await using rig = await DataPlaneRig.open({ execute: runs.execute });
    const talk = new Talk(rig);
    for (let value = 0; value < 20; value++) talk.ask(value);
    await turns(10);
    expect(rig.admission.queuedBytes).toBe(80);
    talk.call.signal.cancel(GONE);
    await talk.ended;
    await turns();
    expect([talk.end, rig.admission.queuedBytes, talk.ids]).toEqual([GONE, 0, []]);
    for (const run of runs.open) run.finish();
    expect(await rig.held()).toBe('nothing');
  });

  it('ends when nothing can be written any more', async () => {
    await using rig = await DataPlaneRig.open();
    const call = new FakeSendingCall<ModelStreamInferResponse>();
    call.send = () => Promise.reject(GONE);
    const talk = new Talk(rig, [], call);
    talk.ask(1);
    await talk.ended;
    expect([talk.end, await rig.held()]).toEqual([GONE, 'nothing']);
  });

  it('ends with the reason for which no request can be read any more', async () => {
    await using rig = await DataPlaneRig.open();
    const talk = new Talk(rig);
    talk.requests.fail(GONE);
    await talk.ended;
    expect(talk.end).toBe(GONE);
  });

  it('without a request ends well', async () => {
    await using rig = await DataPlaneRig.open();
    const talk = new Talk(rig);
    talk.requests.end();
    await talk.ended;
    expect([talk.end, talk.call.sent]).toEqual(['ok', []]);
  });
});
