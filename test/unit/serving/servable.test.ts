import { describe, expect, it } from '@jest/globals';
import { INVALID_SPAN_CONTEXT, trace } from '@opentelemetry/api';
import { invalidRequest, ServingError } from '../../../src/error/serving-error.js';
import { CancelSource } from '../../../src/model/cancel-signal.js';
import type { Execution } from '../../../src/model/infer.js';
import { assertOneResponse } from '../../../src/serving/servable.js';
import type { SlabTensor } from '../../../src/tensor/tensor.js';
import { callContext } from '../../support/call-context.js';
import { turns } from '../../support/event-loop.js';
import { versionSource } from '../../support/fake-servables.js';
import { identity } from '../../support/fake-slot-source.js';
import { CountedResponses, FakeStreams, type Respond } from '../../support/fake-streams.js';
import { createServable, NO_STREAMS } from '../../support/held-loader.js';
import { modelSpec } from '../../support/model-source.js';
import { int32Rows, readInt32 } from '../../support/row-tensors.js';
import { ServableRig } from '../../support/servable-rig.js';

const GONE = new ServingError('cancelled', 'the caller has gone');
const FAILED = new ServingError('backend_failed', 'the run failed');
const NEVER = new AbortController().signal;
const VALUES_OF_ANY_WIDTH = { inputs: [{ name: 'INPUT0', datatype: 'INT32' as const, dims: [-1] }] };

function streamRig(respond: Respond): { rig: ServableRig; streams: FakeStreams } {
  const streams = new FakeStreams(respond);
  return { streams, rig: new ServableRig({ maxBatchSize: 0 }, { decoupled: true }, streams) };
}

async function collect(executions: AsyncIterable<Execution>): Promise<number[]> {
  const values: number[] = [];
  for await (const { outputs } of executions) values.push(...readInt32(outputs[0]));
  return values;
}

describe('Servable.checkInputs', () => {
  it("asks the model's backend, which may refuse", () => {
    const refusal = invalidRequest('element 1 is no text');
    const checked: unknown[] = [];
    const model = {
      checkInputs: (inputs: unknown) => {
        checked.push(inputs);
        throw refusal;
      },
    };
    const inputs = [int32Rows([1])];
    expect(() => createServable(versionSource('m', '1'), { model }).checkInputs(inputs)).toThrow(refusal);
    expect(checked).toEqual([inputs]);
  });

  it('lets everything pass where the backend has nothing to say', () => {
    expect(() => createServable(versionSource('m', '1')).checkInputs([int32Rows([1])])).not.toThrow();
  });
});

describe('Servable.execute', () => {
  it('lets requests of equal row shape share a batch and no others', async () => {
    await using rig = new ServableRig({}, VALUES_OF_ANY_WIDTH);
    await rig.occupy();
    const requests = [int32Rows([1]), int32Rows([2, 3], 'INPUT0', 2), int32Rows([4])];
    const answers = requests.map((input) => rig.servable.execute([input], 1, { priority: 0 }, callContext()));
    for (const at of [0, 1, 2]) {
      rig.runs.at(at).finish();
      await turns();
    }
    expect(rig.executed).toEqual([[-1], [1, 4], [2, 3]]);
    const outputs = (await Promise.all(answers)).map((answer) => readInt32(answer.outputs[0]));
    expect(outputs).toEqual([[1], [2, 3], [4]]);
  });
});

describe('Servable.statistics', () => {
  it('counts an answered request with its rows and its time', async () => {
    await using rig = new ServableRig();
    const answer = rig.servable.execute([int32Rows([1, 2, 3])], 3, { priority: 0 }, callContext());
    await turns();
    rig.clock.advance(20);
    rig.runs.at(0).finish();
    await answer;
    const { statistics } = rig.servable;
    expect([statistics.inferenceCount, statistics.success, statistics.fail]).toMatchObject([3, { count: 1, ms: 20 }, { count: 0 }]);
  });

  it('counts who leaves a run that goes on for others as Triton does: by what came of the run', async () => {
    await using rig = new ServableRig();
    await rig.occupy();
    const signal = new CancelSource();
    const left = rig.servable.execute([int32Rows([1, 2])], 2, { priority: 0 }, callContext({ signal }));
    const stayed = rig.servable.execute([int32Rows([3])], 1, { priority: 0 }, callContext());
    rig.runs.at(0).finish();
    await turns();
    signal.cancel(GONE);
    await expect(left).rejects.toBe(GONE);
    expect(rig.servable.statistics).toMatchObject({ fail: { count: 0 }, success: { count: 1 } });
    rig.runs.at(1).finish();
    await stayed;
    const { statistics } = rig.servable;
    expect(statistics).toMatchObject({ fail: { count: 0 }, success: { count: 3 }, inferenceCount: 1 + 3, executionCount: 2 });
    expect(statistics.batches.map(({ rows, count }) => [rows, count])).toEqual([
      [1, 1],
      [3, 1],
    ]);
  });

  it.each([
    ['BACKEND', 'a run that fails', (rig: ServableRig) => rig.runs.at(0).fail(FAILED)],
    [
      'CANCELED',
      'a run that stops because every caller has left it',
      (rig: ServableRig, signal: CancelSource) => {
        signal.cancel(GONE);
        rig.runs.at(0).fail(GONE);
      },
    ],
  ] as const)('counts as %s %s, once', async (reason, _what, end) => {
    await using rig = new ServableRig();
    const signal = new CancelSource();
    const answer = rig.servable.execute([int32Rows([1])], 1, { priority: 0 }, callContext({ signal }));
    await turns();
    rig.clock.advance(5);
    end(rig, signal);
    await expect(answer).rejects.toBeDefined();
    for (const run of rig.runs.open) run.finish();
    await turns();
    const { statistics } = rig.servable;
    expect(statistics.failures(reason)).toMatchObject({ count: 1, ms: 5 });
    expect([statistics.fail.count, statistics.success.count, statistics.inferenceCount]).toEqual([1, 0, 0]);
  });

  it('counts who never got to run: a full queue as rejected, an expired or cancelled wait as canceled', async () => {
    await using rig = new ServableRig({ maxQueueSize: 2 });
    await rig.occupy();
    const signal = new CancelSource();
    const row = [int32Rows([1])];
    const cancelled = rig.servable.execute(row, 1, { priority: 0 }, callContext({ signal }));
    const expired = rig.servable.execute(row, 1, { priority: 0 }, callContext({ deadline: 10 }));
    await expect(rig.servable.execute(row, 1, { priority: 0 }, callContext())).rejects.toMatchObject({ code: 'overloaded' });
    signal.cancel(GONE);
    await expect(cancelled).rejects.toBe(GONE);
    rig.clock.advance(10);
    rig.runs.at(0).finish();
    await expect(expired).rejects.toMatchObject({ code: 'deadline_exceeded' });
    const { statistics } = rig.servable;
    expect([statistics.failures('REJECTED').count, statistics.failures('CANCELED').count, statistics.fail.count]).toEqual([1, 2, 3]);
  });

  it("counts a stream of a decoupled model as one request, and each response by its position, without the reader's own time", async () => {
    const { rig } = streamRig(async function* respond(inputs) {
      for (const waitMs of [10, 30]) {
        rig.clock.advance(waitMs);
        yield await Promise.resolve(identity(inputs));
      }
    });
    await using _ = rig;
    for await (const _response of rig.servable.stream([int32Rows([7])], callContext())) rig.clock.advance(100);
    const { statistics } = rig.servable;
    expect([statistics.inferenceCount, statistics.success]).toMatchObject([1, { count: 1, ms: 240 }]);
    expect(statistics.responses.map(({ success }) => success)).toMatchObject([
      { count: 1, ms: 10 },
      { count: 1, ms: 30 },
    ]);
  });

  it('counts a stream that fails or is cancelled as failed, at the response that never came', async () => {
    const { rig } = streamRig(async function* respond(inputs) {
      yield await Promise.resolve(identity(inputs));
      throw FAILED;
    });
    await using _ = rig;
    await expect(collect(rig.servable.stream([int32Rows([7])], callContext()))).rejects.toBe(FAILED);
    const signal = new CancelSource();
    const stream = rig.servable.stream([int32Rows([7])], callContext({ signal }));
    await stream.next();
    signal.cancel(GONE);
    await stream.return(undefined);
    const { statistics } = rig.servable;
    expect([statistics.failures('BACKEND').count, statistics.failures('CANCELED').count, statistics.success.count]).toEqual([1, 1, 0]);
    expect(statistics.responses.map(({ success, fail, cancel }) => [success.count, fail.count, cancel.count])).toEqual([
      [2, 0, 0],
      [0, 1, 1],
    ]);
  });

  it('counts a stream that found no instance as failed', async () => {
    await using rig = new ServableRig({}, {}, { ...NO_STREAMS, acquire: () => Promise.reject(FAILED) });
    await expect(collect(rig.servable.stream([], callContext()))).rejects.toBe(FAILED);
    expect(rig.servable.statistics.failures('BACKEND').count).toBe(1);
  });
});

describe('Servable.stream', () => {
  it("gives the instance's responses and is a batch of one to whoever observes", async () => {
    const seen: SlabTensor[] = [];
    const { rig, streams } = streamRig(async function* respond(inputs) {
      seen.push(...inputs);
      for (const executeUs of [20, 30]) {
        rig.clock.advance(10);
        yield await Promise.resolve(identity(inputs, executeUs));
      }
    });
    await using _ = rig;
    rig.clock.advance(100);
    streams.beforeGrant = () => Promise.resolve(rig.clock.advance(5));
    const input = int32Rows([7]);
    const span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    expect(await collect(rig.servable.stream([input], callContext({ span })))).toEqual([7, 7]);
    expect(rig.closed).toEqual([
      {
        entries: [{ span, enqueuedAt: 100, rows: 1, key: '' }],
        rows: 1,
        cost: 1,
        ownCost: 1,
        reason: 'unbatched',
        instance: 'fake-1',
        executeUs: 50,
        error: undefined,
        dispatchedAt: 105,
        assembledAt: 105,
        executedAt: 125,
      },
    ]);
    expect(streams).toMatchObject({ granted: 1, lent: 0 });
    // A worker gets the bytes for good: they must not be the message's own.
    expect(seen[0]?.data.buffer).not.toBe(input.data.buffer);
  });

  it('fails as the instance does, and tells that', async () => {
    const { rig, streams } = streamRig(async function* respond(inputs) {
      yield await Promise.resolve(identity(inputs, 20));
      throw FAILED;
    });
    await using _ = rig;
    await expect(collect(rig.servable.stream([int32Rows([7])], callContext()))).rejects.toBe(FAILED);
    expect(rig.closed).toMatchObject([{ error: FAILED, executeUs: 20 }]);
    expect(streams.lent).toBe(0);
  });

  it('says nothing of a foreign error but keeps it as the cause', async () => {
    const foreign = new TypeError('undefined is not a function');
    const { rig } = streamRig(() => {
      throw foreign;
    });
    await using _ = rig;
    await expect(collect(rig.servable.stream([], callContext()))).rejects.toMatchObject({ code: 'internal', cause: foreign });
    expect(rig.closed).toMatchObject([{ error: { code: 'internal', cause: foreign } }]);
  });

  it('ends where the reader does: the instance is told and given back, and that is no failure', async () => {
    const responses = new CountedResponses(1, 2, 3);
    const { rig, streams } = streamRig(responses.respond);
    await using _ = rig;
    for await (const { outputs } of rig.servable.stream([], callContext())) {
      expect([readInt32(outputs[0]), streams.lent]).toEqual([[1], 1]);
      break;
    }
    expect(responses).toMatchObject({ made: 1, ended: true });
    expect(streams.lent).toBe(0);
    expect(rig.closed).toMatchObject([{ error: undefined, executeUs: 10 }]);
  });

  it("ends with the signal's reason when the call is cancelled, however quietly the instance does", async () => {
    const reasons: unknown[] = [];
    const { rig, streams } = streamRig(async function* respond(inputs, signal) {
      yield await Promise.resolve(identity(inputs));
      reasons.push(signal.reason);
    });
    await using _ = rig;
    const signal = new CancelSource();
    const stream = rig.servable.stream([int32Rows([1])], callContext({ signal }));
    await stream.next();
    signal.cancel(GONE);
    await expect(stream.next()).rejects.toBe(GONE);
    expect(reasons).toEqual([GONE]);
    expect(rig.closed).toMatchObject([{ error: GONE }]);
    expect(streams.lent).toBe(0);
  });

  it('was no batch at all where there was no instance to be had', async () => {
    await using rig = new ServableRig({}, {}, { ...NO_STREAMS, acquire: () => Promise.reject(GONE) });
    await expect(collect(rig.servable.stream([], callContext()))).rejects.toBe(GONE);
    expect(rig.closed).toEqual([]);
  });
});

describe('Servable.drain and close', () => {
  it('keeps the instances until the last batch is over', async () => {
    const streams = new FakeStreams(new CountedResponses().respond);
    await using rig = new ServableRig({}, {}, streams);
    const answer = rig.servable.execute([int32Rows([1])], 1, { priority: 0 }, callContext());
    await turns();
    const drained = rig.servable.drain(NEVER);
    await turns();
    expect(streams.done).toEqual([]);
    rig.runs.at(0).finish();
    await drained;
    expect(streams.done).toEqual(['drained']);
    await answer;
    await rig.servable.close();
    expect(streams.done).toEqual(['drained', 'closed']);
    await expect(rig.servable.execute([int32Rows([1])], 1, { priority: 0 }, callContext())).rejects.toMatchObject({ code: 'draining' });
  });
});

describe('assertOneResponse', () => {
  it('refuses a decoupled model, naming it and what to do', () => {
    expect(() => assertOneResponse(modelSpec())).not.toThrow();
    expect(() => assertOneResponse(modelSpec({ decoupled: true }))).toThrow(
      new ServingError('unsupported', "ModelInfer RPC doesn't support models with decoupled transaction policy; stream 'm' instead"),
    );
  });
});
