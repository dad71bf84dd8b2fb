import { describe, expect, it } from '@jest/globals';
import { OnnxBackend } from '../../src/backend/onnx/backend.js';
import { InstancePool } from '../../src/backend/pool.js';
import { DEFAULT_RESTART_POLICY } from '../../src/backend/restart.js';
import { systemClock } from '../../src/model/clock.js';
import { gatherWhole } from '../../src/tensor/rows.js';
import { ModelDirectory } from '../support/model-directory.js';
import { modelSource, modelSpec } from '../support/model-source.js';
import { never } from '../support/pool-rig.js';
import { fp32 } from '../support/slab.js';

const DYING_WORKER = new URL('../fixtures/dying-worker.js', import.meta.url);

const backend = new OnnxBackend({ clock: systemClock, workerUrl: DYING_WORKER });

/** A pool of one instance, four runs deep, whose worker does with a run what its input is called. */
async function openPool(directory: ModelDirectory): Promise<InstancePool> {
  const model = await backend.open(modelSource({ batching: { ...modelSpec().batching, pipelineDepth: 4 } }, directory.path), never());
  return InstancePool.open(
    {
      model,
      spec: modelSpec(),
      maxWaiters: 10,
      createTimeoutMs: 10_000,
      restart: DEFAULT_RESTART_POLICY,
      clock: systemClock,
      random: Math.random,
      metrics: { leased: () => undefined },
      onEvent: () => undefined,
    },
    never(),
  );
}

function ask(what: string) {
  return [gatherWhole(fp32(what, [1], 1))];
}

describe('an instance whose worker dies', () => {
  it.each([
    ['throw', 'crashed in the middle of a run'],
    ['exit', 'worker exited with code 7'],
    ['babble', "worker said 'loaded' out of turn"],
  ])('in the middle of a run (%s) fails that run, and the next call works within two seconds', async (what, cause) => {
    await using directory = await ModelDirectory.create({ 'model.onnx': new Uint8Array(1) });
    await using pool = await openPool(directory);
    let first = '';
    {
      await using lease = await pool.acquire(never());
      first = lease.instance;
      await expect(lease.execute(ask(what), never())).rejects.toMatchObject({
        code: 'backend_failed',
        message: 'the worker died while it ran this batch',
        cause: { message: cause },
      });
    }
    await using next = await pool.acquire(AbortSignal.timeout(2_000));
    expect(next.instance).not.toBe(first);
    await expect(next.execute(ask('answer'), never())).resolves.toMatchObject({ executeUs: 1 });
    expect(pool.stats().replaced).toBe(1);
  });

  it('leaves the run that waited behind to another instance', async () => {
    await using directory = await ModelDirectory.create({ 'model.onnx': new Uint8Array(1) });
    await using pool = await openPool(directory);
    await using lease = await pool.acquire(never());
    const abort = new AbortController();
    const runs = [
      lease.execute(ask('answer'), never()),
      lease.execute(ask('exit'), never()),
      lease.execute(ask('answer'), never()),
      lease.execute(ask('answer'), abort.signal),
    ];
    abort.abort();
    const settled = await Promise.allSettled(runs);
    expect(settled).toMatchObject([
      { value: { executeUs: 1 } },
      { reason: { code: 'backend_failed', isRunFailure: false } },
      { reason: { code: 'backend_unavailable', message: 'the worker died before it began this batch', retryAfterMs: 0 } },
      { reason: { code: 'cancelled' } },
    ]);
  });

  it('between two runs is replaced though nobody asks', async () => {
    await using directory = await ModelDirectory.create({ 'model.onnx': new Uint8Array(1) });
    await using pool = await openPool(directory);
    {
      await using lease = await pool.acquire(never());
      await lease.execute(ask('answer, then exit'), never());
    }
    const limit = AbortSignal.timeout(2_000);
    while (pool.stats().replaced === 0 && !limit.aborted) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(pool.stats()).toMatchObject({ ready: 1, replaced: 1 });
  });

  it.each([
    ['dies', 'die-on-load.onnx', 'the worker died while it loaded the model'],
    ['says something else', 'mute.onnx', "worker said 'ran' out of turn"],
  ])('while it loads (%s) fails the load', async (_case, modelFilename, message) => {
    await using directory = await ModelDirectory.create({ [modelFilename]: new Uint8Array(1) });
    const opening = backend.open(modelSource({ modelFilename }, directory.path), never());
    await expect(opening).rejects.toMatchObject({ code: 'load_failed', message });
    await backend.workersGone();
  });
});
