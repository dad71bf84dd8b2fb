import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import type { CallContext } from '../../../src/model/call-context.js';
import { CancelSource } from '../../../src/model/cancel-signal.js';
import { NEWEST } from '../../../src/model/id.js';
import type { Execution, InferRequest } from '../../../src/model/infer.js';
import { executeSplit } from '../../../src/serving/split.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { callContext } from '../../support/call-context.js';
import { CountedCancelSource } from '../../support/counted-cancel-source.js';
import { turns } from '../../support/event-loop.js';
import type { HeldRun } from '../../support/fake-slot-source.js';
import { int32Rows, readInt32, readTexts, textRows } from '../../support/row-tensors.js';
import { ServableRig } from '../../support/servable-rig.js';

const GONE = new ServingError('cancelled', 'the caller has gone');
const FAILED = new ServingError('backend_failed', 'the run failed');
const FIVE = [0, 1, 2, 3, 4];

interface SplitCase extends Partial<CallContext> {
  readonly inputs?: readonly Tensor[];
  readonly request?: Partial<InferRequest>;
  readonly maxAnswerBytes?: number;
}

function split(rig: ServableRig, { inputs = [int32Rows(FIVE)], request, maxAnswerBytes, ...context }: SplitCase = {}) {
  const whole = { model: 'm', version: NEWEST, requestId: '', inputs, outputNames: [], priority: 0, ...request };
  return executeSplit(rig.servable, whole, inputs, inputs[0]?.shape[0] ?? 0, callContext(context), maxAnswerBytes);
}

/** Two rows a batch; each run ends when the test says so. */
function heldRig(options: ConstructorParameters<typeof ServableRig>[0] = {}, settings = {}): ServableRig {
  return new ServableRig({ maxBatchSize: 2, ...options }, settings);
}

/** Ends every run there is with what `outputs` says of it, until there are no more. */
async function finishAll(rig: ServableRig, outputs?: (run: HeldRun, at: number) => Execution): Promise<void> {
  for (let at = 0; ; at++) {
    await turns();
    if (at >= rig.runs.all.length) return;
    const run = rig.runs.at(at);
    run.finish(outputs?.(run, at));
  }
}

const INPUT1 = { name: 'INPUT1', datatype: 'BYTES' as const, dims: [1] };
const INPUT0 = { name: 'INPUT0', datatype: 'INT32' as const, dims: [1] };

describe('executeSplit', () => {
  it('runs pieces of as many rows as a batch takes and joins their outputs in order', async () => {
    await using rig = heldRig({}, { inputs: [INPUT0, INPUT1] });
    const texts = ['a', 'bb', '', 'dddd', 'e'];
    const answer = split(rig, { inputs: [int32Rows(FIVE), textRows(texts)] });
    await finishAll(rig);
    const { outputs } = await answer;
    expect(rig.executed).toEqual([[0, 1], [2, 3], [4]]);
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['INPUT0', [5, 1]],
      ['INPUT1', [5, 1]],
    ]);
    expect([readInt32(outputs[0]), readTexts(outputs[1])]).toEqual([FIVE, texts]);
  });

  it('keeps the order where a later piece is ready first', async () => {
    await using rig = heldRig({ slots: 2 });
    const answer = split(rig, { inputs: [int32Rows([1, 2, 3])] });
    await turns();
    rig.runs.at(1).finish();
    await turns();
    rig.runs.at(0).finish();
    expect(readInt32((await answer).outputs[0])).toEqual([1, 2, 3]);
  });

  it('says the longest wait, all of the running and the largest batch', async () => {
    await using rig = heldRig();
    const answer = split(rig);
    await turns();
    rig.clock.advance(3);
    await finishAll(rig, ({ inputs }, at) => ({ outputs: [int32Rows(readInt32(inputs[0]))], executeUs: 10 ** at }));
    const { timings } = await answer;
    expect(timings).toMatchObject({ executeUs: 111, assembleUs: 0, batchSize: 2 });
    expect(timings.queueUs).toBeGreaterThan(0);
    expect(timings.queueUs).toBeLessThanOrEqual(3000);
  });

  it('keeps no more pieces under way than fit its window', async () => {
    await using rig = heldRig();
    const answer = split(rig, { inputs: [int32Rows(Array(20).fill(7))] });
    await turns();
    expect(rig.runs.all.length + rig.scheduler.waiting).toBeLessThanOrEqual(4);
    await finishAll(rig);
    expect((await answer).outputs[0]?.shape).toEqual([20, 1]);
  });

  it('gives the outputs that were asked for', async () => {
    await using rig = heldRig();
    const answer = split(rig, { request: { outputNames: ['COPY'] } });
    await finishAll(rig, ({ inputs }) => {
      const tensor = int32Rows(readInt32(inputs[0]));
      return { outputs: [tensor, { ...tensor, name: 'COPY' }], executeUs: 0 };
    });
    const { outputs } = await answer;
    expect(outputs.map(({ name }) => name)).toEqual(['COPY']);
    expect(readInt32(outputs[0])).toEqual(FIVE);
  });

  it('makes classes of the whole', async () => {
    await using rig = heldRig({}, { outputs: [INPUT0] });
    const answer = split(rig, { request: { outputNames: ['INPUT0'], classCounts: new Map([['INPUT0', 1]]) } });
    await finishAll(rig);
    const { outputs } = await answer;
    expect(outputs).toMatchObject([{ datatype: 'BYTES', shape: [5, 1] }]);
    expect(readTexts(outputs[0])).toEqual(['0:0', '1:0', '2:0', '3:0', '4:0']);
  });
});

describe('executeSplit of what cannot be joined', () => {
  it.each<[string, (at: number, rows: number) => Tensor[], string]>([
    [
      'outputs of another number of rows',
      (at, rows) => [int32Rows(Array(at === 1 ? rows + 1 : rows).fill(0), 'y')],
      "output 'y' has 3 rows where 2 went in",
    ],
    [
      'rows of another shape',
      (at, rows) => [int32Rows(Array(at === 1 ? rows * 3 : rows).fill(0), 'y', at === 1 ? 3 : 1)],
      "output 'y' of a request that was split has rows of shape [3] behind rows of shape [1]",
    ],
    [
      'an output less',
      (at, rows) => (at === 1 ? [] : [int32Rows(Array(rows).fill(0), 'y')]),
      "output 'y' of a request that was split has none behind rows of shape [1]",
    ],
  ])('fails for %s', async (_, outputs, message) => {
    // A model that runs each request by itself: nobody else looks at its rows.
    const execute = (at: number, rows: number) => Promise.resolve({ outputs: outputs(at, rows), executeUs: 0 });
    let run = 0;
    await using rig = new ServableRig({ maxBatchSize: 0, execute: ([input]) => execute(run++, input?.shape[0] ?? 0) }, { maxBatchSize: 2 });
    await expect(split(rig)).rejects.toMatchObject({ code: 'backend_failed', message });
  });

  it('is refused before it has run where the first rows tell that there are too many bytes', async () => {
    await using rig = heldRig();
    const answer = split(rig, { maxAnswerBytes: 19 });
    const refused = expect(answer).rejects.toMatchObject({
      code: 'too_large',
      message: 'the answer to 5 rows has more than 19 bytes: ask for fewer rows, or stream them',
    });
    await turns();
    rig.runs.at(0).finish();
    await refused;
    expect(rig.scheduler.waiting).toBe(0);
    expect(rig.executed.flat()).not.toContain(4);
  });

  it('is refused once it has too many bytes where nothing tells that before', async () => {
    await using rig = heldRig({}, { inputs: [INPUT1] });
    const texts = textRows(['', '', '', 'x'.repeat(90), '']);
    const answer = split(rig, { inputs: [texts], maxAnswerBytes: 109 });
    const refused = expect(answer).rejects.toMatchObject({ code: 'too_large' });
    await finishAll(rig);
    await refused;
    const fits = split(rig, { inputs: [texts], maxAnswerBytes: 110 });
    for (let at = 3; at < 6; at++) {
      await turns();
      rig.runs.all[at]?.finish();
    }
    expect(readTexts((await fits).outputs[0])).toHaveLength(5);
  });
});

describe('executeSplit when a piece fails or the call ends', () => {
  it('fails with the piece, and gives the others up', async () => {
    await using rig = heldRig({ slots: 2 });
    const answer = split(rig, { inputs: [int32Rows(Array(10).fill(1))] });
    const refused = expect(answer).rejects.toBe(FAILED);
    await turns();
    rig.runs.at(0).fail(FAILED);
    await refused;
    expect(rig.runs.at(1).signal.aborted).toBe(true);
    expect(rig.scheduler.waiting).toBe(0);
  });

  it('ends at once with the reason when the call is cancelled, and lets go of it', async () => {
    await using rig = heldRig();
    const signal = new CancelSource();
    const refused = expect(split(rig, { signal })).rejects.toBe(GONE);
    await turns();
    signal.cancel(GONE);
    await refused;
    expect(rig.runs.at(0).signal.aborted).toBe(true);
    expect(rig.scheduler.waiting).toBe(0);
  });

  it('runs nothing for a call that was cancelled before', async () => {
    await using rig = heldRig();
    const signal = new CancelSource();
    signal.cancel(GONE);
    await expect(split(rig, { signal })).rejects.toBe(GONE);
    await turns();
    expect(rig.executed).toEqual([]);
  });

  it('ends at the deadline of the call, whichever piece is under way', async () => {
    await using rig = heldRig();
    const answer = split(rig, { deadline: 20 });
    const refused = expect(answer).rejects.toMatchObject({ code: 'deadline_exceeded' });
    await turns();
    rig.runs.at(0).finish();
    await turns();
    rig.clock.advance(20);
    rig.runs.at(1).finish();
    await refused;
    expect(rig.executed).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  it('no longer listens to the call once it has answered', async () => {
    await using rig = heldRig();
    const signal = new CountedCancelSource();
    const answer = split(rig, { signal });
    await finishAll(rig);
    await answer;
    expect(signal.listeners).toBe(0);
  });
});
