import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { CancelSource } from '../../../src/model/cancel-signal.js';
import { turns } from '../../support/event-loop.js';
import { identity } from '../../support/fake-slot-source.js';
import { SchedulerRig } from '../../support/scheduler-rig.js';

const DIED = new ServingError('backend_failed', 'the worker died while it ran this batch');
const NEVER_BEGAN = new ServingError('backend_unavailable', 'the worker died before this run began', { retryAfterMs: 0 });
const GONE = new ServingError('cancelled', 'the caller has gone');

/** Two rows fill a batch. */
function createRig(slots = 1): SchedulerRig {
  return new SchedulerRig({ slots, depth: 2, maxBatchSize: 2 });
}

describe('BatchScheduler on instances that take two batches at a time', () => {
  it('gives a full batch to a busy instance, and no third', async () => {
    await using rig = createRig();
    for (const values of [
      [1, 2],
      [3, 4],
      [5, 6],
    ])
      rig.submit(values);
    await turns();
    expect(rig.executed).toEqual([
      [1, 2],
      [3, 4],
    ]);
    rig.runs.at(0).finish();
    await turns();
    expect(rig.executed).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  it('keeps what does not fill a batch until the instance is free', async () => {
    await using rig = createRig();
    rig.submit([1, 2]);
    await turns();
    rig.clock.advance(10);
    rig.runs.at(0).finish(identity(rig.runs.at(0).inputs, 10_000));
    await turns();
    rig.submit([3, 4]);
    await turns();
    rig.submit([5]);
    await turns();
    expect(rig.executed).toEqual([
      [1, 2],
      [3, 4],
    ]);
    rig.submit([6]);
    await turns();
    expect(rig.executed).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  it('takes another instance rather than a place behind a batch', async () => {
    await using rig = createRig(2);
    rig.submit([1, 2]);
    await turns();
    rig.submit([3, 4]);
    await turns();
    rig.runs.at(0).finish();
    rig.runs.at(1).finish();
    await turns();
    expect(new Set(rig.closed.map(({ instance }) => instance)).size).toBe(2);
  });

  it('counts the time behind another batch as waiting, not as running', async () => {
    await using rig = createRig();
    rig.submit([1, 2]);
    rig.submit([3, 4]);
    await turns();
    rig.clock.advance(10);
    rig.runs.at(0).finish();
    await turns();
    rig.clock.advance(4);
    rig.runs.at(1).finish();
    await turns();
    expect(rig.closed).toMatchObject([
      { dispatchedAt: 0, assembledAt: 0, executedAt: 10 },
      { dispatchedAt: 10, assembledAt: 10, executedAt: 14 },
    ]);
  });

  it('holds the instance while there is work and gives it back behind the last batch', async () => {
    await using rig = createRig();
    rig.submit([1, 2]);
    rig.submit([3, 4]);
    await turns();
    rig.runs.at(0).finish();
    await turns();
    expect([rig.slots.granted, rig.slots.lent]).toEqual([1, 1]);
    rig.runs.at(1).finish();
    await turns();
    expect([rig.slots.granted, rig.slots.lent]).toEqual([1, 0]);
  });
});

describe('BatchScheduler when an instance dies', () => {
  it('runs on another what had not begun, before all that waits, and fails only what had', async () => {
    await using rig = createRig();
    const [begun, behind, waiting] = [rig.submit([1, 2]), rig.submit([3, 4]), rig.submit([5, 6])];
    await turns();
    rig.slots.break('fake-1');
    rig.runs.at(0).fail(DIED);
    rig.runs.at(1).fail(NEVER_BEGAN);
    await turns();
    expect([begun.error, behind.state]).toEqual([DIED, 'pending']);
    expect(rig.executed).toEqual([
      [1, 2],
      [3, 4],
      [3, 4],
      [5, 6],
    ]);
    rig.runs.at(2).finish();
    rig.runs.at(3).finish();
    await turns();
    expect([behind.values, waiting.values]).toEqual([
      [3, 4],
      [5, 6],
    ]);
    expect(rig.closed.map(({ instance }) => instance)).toEqual(['fake-1', "fake-1'", "fake-1'"]);
  });

  it('does not run again what everybody has left', async () => {
    await using rig = createRig();
    const signal = new CancelSource();
    rig.submit([1, 2]);
    rig.submit([3, 4], { signal });
    await turns();
    rig.slots.break('fake-1');
    signal.cancel(GONE);
    rig.runs.at(0).fail(DIED);
    rig.runs.at(1).fail(NEVER_BEGAN);
    await turns();
    expect(rig.executed).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(rig.slots.lent).toBe(0);
  });

  it('tells those why who had not begun where no other can be had', async () => {
    await using rig = createRig();
    const outcomes = [rig.submit([1, 2]), rig.submit([3, 4])];
    await turns();
    const none = new ServingError('backend_unavailable', 'no instance can be made', { retryAfterMs: 100 });
    rig.slots.break('fake-1');
    rig.slots.refuse(none);
    rig.runs.at(0).fail(DIED);
    rig.runs.at(1).fail(NEVER_BEGAN);
    await turns();
    expect(outcomes.map(({ error }) => error)).toEqual([DIED, none]);
    await rig.scheduler.drain(new AbortController().signal);
  });

  it('settles with draining what had not begun where it is closed meanwhile', async () => {
    await using rig = createRig();
    const outcomes = [rig.submit([1, 2]), rig.submit([3, 4])];
    await turns();
    const closed = rig.scheduler.close();
    rig.slots.break('fake-1');
    rig.runs.at(0).fail(DIED);
    rig.runs.at(1).fail(NEVER_BEGAN);
    await closed;
    expect(outcomes.map(({ error }) => error)).toEqual([DIED, NEVER_BEGAN]);
  });
});
