import { describe, expect, it } from '@jest/globals';
import type { Backend, OpenModel } from '../../../src/backend/backend.js';
import type { PoolEvent } from '../../../src/backend/instance-set.js';
import { ServingError } from '../../../src/error/serving-error.js';
import type { VersionId } from '../../../src/model/id.js';
import type { ModelSettings, WarmupSettings } from '../../../src/model/spec.js';
import type { Servable } from '../../../src/serving/servable.js';
import { ServableLoader } from '../../../src/serving/servable-loader.js';
import { Instruments } from '../../../src/telemetry/instruments.js';
import { callContext } from '../../support/call-context.js';
import { turns } from '../../support/event-loop.js';
import { findSamples, parseExposition } from '../../support/exposition.js';
import { FakeOpenModel } from '../../support/fake-open-model.js';
import { ManualClock } from '../../support/manual-clock.js';
import { ModelDirectory } from '../../support/model-directory.js';
import { modelSource } from '../../support/model-source.js';

const ID = { model: 'm', version: '1' };
const GONE = new ServingError('cancelled', 'nobody wants it any more');
const FAILED = new ServingError('load_failed', 'the file is no model');
const LOAD_TIMEOUT_MS = 5_000;
const UNKNOWN_INPUT = { inputs: [{ name: 'nope', datatype: 'INT32' as const, dims: [1] }] };

/** A loader with two backends, of which `fake` opens what `open` gives. */
class LoaderRig {
  readonly clock = new ManualClock();
  readonly model = new FakeOpenModel();
  readonly poolEvents: [VersionId, PoolEvent['kind']][] = [];
  readonly failures: [VersionId, ServingError][] = [];
  readonly #instruments = new Instruments();
  readonly #loader: ServableLoader;
  open: Backend['open'] = () => Promise.resolve(this.model);

  constructor() {
    const fake: Backend = { name: 'fake', open: (source, signal) => this.open(source, signal) };
    const other: Backend = { name: 'other', open: () => Promise.reject(FAILED) };
    this.#loader = new ServableLoader({
      backends: [fake, other],
      clock: this.clock,
      instruments: this.#instruments,
      tracer: undefined,
      random: () => 0.5,
      defaultMaxBatchSize: 16,
      loadTimeoutMs: LOAD_TIMEOUT_MS,
      onPoolEvent: (id, { kind }) => this.poolEvents.push([id, kind]),
      onBatchFailed: (id, error) => this.failures.push([id, error]),
    });
  }

  load(settings: Partial<ModelSettings> = {}, signal = new AbortController().signal, directory?: string): Promise<Servable> {
    return this.#loader.load(modelSource({ backend: 'fake', maxBatchSize: 8, ...settings }, directory), signal);
  }

  async values(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number[]> {
    const exposition = parseExposition(await this.#instruments.metrics());
    return findSamples(exposition, name, { ...ID, ...labels }).map(({ value }) => value);
  }
}

function execute(servable: Servable): Promise<unknown> {
  return servable.execute([], 1, { priority: 0 }, callContext());
}

describe('ServableLoader', () => {
  it('makes a servable of the completed spec, with as many instances as it says', async () => {
    const rig = new LoaderRig();
    const servable = await rig.load({ instanceCount: 2 });
    expect(servable.spec).toMatchObject({ ...ID, backend: 'fake', maxBatchSize: 8, instanceCount: 2 });
    expect(rig.model.open).toHaveLength(2);
    await servable.close();
  });

  it('fails for a backend that there is not, naming those that there are', async () => {
    const text = "load failed for model 'm': backend 'nope' is unknown; there are fake, other";
    await expect(new LoaderRig().load({ backend: 'nope' })).rejects.toMatchObject({ code: 'load_failed', message: text });
  });

  it('fails as the backend does', async () => {
    await expect(new LoaderRig().load({ backend: 'other' })).rejects.toBe(FAILED);
  });

  it.each([
    { what: 'its config does not agree with it', settings: UNKNOWN_INPUT, made: 0 },
    { what: 'an instance cannot be made', settings: { instanceCount: 2 }, made: 1 },
  ])('leaves nothing of a model behind when $what', async ({ settings, made }) => {
    const rig = new LoaderRig();
    rig.model.create = (nth) => (nth === 2 ? Promise.reject(FAILED) : Promise.resolve());
    await expect(rig.load(settings)).rejects.toMatchObject({ code: 'load_failed' });
    expect(rig.model).toMatchObject({ made: { length: made }, closed: made, disposals: 1 });
    expect(await rig.values('millrace_batch_rows_count')).toEqual([]);
    expect(rig.clock.pending).toBe(0);
  });

  it('gives up a model that is not read in time, whatever its backend does, and closes it should it come later', async () => {
    const rig = new LoaderRig();
    let finish: (model: OpenModel) => void = () => undefined;
    rig.open = () => new Promise((resolve) => (finish = resolve));
    const load = rig.load();
    rig.clock.advance(LOAD_TIMEOUT_MS);
    const text = `load failed for model 'm': not read within ${LOAD_TIMEOUT_MS} ms`;
    await expect(load).rejects.toMatchObject({ code: 'load_failed', message: text });
    finish(rig.model);
    await turns();
    expect(rig.model).toMatchObject({ creations: 0, disposals: 1 });
  });

  it('gives up a model that nobody wants any more while it is read, and tells its backend', async () => {
    const rig = new LoaderRig();
    const signals: AbortSignal[] = [];
    rig.open = (_source, signal) => new Promise(() => signals.push(signal));
    const abandonment = new AbortController();
    const load = rig.load({}, abandonment.signal);
    abandonment.abort(GONE);
    await expect(load).rejects.toBe(GONE);
    expect(signals.map(({ reason }): unknown => reason)).toEqual([GONE]);
    expect(rig.clock.pending).toBe(0);
  });

  it('gives up a model that nobody wants any more while its instances are made', async () => {
    const rig = new LoaderRig();
    rig.model.create = () => new Promise(() => undefined);
    const abandonment = new AbortController();
    const load = rig.load({}, abandonment.signal);
    await turns();
    abandonment.abort(GONE);
    await expect(load).rejects.toBe(GONE);
    expect(rig.model).toMatchObject({ creations: 1, disposals: 1 });
  });

  it('gives up a model whose instance is not ready in time', async () => {
    const rig = new LoaderRig();
    rig.model.create = () => new Promise(() => undefined);
    const load = rig.load();
    await turns();
    rig.clock.advance(LOAD_TIMEOUT_MS);
    await expect(load).rejects.toMatchObject({ code: 'load_failed' });
    expect(rig.model.disposals).toBe(1);
  });

  it('ends everything with the servable: instances, model, timers and metrics', async () => {
    const rig = new LoaderRig();
    const servable = await rig.load();
    expect(rig.model).toMatchObject({ open: { length: 1 }, disposals: 0 });
    expect(await rig.values('millrace_batch_rows_count')).toEqual([0]);
    await servable.close();
    expect(rig.model).toMatchObject({ open: [], disposals: 1 });
    expect(await rig.values('millrace_batch_rows_count')).toEqual([]);
    expect(rig.clock.pending).toBe(0);
  });
});

describe('ServableLoader with warm-ups', () => {
  const warmups: WarmupSettings[] = [{ name: 'w', batchSize: 1, count: 2, inputs: [] }];
  const settings = { maxBatchSize: 0, instanceCount: 2, warmups };

  it('runs them on every instance before it is used, those that replace broken ones included, and counts none of it', async () => {
    const rig = new LoaderRig();
    const servable = await rig.load(settings);
    expect(rig.model.made.map(({ executions }) => executions)).toEqual([2, 2]);
    const [first] = rig.model.made;
    if (first === undefined) throw new Error('no instance was made');
    first.broken = new Error('died');
    for (let step = 0; step < 100 && rig.model.made.length < 3; step++) {
      rig.clock.advance(100);
      await turns();
    }
    expect(rig.model.made.map(({ executions }) => executions)).toEqual([2, 2, 2]);
    expect(await rig.values('millrace_batch_rows_count')).toEqual([0]);
    expect(await rig.values('millrace_pool_leases_total')).toEqual([0, 0]);
    expect(servable.statistics).toMatchObject({ batches: [], computeInfer: { count: 0 } });
    await servable.close();
  });

  it('leaves nothing behind where one does not fit the model', async () => {
    const rig = new LoaderRig();
    const unfit = { ...settings, warmups: [{ name: 'w', batchSize: 2, count: 1, inputs: [] }] };
    await expect(rig.load(unfit)).rejects.toMatchObject({ code: 'load_failed', message: expect.stringContaining("warm-up 'w'") });
    expect(rig.model).toMatchObject({ creations: 0, disposals: 1 });
    expect(rig.clock.pending).toBe(0);
  });

  it('gives up a model whose warm-up does not end in time', async () => {
    const rig = new LoaderRig();
    const endless = { ...settings, warmups: [{ name: 'w', batchSize: 1, count: 2 ** 32 - 1, inputs: [] }] };
    const load = rig.load(endless);
    await turns();
    rig.clock.advance(LOAD_TIMEOUT_MS);
    await expect(load).rejects.toMatchObject({ code: 'load_failed', message: `an instance was not ready within ${LOAD_TIMEOUT_MS} ms` });
    await turns();
    expect(rig.model).toMatchObject({ creations: 1, closed: 1, disposals: 1 });
  });
});

describe('ServableLoader with labels', () => {
  const outputs = [{ name: 'y', datatype: 'FP32' as const, dims: [2], labelFilename: 'labels.txt' }];
  const signature = { inputs: [], outputs: [{ name: 'y', datatype: 'FP32' as const, shape: [-1, 2] }] };

  it("gives them to the outputs of the servable's spec", async () => {
    await using directory = await ModelDirectory.create({ 'm/labels.txt': Buffer.from('cat\ndog\n') });
    const rig = new LoaderRig();
    rig.open = () => Promise.resolve(Object.assign(rig.model, { signature }));
    const servable = await rig.load({ outputs }, undefined, `${directory.path}/m/1`);
    expect(servable.spec.outputs).toEqual([{ name: 'y', datatype: 'FP32', dims: [2], labels: ['cat', 'dog'] }]);
    await servable.close();
  });

  it('leaves nothing of the model behind where their file is missing', async () => {
    const rig = new LoaderRig();
    rig.open = () => Promise.resolve(Object.assign(rig.model, { signature }));
    const text = "model 'm': label file 'labels.txt' of output 'y' does not exist";
    await expect(rig.load({ outputs })).rejects.toMatchObject({ code: 'load_failed', message: text });
    expect(rig.model).toMatchObject({ creations: 0, disposals: 1 });
    expect(rig.clock.pending).toBe(0);
  });
});

describe('a loaded servable', () => {
  it.each([
    { how: 'together where the model shares batches', settings: {}, batches: 1, requests: 2 },
    { how: 'one at a time where it does not', settings: { parameters: new Map([['millrace.batching', 'off']]) }, batches: 2, requests: 2 },
  ])('runs requests $how', async ({ settings, batches, requests }) => {
    const rig = new LoaderRig();
    const servable = await rig.load(settings);
    await Promise.all([execute(servable), execute(servable)]);
    expect(await rig.values('millrace_batch_requests_count')).toEqual([batches]);
    expect(await rig.values('millrace_batch_requests_sum')).toEqual([requests]);
    await servable.close();
  });

  it('counts loans of new instances apart from those of used ones', async () => {
    const rig = new LoaderRig();
    const servable = await rig.load();
    for (let run = 0; run < 3; run++) await execute(servable);
    await turns();
    expect(await rig.values('millrace_pool_leases_total', { reused: 'false' })).toEqual([1]);
    expect(await rig.values('millrace_pool_leases_total', { reused: 'true' })).toEqual([2]);
    await servable.close();
  });

  it('tells of failed runs and of broken instances, naming the version', async () => {
    const rig = new LoaderRig();
    const failure = new ServingError('backend_failed', 'the worker died');
    const servable = await rig.load();
    const [instance] = rig.model.made;
    if (instance === undefined) throw new Error('no instance was made');
    instance.execute = () => Promise.reject(failure);
    await expect(execute(servable)).rejects.toBe(failure);
    expect(rig.failures).toEqual([[ID, failure]]);
    instance.broken = failure;
    rig.clock.advance(250);
    expect(rig.poolEvents).toEqual([[ID, 'instance_broken']]);
    await servable.close();
  });
});
