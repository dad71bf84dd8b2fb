import { describe, expect, it } from '@jest/globals';
import type { Instance, InstanceSource } from '../../../src/backend/backend.js';
import { ServingError } from '../../../src/error/serving-error.js';
import type { Execution } from '../../../src/model/infer.js';
import type { WarmUp } from '../../../src/serving/warm-up.js';
import { warmedModel } from '../../../src/serving/warmed-model.js';
import { encodeBytes } from '../../../src/tensor/bytes.js';
import { copyGathered } from '../../../src/tensor/rows.js';
import type { SlabTensor } from '../../../src/tensor/tensor.js';
import { turns } from '../../support/event-loop.js';
import { modelSpec } from '../../support/model-spec.js';
import { never } from '../../support/pool-rig.js';
import { fp32, slab } from '../../support/slab.js';

const EXECUTION: Execution = { outputs: [], executeUs: 1 };
const BROKE = new ServingError('backend_failed', 'the model failed to execute in the runtime', undefined, new Error('Gather out of range'));
const GONE = new ServingError('cancelled', 'nobody wants it any more');
const ROW = fp32('x', [1, 2], 3, 4);

const warmUp = (given: Partial<WarmUp> = {}): WarmUp => ({ name: 'w', count: 1, rows: 1, inputs: [ROW], ...given });

/** A model whose instances keep what they are given. */
class RecordingModel implements InstanceSource {
  readonly slotsPerInstance = 3;
  readonly runs: (readonly SlabTensor[])[] = [];
  /** Responses of streams that were read to their end. */
  streamed = 0;
  instances = 0;
  closes = 0;
  run: () => Promise<Execution> = () => Promise.resolve(EXECUTION);
  close: () => Promise<void> = () => Promise.resolve();

  createInstance(): Promise<Instance> {
    this.instances += 1;
    return Promise.resolve({
      id: `m/1#${this.instances}`,
      broken: undefined,
      depth: 1,
      execute: (inputs) => this.#ran(inputs.map(copyGathered)),
      stream: (inputs) => this.#stream(inputs),
      close: () => {
        this.closes += 1;
        return this.close();
      },
    });
  }

  #ran(inputs: readonly SlabTensor[]): Promise<Execution> {
    this.runs.push(inputs);
    return this.run();
  }

  async *#stream(inputs: readonly SlabTensor[]): AsyncGenerator<Execution> {
    yield await this.#ran(inputs);
    yield EXECUTION;
    this.streamed += 1;
  }
}

describe('warmedModel', () => {
  it('is the model itself where there is nothing to run', () => {
    const model = new RecordingModel();
    expect(warmedModel(model, [])).toBe(model);
  });

  it('runs everything in its order on each instance before it is given away', async () => {
    const model = new RecordingModel();
    const warmed = warmedModel(model, [warmUp({ count: 2, rows: 3 }), warmUp({ name: 'other', inputs: [fp32('x', [1, 1], 9)] })]);
    expect(warmed.slotsPerInstance).toBe(3);
    expect((await warmed.createInstance(modelSpec(), never())).id).toBe('m/1#1');
    const rows = fp32('x', [3, 2], 3, 4, 3, 4, 3, 4);
    expect(model.runs).toEqual([[rows], [rows], [fp32('x', [1, 1], 9)]]);
    await warmed.createInstance(modelSpec(), never());
    expect(model.runs).toHaveLength(6);
    expect(model.closes).toBe(0);
  });

  it('brings buffers of its own to each run, as they are given away', async () => {
    const model = new RecordingModel();
    for (const maxBatchSize of [0, 8]) await warmedModel(model, [warmUp()]).createInstance(modelSpec({ maxBatchSize }), never());
    const buffers = model.runs.flatMap((inputs) => inputs.map(({ data }) => data.buffer));
    expect(new Set([...buffers, ROW.data.buffer]).size).toBe(3);
  });

  it('repeats rows of text', async () => {
    const model = new RecordingModel();
    const words = (...texts: string[]) => encodeBytes(texts.map((text) => new TextEncoder().encode(text)));
    const inputs = [slab('x', 'BYTES', [1, 2], words('a', ''))];
    await warmedModel(model, [warmUp({ rows: 2, inputs })]).createInstance(modelSpec(), never());
    expect(model.runs).toEqual([[slab('x', 'BYTES', [2, 2], words('a', '', 'a', ''))]]);
  });

  it('gives a model without a batch axis what it was given', async () => {
    const model = new RecordingModel();
    await warmedModel(model, [warmUp({ inputs: [fp32('x', [2], 3, 4)] })]).createInstance(modelSpec({ maxBatchSize: 0 }), never());
    expect(model.runs).toEqual([[fp32('x', [2], 3, 4)]]);
  });

  it('reads the responses of a decoupled model to their end', async () => {
    const model = new RecordingModel();
    await warmedModel(model, [warmUp({ count: 2 })]).createInstance(modelSpec({ decoupled: true }), never());
    expect(model).toMatchObject({ streamed: 2, runs: { length: 2 } });
  });

  it.each([false, true])('closes an instance that fails and names the warm-up (decoupled: %p)', async (decoupled) => {
    const model = new RecordingModel();
    model.run = () => Promise.reject(BROKE);
    model.close = () => Promise.reject(new Error('cannot be closed either'));
    const create = warmedModel(model, [warmUp({ name: 'first' }), warmUp()]).createInstance(modelSpec({ decoupled }), never());
    await expect(create).rejects.toMatchObject({
      code: 'load_failed',
      message: "model 'm': warm-up 'first' failed: the model failed to execute in the runtime",
      cause: BROKE,
    });
    expect(model).toMatchObject({ runs: { length: 1 }, closes: 1 });
  });

  it('stops when nobody waits for the instance any more, and closes it once its run is over', async () => {
    const model = new RecordingModel();
    let finish: (execution: Execution) => void = () => undefined;
    model.run = () => new Promise((resolve) => (finish = resolve));
    const abandonment = new AbortController();
    const create = warmedModel(model, [warmUp({ count: 5 })]).createInstance(modelSpec(), abandonment.signal);
    await turns();
    abandonment.abort(GONE);
    await turns();
    expect(model.closes).toBe(0);
    finish(EXECUTION);
    await expect(create).rejects.toBe(GONE);
    expect(model).toMatchObject({ runs: { length: 1 }, closes: 1 });
  });

  it('tells of the abort and not of a run that failed by it', async () => {
    const model = new RecordingModel();
    const abandonment = new AbortController();
    model.run = () => {
      abandonment.abort(GONE);
      return Promise.reject(BROKE);
    };
    const create = warmedModel(model, [warmUp()]).createInstance(modelSpec(), abandonment.signal);
    await expect(create).rejects.toBe(GONE);
    expect(model.closes).toBe(1);
  });

  it('lets the event loop turn between runs, however many there are', async () => {
    const model = new RecordingModel();
    const abandonment = new AbortController();
    setTimeout(() => abandonment.abort(GONE), 1);
    const endless = warmedModel(model, [warmUp({ count: 2 ** 32 - 1 })]).createInstance(modelSpec(), abandonment.signal);
    await expect(endless).rejects.toBe(GONE);
  });
});
