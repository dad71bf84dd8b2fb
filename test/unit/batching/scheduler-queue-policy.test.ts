import { describe, expect, it } from '@jest/globals';
import { BatchScheduler } from '../../../src/batching/scheduler.js';
import { ServingError } from '../../../src/error/serving-error.js';
import { CancelSource } from '../../../src/model/cancel-signal.js';
import type { PrioritySpec, QueuePolicy, QueueTimeout } from '../../../src/model/spec.js';
import { callContext } from '../../support/call-context.js';
import { turns } from '../../support/event-loop.js';
import { FakeSlotSource, HeldRuns } from '../../support/fake-slot-source.js';
import { int32Rows } from '../../support/row-tensors.js';
import { Outcome, type RigOptions, SchedulerRig } from '../../support/scheduler-rig.js';

const GONE = new ServingError('cancelled', 'the caller has gone');

function levels(count: number, policies: readonly (readonly [number, QueuePolicy])[] = []): PrioritySpec {
  return { levels: count, defaultLevel: count, policies: new Map(policies) };
}

function timeout(action: QueueTimeout['action'], defaultMs = 10, allowOverride = false): QueueTimeout {
  return { action, defaultMs, allowOverride };
}

/** One request a run, in their order, without the one that occupied the slot. */
async function runAll(rig: SchedulerRig): Promise<number[]> {
  for (let at = 0; at < rig.runs.all.length; at++) {
    rig.runs.at(at).finish();
    await turns();
  }
  return rig.executed.slice(1).flat();
}

async function occupied(options: RigOptions): Promise<SchedulerRig> {
  const rig = new SchedulerRig(options);
  await rig.occupy();
  return rig;
}

describe('BatchScheduler with priority levels', () => {
  it('runs the smallest level first, and one level in the order of arrival', async () => {
    await using rig = await occupied({ maxBatchSize: 1, priorities: levels(3) });
    for (const [value, priority] of [3, 1, 2, 1, 3].entries()) rig.submit([value], { priority });
    expect(await runAll(rig)).toEqual([1, 3, 2, 0, 4]);
  });

  it('gives a request without a level, and one beyond them, the default', async () => {
    await using rig = await occupied({ maxBatchSize: 1, priorities: { ...levels(3), defaultLevel: 2 } });
    for (const [value, priority] of [3, 0, 99, 1].entries()) rig.submit([value], { priority });
    expect(await runAll(rig)).toEqual([3, 1, 2, 0]);
  });

  it('fills a batch with what is less urgent', async () => {
    await using rig = await occupied({ maxBatchSize: 3, priorities: levels(2) });
    for (const [value, priority] of [2, 2, 1, 2].entries()) rig.submit([value], { priority });
    await runAll(rig);
    expect(rig.executed.slice(1)).toEqual([[2, 0, 1], [3]]);
  });

  it('puts urgency before age across batch keys', async () => {
    await using rig = await occupied({ priorities: levels(2) });
    rig.submit([1], { key: 'a', priority: 2 });
    rig.clock.advance(5);
    rig.submit([2], { key: 'b', priority: 1 });
    expect(await runAll(rig)).toEqual([2, 1]);
  });

  it('ignores priorities where the model has no levels', async () => {
    await using rig = await occupied({ maxBatchSize: 1 });
    for (const [value, priority] of [3, 1, 2].entries()) rig.submit([value], { priority });
    expect(await runAll(rig)).toEqual([0, 1, 2]);
  });

  it('bounds each level by itself', async () => {
    await using rig = await occupied({ maxQueueSize: 2, priorities: levels(2, [[1, { maxQueueSize: 1 }]]) });
    const outcomes = [1, 1, 2, 2, 2].map((priority, value) => rig.submit([value], { priority }));
    await turns();
    expect(outcomes.map(({ code }) => code)).toEqual([undefined, 'overloaded', undefined, undefined, 'overloaded']);
    expect(outcomes[1]?.error?.message).toBe('Exceeds maximum queue size of 1');
    expect(outcomes[4]?.error?.message).toBe('Exceeds maximum queue size of 2');
  });

  it('lets the oldest entry set the delay, though a more urgent one came after it', async () => {
    await using rig = new SchedulerRig({ maxQueueDelayMs: 10, priorities: levels(2) });
    rig.submit([1], { priority: 2 });
    await turns();
    rig.clock.advance(6);
    rig.submit([2], { priority: 1 });
    await turns();
    rig.clock.advance(4);
    await turns();
    expect(rig.executed).toEqual([[2, 1]]);
  });
});

describe('BatchScheduler with a queue timeout that rejects', () => {
  it('refuses at the time, without waiting for an instance, and never runs the entry', async () => {
    await using rig = await occupied({ timeout: timeout('reject') });
    const outcome = rig.submit([1]);
    rig.clock.advance(9);
    await turns();
    expect(outcome.state).toBe('pending');
    rig.clock.advance(1);
    await turns();
    expect(outcome.error).toMatchObject({ code: 'deadline_exceeded', message: 'Request timeout expired', isQueueTimeout: true });
    expect(await runAll(rig)).toEqual([]);
  });

  it('does not limit a run', async () => {
    await using rig = new SchedulerRig({ timeout: timeout('reject') });
    const running = await rig.occupy();
    rig.clock.advance(100);
    rig.runs.at(0).finish();
    await turns();
    expect(running.state).toBe('fulfilled');
  });

  it('takes a shorter wait from the request where the policy allows it', async () => {
    await using rig = await occupied({ timeout: timeout('reject', 10, true) });
    const [short, long] = [rig.submit([1], { queueTimeoutUs: 4000 }), rig.submit([2], { queueTimeoutUs: 40_000 })];
    rig.clock.advance(4);
    await turns();
    expect([short.code, long.code]).toEqual(['deadline_exceeded', undefined]);
    rig.clock.advance(6);
    await turns();
    expect(long.code).toBe('deadline_exceeded');
  });

  it('has each level keep its own time', async () => {
    await using rig = await occupied({
      timeout: timeout('reject', 20),
      priorities: levels(2, [[1, { maxQueueSize: 0, timeout: timeout('reject', 5) }]]),
    });
    const [first, second] = [rig.submit([1], { priority: 1 }), rig.submit([2], { priority: 2 })];
    rig.clock.advance(5);
    await turns();
    expect([first.code, second.code]).toEqual(['deadline_exceeded', undefined]);
  });

  it('has room again, and lets a drain end', async () => {
    await using rig = await occupied({ maxQueueSize: 1, timeout: timeout('reject') });
    rig.submit([1]);
    rig.clock.advance(10);
    const next = rig.submit([2]);
    await turns();
    expect(next.state).toBe('pending');
    rig.clock.advance(10);
    const drained = rig.scheduler.drain(new AbortController().signal);
    rig.runs.at(0).finish();
    await drained;
    expect(rig.scheduler.waiting).toBe(0);
  });

  it('does not run an entry whose timer is late', async () => {
    let now = 0;
    const runs = new HeldRuns();
    const limits = { maxBatchSize: 1, preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0, timeout: timeout('reject') };
    const scheduler = new BatchScheduler({
      limits,
      slots: new FakeSlotSource(1, runs.execute),
      clock: { now: () => now, after: () => () => undefined },
      observer: { closed: () => undefined, refused: () => undefined, split: () => undefined },
    });
    const submit = (value: number) => new Outcome(scheduler.submit({ inputs: [int32Rows([value])], rows: 1, key: '' }, callContext()));
    submit(0);
    await turns();
    const late = submit(1);
    now = 10;
    runs.at(0).finish();
    await turns();
    expect([late.error?.isQueueTimeout, runs.all.length]).toEqual([true, 1]);
    await scheduler.close();
  });

  it('leaves no timer once it is closed', async () => {
    const rig = await occupied({ timeout: timeout('reject') });
    rig.submit([1]);
    await rig[Symbol.asyncDispose]();
    expect(rig.clock.pending).toBe(0);
  });
});

describe('BatchScheduler with a queue timeout that delays', () => {
  it('runs who waited too long behind all of the level that are in time, even who came later', async () => {
    await using rig = await occupied({ maxBatchSize: 1, timeout: timeout('delay') });
    rig.submit([0]);
    rig.submit([1]);
    rig.clock.advance(10);
    rig.submit([2]);
    rig.submit([3]);
    expect(await runAll(rig)).toEqual([2, 3, 0, 1]);
  });

  it('keeps them before the next level', async () => {
    await using rig = await occupied({
      maxBatchSize: 1,
      priorities: levels(2, [[1, { maxQueueSize: 0, timeout: timeout('delay') }]]),
    });
    rig.submit([0], { priority: 2 });
    rig.submit([1], { priority: 1 });
    rig.clock.advance(10);
    rig.submit([2], { priority: 1 });
    expect(await runAll(rig)).toEqual([2, 1, 0]);
  });

  it('still counts them as waiting', async () => {
    await using rig = await occupied({ maxQueueSize: 1, timeout: timeout('delay') });
    rig.submit([0]);
    rig.clock.advance(10);
    const refused = rig.submit([1]);
    await turns();
    expect(refused.code).toBe('overloaded');
  });
});

describe('BatchScheduler with preserve_ordering', () => {
  const ORDERED = { slots: 3, maxBatchSize: 1, preserveOrdering: true };

  it('holds what is ready early, results and failures alike', async () => {
    await using rig = new SchedulerRig(ORDERED);
    const outcomes = [0, 1, 2].map((value) => rig.submit([value]));
    await turns();
    rig.runs.at(2).finish();
    rig.runs.at(1).fail(new ServingError('backend_failed', 'the run failed'));
    await turns();
    expect(outcomes.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending']);
    rig.runs.at(0).finish();
    await turns();
    expect(outcomes.map(({ state }) => state)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('waits for no caller that has gone, whether it ran or waited', async () => {
    await using rig = new SchedulerRig({ ...ORDERED, slots: 2 });
    const [running, waiting] = [new CancelSource(), new CancelSource()];
    rig.submit([0], { signal: running });
    const second = rig.submit([1]);
    rig.submit([2], { signal: waiting });
    const last = rig.submit([3]);
    await turns();
    rig.runs.at(1).finish();
    await turns();
    expect(second.state).toBe('pending');
    running.cancel(GONE);
    await turns();
    expect(second.state).toBe('fulfilled');
    waiting.cancel(GONE);
    for (const run of rig.runs.open) run.finish();
    await turns();
    for (const run of rig.runs.open) run.finish();
    await turns();
    expect(last.state).toBe('fulfilled');
  });

  it('lets later answers out when an earlier request waited too long', async () => {
    await using rig = new SchedulerRig({ ...ORDERED, slots: 1, timeout: timeout('reject') });
    rig.submit([0]);
    await turns();
    const [late, next] = [rig.submit([1]), rig.submit([2])];
    rig.clock.advance(10);
    rig.runs.at(0).finish();
    await turns();
    expect([late.code, next.code]).toEqual(['deadline_exceeded', 'deadline_exceeded']);
    const after = rig.submit([3]);
    await turns();
    rig.runs.at(1).finish();
    await turns();
    expect(after.state).toBe('fulfilled');
  });
});
