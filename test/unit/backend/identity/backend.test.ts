import { describe, expect, it } from '@jest/globals';
import type { Instance } from '../../../../src/backend/backend.js';
import { IdentityBackend } from '../../../../src/backend/identity/backend.js';
import type { ModelSettings } from '../../../../src/model/spec.js';
import { gatherWhole } from '../../../../src/tensor/rows.js';
import { turns } from '../../../support/event-loop.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { modelSource, modelSpec } from '../../../support/model-source.js';
import { never } from '../../../support/pool-rig.js';
import { fp32, slab } from '../../../support/slab.js';

const PAIRS: Partial<ModelSettings> = {
  inputs: [
    { name: 'INPUT0', datatype: 'FP32', dims: [2] },
    { name: 'INPUT1', datatype: 'BYTES', dims: [-1, 3] },
  ],
  outputs: [
    { name: 'OUTPUT0', datatype: 'FP32', dims: [2] },
    { name: 'OUTPUT1', datatype: 'BYTES', dims: [-1, 3] },
  ],
};

const SECOND = { name: 'INPUT1', datatype: 'FP32', dims: [1] } as const;

async function openInstance(settings: Partial<ModelSettings>, clock = new ManualClock()): Promise<Instance> {
  const model = await new IdentityBackend(clock).open(modelSource(settings));
  return model.createInstance(modelSpec(settings), never());
}

function openError(settings: Partial<ModelSettings>): Promise<unknown> {
  return new IdentityBackend(new ManualClock()).open(modelSource(settings)).catch((error: unknown) => error);
}

describe('IdentityBackend', () => {
  it('takes its signature from the config, with the batch axis where the model is batched', async () => {
    const backend = new IdentityBackend(new ManualClock());
    await using plain = await backend.open(modelSource(PAIRS));
    expect(plain.signature.inputs.map(({ shape }) => shape)).toEqual([[2], [-1, 3]]);
    await using batched = await backend.open(modelSource({ ...PAIRS, maxBatchSize: 4 }));
    expect(batched.signature.outputs).toEqual([
      { name: 'OUTPUT0', datatype: 'FP32', shape: [-1, 2] },
      { name: 'OUTPUT1', datatype: 'BYTES', shape: [-1, -1, 3] },
    ]);
    expect(batched.slotsPerInstance).toBe(1);
  });

  it('gives back the very bytes of each input, in its own order of outputs', async () => {
    const instance = await openInstance(PAIRS);
    const text = slab('INPUT1', 'BYTES', [1, 3], new Uint8Array(12));
    const real = fp32('INPUT0', [2], 1, 2);
    const { outputs, executeUs } = await instance.execute([text, real].map(gatherWhole), never());
    expect(outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape }))).toEqual([
      { name: 'OUTPUT0', datatype: 'FP32', shape: [2] },
      { name: 'OUTPUT1', datatype: 'BYTES', shape: [1, 3] },
    ]);
    expect(outputs.map(({ data }) => data)).toEqual([real.data, text.data]);
    expect(executeUs).toBe(0);
  });

  it('takes execute_delay_ms for one execution', async () => {
    const clock = new ManualClock();
    const instance = await openInstance({ ...PAIRS, parameters: new Map([['execute_delay_ms', '20.8']]) }, clock);
    const running = instance.execute(
      [fp32('INPUT0', [2], 1, 2), slab('INPUT1', 'BYTES', [0, 3], new Uint8Array(0))].map(gatherWhole),
      never(),
    );
    clock.advance(20);
    await turns(1);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    await expect(running).resolves.toMatchObject({ executeUs: 21_000 });
  });

  it('ends a delayed execution as soon as nobody wants it', async () => {
    const clock = new ManualClock();
    const instance = await openInstance({ ...PAIRS, parameters: new Map([['execute_delay_ms', '1000']]) }, clock);
    const abort = new AbortController();
    const running = instance.execute([], abort.signal);
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(clock.pending).toBe(0);
    await expect(instance.execute([], abort.signal)).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('has no stream, never breaks and closes at once', async () => {
    const instance = await openInstance(PAIRS);
    const reading = (async () => {
      for await (const _ of instance.stream([], never())) throw new Error('gave a response');
    })();
    await expect(reading).rejects.toMatchObject({ code: 'unsupported' });
    expect(instance.broken).toBeUndefined();
    await instance.close();
  });

  it('refuses to run without one of its inputs', async () => {
    const instance = await openInstance(PAIRS);
    await expect(instance.execute([fp32('INPUT0', [2], 1, 2)].map(gatherWhole), never())).rejects.toMatchObject({ code: 'internal' });
  });

  it.each([
    [0, [2], [1, 3], 12],
    [8, [4, 2], [4, 1, 3], 48],
  ])('gives zeros for an optional input that did not come, max batch size %i', async (maxBatchSize, shape, zeros, bytes) => {
    const inputs = PAIRS.inputs?.map((each) => ({ ...each, optional: true })) ?? [];
    const instance = await openInstance({ ...PAIRS, maxBatchSize, inputs });
    const given = slab('INPUT0', 'FP32', shape, new Uint8Array(32));
    const { outputs } = await instance.execute([given].map(gatherWhole), never());
    expect(outputs).toEqual([
      { ...given, name: 'OUTPUT0' },
      { name: 'OUTPUT1', datatype: 'BYTES', shape: zeros, data: new Uint8Array(bytes) },
    ]);
  });

  it('gives zeros alone where no input came, which an unbatched model can bear', async () => {
    const inputs = PAIRS.inputs?.map((each) => ({ ...each, optional: true })) ?? [];
    const instance = await openInstance({ ...PAIRS, inputs });
    const { outputs } = await instance.execute([], never());
    expect(outputs).toMatchObject([
      { shape: [2], data: new Uint8Array(8) },
      { shape: [1, 3], data: new Uint8Array(12) },
    ]);
  });

  it("compares the model's own shapes where there is a reshape", async () => {
    const reshaped: Partial<ModelSettings> = {
      maxBatchSize: 4,
      inputs: [{ name: 'INPUT0', datatype: 'FP32', dims: [4], reshape: [2, 2] }],
      outputs: [{ name: 'OUTPUT0', datatype: 'FP32', dims: [2, 2] }],
    };
    await using model = await new IdentityBackend(new ManualClock()).open(modelSource(reshaped));
    expect(model.signature).toEqual({
      inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [-1, 2, 2] }],
      outputs: [{ name: 'OUTPUT0', datatype: 'FP32', shape: [-1, 2, 2] }],
    });
    const optional = reshaped.inputs?.map((input) => ({ ...input, optional: true })) ?? [];
    const instance = await openInstance({
      ...reshaped,
      inputs: [...optional, SECOND],
      outputs: [...(reshaped.outputs ?? []), { ...SECOND, name: 'OUTPUT1' }],
    });
    const { outputs } = await instance.execute([fp32('INPUT1', [3, 1], 1, 2, 3)].map(gatherWhole), never());
    expect(outputs.map(({ shape }) => shape)).toEqual([
      [3, 2, 2],
      [3, 1],
    ]);
  });

  const [input0, input1] = PAIRS.inputs ?? [];
  const [output0] = PAIRS.outputs ?? [];
  const inputs = [input0, input1].flatMap((spec) => spec ?? []);
  const outputs = [output0].flatMap((spec) => spec ?? []);
  it.each<[string, Partial<ModelSettings>, string]>([
    ['no inputs', {}, 'needs the inputs and outputs in config.pbtxt'],
    ['fewer outputs than inputs', { inputs, outputs }, 'needs as many outputs as inputs, got 1 and 2'],
    [
      'a pair of different datatypes',
      { inputs: inputs.slice(1), outputs },
      "needs output 'OUTPUT0' FP32 [2] to be like input 'INPUT1' BYTES [-1,3]",
    ],
    ['an input without dims', { inputs: [{ name: 'x', datatype: 'FP32', dims: undefined }], outputs }, "needs data_type and dims of 'x'"],
    ['a decoupled policy', { ...PAIRS, decoupled: true }, 'is not decoupled'],
    ['a delay that is no number', { ...PAIRS, parameters: new Map([['execute_delay_ms', '-5']]) }, "execute_delay_ms, got '-5'"],
  ])('fails to load with %s', async (_case, settings, message) => {
    expect(await openError(settings)).toMatchObject({ code: 'load_failed', message: expect.stringContaining(message) });
  });
});
