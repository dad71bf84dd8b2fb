import { describe, expect, it } from '@jest/globals';
import { Batch } from '../../../src/batching/batch.js';
import { runBatch } from '../../../src/batching/batch-run.js';
import { CostModel } from '../../../src/batching/cost-model.js';
import { Entry } from '../../../src/batching/entry.js';
import { Lane } from '../../../src/batching/lane.js';
import { ServingError } from '../../../src/error/serving-error.js';
import { callContext } from '../../support/call-context.js';
import { type Execute, FakeSlotSource, HeldRuns } from '../../support/fake-slot-source.js';
import { ManualClock } from '../../support/manual-clock.js';
import { int32Rows } from '../../support/row-tensors.js';

const LAYOUT = { batched: true };

async function createRig(execute?: Execute) {
  const runs = new HeldRuns();
  const source = new FakeSlotSource(1, execute ?? runs.execute, 2);
  const lane = new Lane(await source.acquire(new AbortController().signal), new CostModel());
  const clock = new ManualClock();
  const batch = () => new Batch([new Entry({ inputs: [int32Rows([1])], rows: 1, key: '' }, callContext(), clock.now())], 'instance_free');
  return { runs, lane, clock, batch };
}

describe('runBatch', () => {
  it('tells what came of the run and when', async () => {
    const { runs, lane, clock, batch } = await createRig();
    clock.advance(5);
    const run = runBatch(lane, batch(), LAYOUT, clock);
    clock.advance(7);
    runs.at(0).finish({ outputs: [], executeUs: 3 });
    expect(await run).toEqual({
      kind: 'ran',
      execution: { outputs: [], executeUs: 3 },
      times: { dispatchedAt: 5, assembledAt: 5, executedAt: 12 },
    });
  });

  it('counts the time behind another run as waiting', async () => {
    const { runs, lane, clock, batch } = await createRig();
    lane.enter(1, 0);
    lane.enter(1, 0);
    const run = runBatch(lane, batch(), LAYOUT, clock);
    clock.advance(9);
    lane.leave(9);
    clock.advance(1);
    runs.at(0).finish();
    expect(await run).toMatchObject({ times: { dispatchedAt: 9, assembledAt: 9, executedAt: 10 } });
  });

  it('tells a run that failed from one that never began, and takes a throw for a failure', async () => {
    const failed = new ServingError('backend_failed', 'the run failed');
    const unstarted = new ServingError('backend_unavailable', 'the worker died before', { retryAfterMs: 0 });
    for (const [kind, error] of [
      ['failed', failed],
      ['unstarted', unstarted],
    ] as const) {
      const { lane, clock, batch } = await createRig(() => Promise.reject(error));
      expect(await runBatch(lane, batch(), LAYOUT, clock)).toMatchObject({ kind, error });
    }
    const { lane, clock, batch } = await createRig(() => {
      throw new TypeError('not a function');
    });
    expect(await runBatch(lane, batch(), LAYOUT, clock)).toMatchObject({ kind: 'failed', error: { code: 'internal' } });
  });
});
