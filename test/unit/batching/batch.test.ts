import { describe, expect, it } from '@jest/globals';
import { Batch, type BatchTimes } from '../../../src/batching/batch.js';
import { Entry } from '../../../src/batching/entry.js';
import { createPadding } from '../../../src/batching/padding.js';
import { ServingError } from '../../../src/error/serving-error.js';
import { CancelSource } from '../../../src/model/cancel-signal.js';
import { copyGathered } from '../../../src/tensor/rows.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { callContext } from '../../support/call-context.js';
import { identity } from '../../support/fake-slot-source.js';
import { modelSpec } from '../../support/model-spec.js';
import { int32Rows, readInt32, readTexts, textRows } from '../../support/row-tensors.js';

const TIMES: BatchTimes = { dispatchedAt: 10, assembledAt: 10.5, executedAt: 14 };
const BATCHED = { batched: true };
const GONE = new ServingError('cancelled', 'the caller has gone');

function createEntry(
  inputs: readonly Tensor[],
  { signal = new CancelSource(), enqueuedAt = 0, deadline = Number.POSITIVE_INFINITY } = {},
): Entry {
  return new Entry({ inputs, rows: inputs[0]?.shape[0] ?? 1, key: '' }, callContext({ signal, deadline }), enqueuedAt);
}

function createBatch(...entries: readonly Entry[]): Batch {
  return new Batch(entries, 'instance_free');
}

async function valuesOf(entry: Entry): Promise<number[]> {
  return readInt32((await entry.result).outputs[0]);
}

describe('Batch', () => {
  it('starts its members and counts their rows', () => {
    const entries = [createEntry([int32Rows([1, 2])]), createEntry([int32Rows([3])])];
    const batch = createBatch(...entries);
    expect(batch.rows).toBe(3);
    expect(entries.map(({ state }) => state)).toEqual(['running', 'running']);
  });
});

describe('Batch.assemble', () => {
  it('joins each input along axis 0, members in order', () => {
    const batch = createBatch(
      createEntry([int32Rows([1, 2]), textRows(['a', 'bb'])]),
      createEntry([int32Rows([3]), textRows(['ccc'])]),
      createEntry([int32Rows([4, 5]), textRows(['', 'e'])]),
    );
    const [numbers, texts] = batch.assemble(BATCHED).map(copyGathered);
    expect(numbers).toMatchObject({ name: 'INPUT0', datatype: 'INT32', shape: [5, 1] });
    expect(readInt32(numbers)).toEqual([1, 2, 3, 4, 5]);
    expect(texts).toMatchObject({ name: 'INPUT1', datatype: 'BYTES', shape: [5, 1] });
    expect(readTexts(texts)).toEqual(['a', 'bb', 'ccc', '', 'e']);
  });

  it('copies nothing: its parts are what the members brought', () => {
    const view: Tensor = { name: 'INPUT0', datatype: 'UINT8', shape: [1, 3], data: new Uint8Array(64).subarray(7, 10) };
    for (const batched of [true, false]) {
      const [gathered] = createBatch(createEntry([view])).assemble({ batched });
      expect(gathered?.parts).toEqual([view.data]);
      expect(gathered?.parts[0]).toBe(view.data);
    }
  });

  it("leaves an unbatched model's tensors in their own shape", () => {
    const tensor: Tensor = { name: 'INPUT0', datatype: 'UINT8', shape: [2, 2], data: Uint8Array.of(1, 2, 3, 4) };
    const [slab] = createBatch(createEntry([tensor]))
      .assemble({ batched: false })
      .map(copyGathered);
    expect(slab).toEqual(tensor);
  });

  it('throws where a member lacks an input that the first one has', () => {
    const batch = createBatch(createEntry([int32Rows([1]), textRows(['a'])]), createEntry([int32Rows([2])]));
    expect(() => batch.assemble(BATCHED).map(copyGathered)).toThrow('entry has no input 1');
  });
});

describe('Batch.scatter', () => {
  it('gives each member its own rows of every output, BYTES included', async () => {
    const entries = [
      createEntry([int32Rows([1, 2]), textRows(['a', 'bb'])]),
      createEntry([int32Rows([3]), textRows([''])]),
      createEntry([int32Rows([4]), textRows(['dddd'])]),
    ];
    const batch = createBatch(...entries);
    batch.scatter(identity(batch.assemble(BATCHED).map(copyGathered)), BATCHED, TIMES);
    const results = await Promise.all(entries.map(({ result }) => result));
    expect(results.map(({ outputs }) => readInt32(outputs[0]))).toEqual([[1, 2], [3], [4]]);
    expect(results.map(({ outputs }) => readTexts(outputs[1]))).toEqual([['a', 'bb'], [''], ['dddd']]);
    expect(results.map(({ outputs }) => outputs[1]?.shape)).toEqual([
      [2, 1],
      [1, 1],
      [1, 1],
    ]);
  });

  it('gives views of the outputs, not copies', async () => {
    const entries = [createEntry([int32Rows([1])]), createEntry([int32Rows([2])])];
    const output = int32Rows([7, 8], 'OUTPUT0');
    createBatch(...entries).scatter({ outputs: [output], executeUs: 1 }, BATCHED, TIMES);
    for (const { result } of entries) expect((await result).outputs[0]?.data.buffer).toBe(output.data.buffer);
  });

  it('lets the rows of an output have another shape than those of the inputs', async () => {
    const entries = [createEntry([int32Rows([1])]), createEntry([int32Rows([2, 3])])];
    createBatch(...entries).scatter({ outputs: [int32Rows([1, 10, 2, 20, 3, 30], 'PAIRS', 2)], executeUs: 1 }, BATCHED, TIMES);
    expect(await Promise.all(entries.map(valuesOf))).toEqual([
      [1, 10],
      [2, 20, 3, 30],
    ]);
  });

  it("gives an unbatched model's single member the outputs as they are, whatever their shape", async () => {
    const entry = createEntry([int32Rows([1])]);
    const outputs: Tensor[] = [{ name: 'SCALAR', datatype: 'UINT8', shape: [], data: Uint8Array.of(9) }];
    createBatch(entry).scatter({ outputs, executeUs: 1 }, { batched: false }, TIMES);
    expect((await entry.result).outputs).toEqual(outputs);
  });

  it('says where the time went, in microseconds, and how many rows shared the run', async () => {
    const entries = [createEntry([int32Rows([1])], { enqueuedAt: 4 }), createEntry([int32Rows([2, 3])], { enqueuedAt: 9.75 })];
    const batch = createBatch(...entries);
    batch.scatter(identity(batch.assemble(BATCHED).map(copyGathered), 3210), BATCHED, TIMES);
    const timings = await Promise.all(entries.map(async ({ result }) => (await result).timings));
    expect(timings).toEqual([
      { queueUs: 6000, assembleUs: 500, executeUs: 3210, batchSize: 3 },
      { queueUs: 250, assembleUs: 500, executeUs: 3210, batchSize: 3 },
    ]);
  });

  it.each([
    ['too few rows', int32Rows([1], 'SCORES')],
    ['too many rows', int32Rows([1, 2, 3], 'SCORES')],
    ['no axis 0', { ...int32Rows([1], 'SCORES'), shape: [] }],
  ])('throws backend_failed and settles nobody when an output has %s', (_what, output) => {
    const entries = [createEntry([int32Rows([1])]), createEntry([int32Rows([2])])];
    const batch = createBatch(...entries);
    const scatter = () => batch.scatter({ outputs: [int32Rows([1, 2]), output], executeUs: 1 }, BATCHED, TIMES);
    expect(scatter).toThrow(expect.objectContaining({ code: 'backend_failed', message: expect.stringContaining("'SCORES'") }));
    expect(entries.map(({ state }) => state)).toEqual(['running', 'running']);
  });

  it('leaves out a member that has gone, and gives the others the rows that are theirs', async () => {
    const source = new CancelSource();
    const entries = [createEntry([int32Rows([1])]), createEntry([int32Rows([2, 3])], { signal: source }), createEntry([int32Rows([4])])];
    const batch = createBatch(...entries);
    source.cancel(GONE);
    batch.scatter(identity(batch.assemble(BATCHED).map(copyGathered)), BATCHED, TIMES);
    const ends = await Promise.allSettled(entries.map(valuesOf));
    expect(ends).toEqual([
      { status: 'fulfilled', value: [1] },
      { status: 'rejected', reason: GONE },
      { status: 'fulfilled', value: [4] },
    ]);
  });
});

describe('Batch.fail', () => {
  it('settles every member with the error', async () => {
    const entries = [createEntry([int32Rows([1])]), createEntry([int32Rows([2])])];
    const error = new ServingError('backend_failed', 'the run failed');
    createBatch(...entries).fail(error);
    const ends = await Promise.allSettled(entries.map(({ result }) => result));
    expect(ends.map((end) => end.status === 'rejected' && end.reason === error)).toEqual([true, true]);
  });
});

describe('Batch.signal', () => {
  it('aborts once every member has gone, not before', async () => {
    const sources = [new CancelSource(), new CancelSource()];
    const entries = sources.map((signal) => createEntry([int32Rows([1])], { signal }));
    const batch = createBatch(...entries);
    sources[0]?.cancel(GONE);
    expect(batch.signal.aborted).toBe(false);
    sources[1]?.cancel(GONE);
    expect(batch.signal.aborted).toBe(true);
    expect(batch.signal.reason).toMatchObject({ code: 'cancelled' });
    await Promise.allSettled(entries.map(({ result }) => result));
  });

  it('aborts at once where every member had gone before the batch was made', async () => {
    const signal = new CancelSource();
    signal.cancel(GONE);
    const entry = createEntry([int32Rows([1])], { signal });
    expect(createBatch(entry).signal.aborted).toBe(true);
    await expect(entry.result).rejects.toBe(GONE);
  });

  it('does not abort when the callers go after the members have settled', () => {
    const signal = new CancelSource();
    const batch = createBatch(createEntry([int32Rows([1])], { signal }));
    batch.scatter(identity(batch.assemble(BATCHED).map(copyGathered)), BATCHED, TIMES);
    signal.cancel(GONE);
    expect(batch.signal.aborted).toBe(false);
  });
});

describe('Batch.split', () => {
  it('makes two batches of the members that still wait, in order', () => {
    const entries = [1, 2, 3, 4, 5].map((value) => createEntry([int32Rows([value])]));
    const batch = createBatch(...entries);
    entries[1]?.reject(GONE);
    entries[1]?.result.catch(() => undefined);
    const parts = batch.split(0);
    expect(parts.map(({ entries: members }) => members)).toEqual([
      [entries[0], entries[2]],
      [entries[3], entries[4]],
    ]);
    expect(parts.map(({ reason }) => reason)).toEqual(['isolating_failure', 'isolating_failure']);
  });

  it('is one batch where one member is left, and none where nobody is', async () => {
    const [stays, late] = [createEntry([int32Rows([1])]), createEntry([int32Rows([2])], { deadline: 50 })];
    const parts = createBatch(stays, late).split(50);
    expect(parts.map(({ entries: members }) => members)).toEqual([[stays]]);
    await expect(late.result).rejects.toMatchObject({ code: 'deadline_exceeded' });
    const gone = createEntry([int32Rows([3])]);
    gone.reject(GONE);
    await expect(gone.result).rejects.toBe(GONE);
    expect(createBatch(gone).split(50)).toEqual([]);
  });

  it('takes the members over: who leaves now leaves the part', async () => {
    const signal = new CancelSource();
    const entry = createEntry([int32Rows([1])], { signal });
    const whole = createBatch(entry, createEntry([int32Rows([2])]));
    const [first] = whole.split(0);
    signal.cancel(GONE);
    await expect(entry.result).rejects.toBe(GONE);
    expect([first?.signal.aborted, whole.signal.aborted]).toEqual([true, false]);
  });
});

describe('Batch with padding', () => {
  const TOKENS = { name: 'tokens', datatype: 'INT32', dims: [-1] } as const;
  const padding = createPadding(
    modelSpec({
      maxBatchSize: 8,
      inputs: [TOKENS],
      outputs: [{ ...TOKENS, name: 'hidden' }],
      batching: {
        preferredBatchSizes: [],
        maxQueueDelayMs: 0,
        maxQueueSize: 0,
        padding: { inputs: new Map([['tokens', { axis: 0, value: -9 }]]), outputs: new Map([['hidden', { axis: 0 }]]) },
      },
    }),
  );
  const entryOf = (...values: number[]) => {
    const inputs = [{ ...int32Rows(values, 'tokens', values.length), shape: [1, values.length] }];
    return new Entry({ inputs, rows: 1, length: values.length, key: '' }, callContext({}), 0);
  };

  it('pads to the longest member and gives each back its own length', async () => {
    const entries = [entryOf(1, 2, 3), entryOf(4)];
    const batch = createBatch(...entries);
    expect([batch.rows, batch.length, batch.cost, batch.ownCost]).toEqual([2, 3, 6, 4]);
    const [input] = batch.assemble({ batched: true, padding }).map(copyGathered);
    expect(input?.shape).toEqual([2, 3]);
    expect(readInt32(input)).toEqual([1, 2, 3, 4, -9, -9]);
    batch.scatter(
      { outputs: [{ ...int32Rows([10, 20, 30, 40, 50, 60], 'hidden', 3), shape: [2, 3] }], executeUs: 1 },
      { batched: true, padding },
      TIMES,
    );
    const results = await Promise.all(entries.map(({ result }) => result));
    expect(results.map(({ outputs }) => [outputs[0]?.shape, readInt32(outputs[0])])).toEqual([
      [
        [1, 3],
        [10, 20, 30],
      ],
      [[1, 1], [40]],
    ]);
  });

  it('fails where an output has another length than went in', () => {
    const batch = createBatch(entryOf(1, 2), entryOf(3));
    const outputs = [{ ...int32Rows([1, 2], 'hidden', 1), shape: [2, 1] }];
    expect(() => batch.scatter({ outputs, executeUs: 1 }, { batched: true, padding }, TIMES)).toThrow("output 'hidden'");
  });
});
