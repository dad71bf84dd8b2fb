import { describe, expect, it } from '@jest/globals';
import type { Instance } from '../../../../src/backend/backend.js';
import { RepeatBackend } from '../../../../src/backend/repeat/backend.js';
import type { Execution } from '../../../../src/model/infer.js';
import type { SlabTensor } from '../../../../src/tensor/tensor.js';
import { turns } from '../../../support/event-loop.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { modelSource, modelSpec } from '../../../support/model-source.js';
import { never } from '../../../support/pool-rig.js';
import { slab } from '../../../support/slab.js';

function request(values: number[], delays: number[], waitMs = 0): SlabTensor[] {
  return [
    slab('IN', 'INT32', [values.length], Int32Array.from(values)),
    slab('DELAY', 'UINT32', [delays.length], Uint32Array.from(delays)),
    slab('WAIT', 'UINT32', [1], Uint32Array.of(waitMs)),
  ];
}

async function openInstance(clock: ManualClock): Promise<Instance> {
  const model = await new RepeatBackend(clock).open(modelSource({ decoupled: true }));
  return model.createInstance(modelSpec({ decoupled: true }), never());
}

async function readNext(stream: AsyncIterator<Execution>): Promise<Record<string, number | undefined>> {
  const result = await stream.next();
  if (result.done === true) throw new Error('the stream has ended');
  return read(result.value);
}

function read({ outputs }: Execution): Record<string, number | undefined> {
  const [out, index] = outputs;
  const word = (data: Uint8Array = new Uint8Array(4)) => new DataView(data.buffer, data.byteOffset);
  return { [out?.name ?? '']: word(out?.data).getInt32(0, true), [index?.name ?? '']: word(index?.data).getUint32(0, true) };
}

async function readAll(stream: AsyncIterable<Execution>): Promise<Record<string, number | undefined>[]> {
  const answers = [];
  for await (const answer of stream) answers.push(read(answer));
  return answers;
}

describe('RepeatBackend', () => {
  it('says what it takes and gives', async () => {
    await using model = await new RepeatBackend(new ManualClock()).open(modelSource({ decoupled: true }));
    expect(model.signature.inputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
      ['IN', 'INT32', [-1]],
      ['DELAY', 'UINT32', [-1]],
      ['WAIT', 'UINT32', [1]],
    ]);
    expect(model.signature.outputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
      ['OUT', 'INT32', [1]],
      ['IDX', 'UINT32', [1]],
    ]);
    expect(model.slotsPerInstance).toBeGreaterThan(100);
  });

  it('answers once for each element, negative ones included, and not at all for none', async () => {
    const instance = await openInstance(new ManualClock());
    expect(await readAll(instance.stream(request([7, -8, 9], [0, 0, 0]), never()))).toEqual([
      { OUT: 7, IDX: 0 },
      { OUT: -8, IDX: 1 },
      { OUT: 9, IDX: 2 },
    ]);
    expect(await readAll(instance.stream(request([], []), never()))).toEqual([]);
  });

  it('waits DELAY before each response, and only once the reader asks for it', async () => {
    const clock = new ManualClock();
    const instance = await openInstance(clock);
    const stream = instance.stream(request([1, 2], [30, 50]), never())[Symbol.asyncIterator]();
    await turns();
    expect(clock.pending).toBe(0);
    const first = readNext(stream);
    clock.advance(30);
    expect(await first).toEqual({ OUT: 1, IDX: 0 });
    await turns();
    expect(clock.pending).toBe(0);
    const second = stream.next();
    await turns();
    clock.advance(49);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    expect((await second).value).toMatchObject({ executeUs: 50_000 });
  });

  it('holds no response up for WAIT, but ends no earlier', async () => {
    const clock = new ManualClock();
    const instance = await openInstance(clock);
    const stream = instance.stream(request([1], [0], 400), never())[Symbol.asyncIterator]();
    expect((await stream.next()).done).toBe(false);
    clock.advance(100);
    const end = stream.next();
    await turns();
    clock.advance(299);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    expect((await end).done).toBe(true);
  });

  it.each([1, 0])('ends with the reason of its signal (delay %d)', async (delayMs) => {
    const clock = new ManualClock();
    const instance = await openInstance(clock);
    const abort = new AbortController();
    const stream = instance.stream(request([1, 2], [0, delayMs]), abort.signal)[Symbol.asyncIterator]();
    await stream.next();
    abort.abort();
    await expect(stream.next()).rejects.toMatchObject({ code: 'cancelled' });
    expect(clock.pending).toBe(0);
  });

  it('refuses IN and DELAY of different lengths', async () => {
    const instance = await openInstance(new ManualClock());
    await expect(readAll(instance.stream(request([1, 2], [0]), never()))).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'expected IN and DELAY shape to match, got [2] and [1]',
    });
    await expect(readAll(instance.stream([], never()))).rejects.toMatchObject({ code: 'internal' });
  });

  it('cannot answer a unary request', async () => {
    const instance = await openInstance(new ManualClock());
    await expect(instance.execute([], never())).rejects.toMatchObject({ code: 'unsupported' });
    expect(instance.broken).toBeUndefined();
    await instance.close();
  });

  it.each([
    ['is not declared decoupled', { decoupled: false }, 'decoupled: true'],
    ['is batched', { decoupled: true, maxBatchSize: 8 }, 'max_batch_size must be 0, got 8'],
  ])('fails to load a model that %s', async (_case, settings, message) => {
    await expect(new RepeatBackend(new ManualClock()).open(modelSource(settings))).rejects.toMatchObject({
      code: 'load_failed',
      message: expect.stringContaining(message),
    });
  });
});
