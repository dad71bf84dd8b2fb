import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { CancelSource } from '../../../src/model/cancel-signal.js';
import { callContext } from '../../support/call-context.js';
import { turns } from '../../support/event-loop.js';
import { identity } from '../../support/fake-slot-source.js';
import { int32Rows } from '../../support/row-tensors.js';
import { SchedulerRig } from '../../support/scheduler-rig.js';

const GONE = new ServingError('cancelled', 'the caller has gone');
const NO_INSTANCE = new ServingError('backend_unavailable', 'no instance can be made', { retryAfterMs: 100 });
const NEVER = new AbortController().signal;

/** Whether a promise has settled by now. */
function watch(promise: Promise<void>): { settled: boolean } {
  const watched = { settled: false };
  promise.then(
    () => {
      watched.settled = true;
    },
    () => {
      watched.settled = true;
    },
  );
  return watched;
}

describe('BatchScheduler', () => {
  it('runs a submission and gives back its rows', async () => {
    await using rig = new SchedulerRig();
    const outcome = rig.submit([1, 2]);
    await turns();
    rig.runs.at(0).finish();
    await turns();
    expect(outcome.values).toEqual([1, 2]);
    expect(outcome.result?.timings.batchSize).toBe(2);
  });

  it('runs together what came in one turn of the event loop', async () => {
    await using rig = new SchedulerRig({ slots: 4 });
    for (const value of [1, 2, 3]) {
      rig.submit([value]);
      for (let microtask = 0; microtask < 20; microtask++) await Promise.resolve();
    }
    await turns();
    expect(rig.executed).toEqual([[1, 2, 3]]);
  });

  it('lets a batch grow while every slot is busy', async () => {
    await using rig = new SchedulerRig();
    await rig.occupy();
    const outcomes = [];
    for (const value of [1, 2, 3]) {
      outcomes.push(rig.submit([value]));
      await turns();
    }
    expect(rig.executed).toEqual([[-1]]);
    rig.runs.at(0).finish();
    await turns();
    rig.runs.at(1).finish();
    await turns();
    expect(rig.executed).toEqual([[-1], [1, 2, 3]]);
    expect(outcomes.map(({ values }) => values)).toEqual([[1], [2], [3]]);
  });

  it('uses every slot that is free', async () => {
    await using rig = new SchedulerRig({ slots: 2 });
    await rig.occupy();
    rig.submit([1]);
    await turns();
    rig.submit([2]);
    await turns();
    expect(rig.executed).toEqual([[-1], [1]]);
    expect(rig.scheduler.waiting).toBe(1);
  });

  it('never runs more rows than max batch size, and fills a batch with what fits of those that wait', async () => {
    await using rig = new SchedulerRig({ maxBatchSize: 4, execute: (inputs) => Promise.resolve(identity(inputs)) });
    const sizes = [3, 2, 2, 4, 1, 1];
    const outcomes = sizes.map((rows, at) => rig.submit(Array.from({ length: rows }, () => at)));
    await turns(20);
    expect(rig.closed.map(({ rows }) => rows)).toEqual([4, 4, 4, 1]);
    expect(outcomes.map(({ values }) => values.length)).toEqual(sizes);
  });

  it('runs one request at a time for an unbatched model, in the shape that it came in', async () => {
    await using rig = new SchedulerRig({ maxBatchSize: 0 });
    await rig.occupy();
    const result = rig.scheduler.submit({ inputs: [int32Rows([1, 2, 3, 4], 'INPUT0', 2)], rows: 1, key: '' }, callContext());
    rig.submit([5]);
    rig.runs.at(0).finish();
    await turns();
    expect(rig.runs.at(1).inputs[0]?.shape).toEqual([2, 2]);
    rig.runs.at(1).finish({ outputs: [int32Rows([9])], executeUs: 0 });
    await turns();
    expect(await result).toMatchObject({ outputs: [{ shape: [1, 1] }], timings: { batchSize: 1 } });
    expect(rig.executed).toEqual([[-1], [1, 2, 3, 4], [5]]);
  });

  it('never joins entries of different keys, and serves the one that waited longest first', async () => {
    await using rig = new SchedulerRig({ execute: (inputs) => Promise.resolve(identity(inputs)) });
    rig.submit([1], { key: 'a' });
    rig.submit([2], { key: 'b' });
    rig.submit([3], { key: 'a' });
    await turns(10);
    expect(rig.closed.map(({ entries }) => entries.map(({ key }) => key))).toEqual([['a', 'a'], ['b']]);
  });
});

describe('BatchScheduler with a max queue delay', () => {
  it('holds a batch until its oldest entry is that old', async () => {
    await using rig = new SchedulerRig({ maxQueueDelayMs: 10 });
    rig.submit([1]);
    await turns();
    rig.clock.advance(6);
    rig.submit([2]);
    await turns();
    rig.clock.advance(3.9);
    await turns();
    expect(rig.executed).toEqual([]);
    rig.clock.advance(0.1);
    await turns();
    expect(rig.executed).toEqual([[1, 2]]);
    expect(rig.closed).toEqual([]);
  });

  it('counts the time that an entry waited for its slot', async () => {
    await using rig = new SchedulerRig({ maxQueueDelayMs: 10 });
    rig.submit([-1]);
    await turns();
    rig.clock.advance(10);
    await turns();
    rig.submit([1]);
    rig.clock.advance(10);
    rig.runs.at(0).finish();
    await turns();
    expect(rig.executed).toEqual([[-1], [1]]);
  });

  it('sends a batch that is full before the delay is over, and leaves no timer behind', async () => {
    await using rig = new SchedulerRig({ maxQueueDelayMs: 10, maxBatchSize: 2 });
    rig.submit([1]);
    await turns();
    rig.submit([2]);
    await turns();
    expect(rig.executed).toEqual([[1, 2]]);
    expect(rig.clock.pending).toBe(0);
  });

  it('gives the slot back when everybody has left during the delay', async () => {
    await using rig = new SchedulerRig({ maxQueueDelayMs: 10 });
    const signal = new CancelSource();
    const outcome = rig.submit([1], { signal });
    await turns();
    expect(rig.slots.lent).toBe(1);
    signal.cancel(GONE);
    await turns();
    expect(outcome.error).toBe(GONE);
    expect([rig.slots.lent, rig.clock.pending]).toEqual([0, 0]);
    rig.clock.advance(10);
    await turns();
    expect(rig.executed).toEqual([]);
  });
});

describe('BatchScheduler with preferred batch sizes', () => {
  it('sends a preferred size as soon as it has gathered', async () => {
    await using rig = new SchedulerRig({ preferredBatchSizes: [2, 4], maxQueueDelayMs: 50 });
    rig.submit([1]);
    await turns();
    expect(rig.executed).toEqual([]);
    rig.submit([2]);
    await turns();
    expect(rig.executed).toEqual([[1, 2]]);
  });

  it('waits on where the entries step over a size without making it up', async () => {
    await using rig = new SchedulerRig({ preferredBatchSizes: [4, 8], maxQueueDelayMs: 50 });
    rig.submit([1, 1, 1]);
    rig.submit([2, 2, 2]);
    await turns();
    expect(rig.executed).toEqual([]);
    rig.submit([3, 3]);
    await turns();
    expect(rig.executed).toEqual([[1, 1, 1, 2, 2, 2, 3, 3]]);
  });

  it('sends all that fits once the oldest entry has waited for the delay', async () => {
    await using rig = new SchedulerRig({ preferredBatchSizes: [2], maxQueueDelayMs: 50 });
    rig.submit([-1, -1]);
    await turns();
    for (const value of [1, 2, 3]) rig.submit([value]);
    rig.clock.advance(50);
    rig.runs.at(0).finish();
    await turns();
    expect(rig.executed).toEqual([
      [-1, -1],
      [1, 2, 3],
    ]);
  });
});

describe('BatchScheduler when a run fails', () => {
  it('settles each member with the error, gives the slot back and goes on', async () => {
    await using rig = new SchedulerRig();
    const outcomes = [rig.submit([1]), rig.submit([2])];
    await turns();
    const error = new ServingError('backend_failed', 'the worker died');
    rig.runs.at(0).fail(error);
    await turns();
    expect(outcomes.map((outcome) => outcome.error)).toEqual([error, error]);
    expect(rig.slots.lent).toBe(0);
    const next = rig.submit([3]);
    await turns();
    rig.runs.at(1).finish();
    await turns();
    expect(next.values).toEqual([3]);
  });

  it('takes a synchronous throw for a rejection', async () => {
    let broken = true;
    await using rig = new SchedulerRig({
      execute: (inputs) => {
        if (broken) throw new TypeError('not a function');
        return Promise.resolve(identity(inputs));
      },
    });
    const outcomes = [rig.submit([1]), rig.submit([2])];
    await turns();
    expect(outcomes.map(({ error }) => [error?.code, error?.message])).toEqual([
      ['internal', 'internal error'],
      ['internal', 'internal error'],
    ]);
    broken = false;
    const next = rig.submit([3]);
    await turns();
    expect(next.values).toEqual([3]);
    expect(rig.slots.lent).toBe(0);
  });

  it('settles each member when the batch cannot even be assembled', async () => {
    await using rig = new SchedulerRig();
    const whole = rig.submit([1]);
    const lacking = rig.scheduler.submit({ inputs: [], rows: 1, key: '' }, callContext());
    await expect(lacking).rejects.toMatchObject({ code: 'internal' });
    expect(whole.code).toBe('internal');
    expect(rig.executed).toEqual([]);
    expect(rig.slots.lent).toBe(0);
  });

  it('fails every member when the outputs have another number of rows than went in, and says so to the observer', async () => {
    await using rig = new SchedulerRig();
    const outcomes = [rig.submit([1]), rig.submit([2])];
    await turns();
    rig.runs.at(0).finish({ outputs: [int32Rows([1, 2, 3])], executeUs: 70 });
    await turns();
    expect(outcomes.map(({ code }) => code)).toEqual(['backend_failed', 'backend_failed']);
    expect(rig.closed).toMatchObject([{ rows: 2, error: { code: 'backend_failed' }, executeUs: 0 }]);
  });
});

describe('BatchScheduler when no slot can be had', () => {
  it('tells everyone who waits why, and serves those who come later', async () => {
    await using rig = new SchedulerRig();
    rig.slots.refuse(NO_INSTANCE);
    const outcomes = [rig.submit([1]), rig.submit([2], { key: 'other' })];
    await turns();
    expect(outcomes.map(({ error }) => error)).toEqual([NO_INSTANCE, NO_INSTANCE]);
    expect(rig.scheduler.waiting).toBe(0);
    rig.slots.recover();
    const next = rig.submit([3]);
    await turns();
    rig.runs.at(0).finish();
    await turns();
    expect(next.values).toEqual([3]);
  });

  it('takes a synchronous throw of the slot source for a rejection', async () => {
    await using rig = new SchedulerRig();
    rig.slots.acquire = () => {
      throw NO_INSTANCE;
    };
    const outcome = rig.submit([1]);
    await turns();
    expect(outcome.error).toBe(NO_INSTANCE);
  });
});

describe('BatchScheduler and deadlines', () => {
  it('never runs an expired entry, even where nobody has cancelled it yet', async () => {
    await using rig = new SchedulerRig();
    await rig.occupy();
    const [late, inTime] = [rig.submit([1], { deadline: 20 }), rig.submit([2], { deadline: 21 })];
    await turns();
    rig.clock.advance(20);
    rig.runs.at(0).finish();
    await turns();
    expect(late.code).toBe('deadline_exceeded');
    expect(rig.executed).toEqual([[-1], [2]]);
    rig.runs.at(1).finish();
    await turns();
    expect(inTime.values).toEqual([2]);
  });

  it('gives the slot back where all that waited had expired, and goes on', async () => {
    await using rig = new SchedulerRig();
    await rig.occupy();
    const late = [rig.submit([1], { deadline: 20 }), rig.submit([2], { deadline: 20 })];
    rig.clock.advance(20);
    rig.runs.at(0).finish();
    await turns();
    expect(late.map(({ code }) => code)).toEqual(['deadline_exceeded', 'deadline_exceeded']);
    expect([rig.slots.lent, rig.runs.all.length]).toEqual([0, 1]);
    rig.submit([3]);
    await turns();
    expect(rig.executed).toEqual([[-1], [3]]);
  });
});

describe('BatchScheduler and cancellation', () => {
  it('removes a waiting entry at once', async () => {
    await using rig = new SchedulerRig();
    await rig.occupy();
    const signal = new CancelSource();
    const [gone, stays] = [rig.submit([1], { signal }), rig.submit([2])];
    expect(rig.scheduler.waiting).toBe(2);
    signal.cancel(GONE);
    expect(rig.scheduler.waiting).toBe(1);
    await turns();
    expect(gone.error).toBe(GONE);
    rig.runs.at(0).finish();
    await turns();
    expect(rig.executed).toEqual([[-1], [2]]);
    rig.runs.at(1).finish();
    await turns();
    expect(stays.values).toEqual([2]);
  });

  it('refuses a call that was cancelled before it came', async () => {
    await using rig = new SchedulerRig();
    const signal = new CancelSource();
    signal.cancel(GONE);
    const outcome = rig.submit([1], { signal });
    expect(rig.scheduler.waiting).toBe(0);
    await turns();
    expect(outcome.error).toBe(GONE);
    expect(rig.slots.lent).toBe(0);
    expect(rig.executed).toEqual([]);
  });

  it('lets a running batch go on for its other members', async () => {
    await using rig = new SchedulerRig();
    const signal = new CancelSource();
    const [gone, stays] = [rig.submit([1], { signal }), rig.submit([2])];
    await turns();
    signal.cancel(GONE);
    await turns();
    expect(gone.error).toBe(GONE);
    expect(rig.runs.at(0).signal.aborted).toBe(false);
    rig.runs.at(0).finish();
    await turns();
    expect(stays.values).toEqual([2]);
  });

  it('tells the instance once all members of a running batch have gone, and keeps the slot until the run has ended', async () => {
    await using rig = new SchedulerRig();
    const signal = new CancelSource();
    rig.submit([1], { signal });
    rig.submit([2], { signal });
    await turns();
    signal.cancel(GONE);
    await turns();
    expect(rig.runs.at(0).signal.aborted).toBe(true);
    expect(rig.slots.lent).toBe(1);
    rig.runs.at(0).fail(rig.runs.at(0).signal.reason);
    await turns();
    expect(rig.slots.lent).toBe(0);
  });

  it('takes no slot from others for a queue that has emptied meanwhile', async () => {
    await using rig = new SchedulerRig({ slots: 0 });
    const signal = new CancelSource();
    rig.submit([1], { signal });
    await turns();
    signal.cancel(GONE);
    rig.slots.add();
    await turns();
    expect([rig.slots.granted, rig.slots.lent]).toEqual([1, 0]);
  });
});

describe('BatchScheduler with a bounded queue', () => {
  it('refuses what is too much as overloaded and says when to come again', async () => {
    await using rig = new SchedulerRig({ maxQueueSize: 2, maxBatchSize: 2 });
    await rig.occupy();
    rig.clock.advance(80);
    rig.runs.at(0).finish();
    await turns();
    await rig.occupy();
    rig.submit([1]);
    rig.submit([2]);
    const refused = rig.submit([3]);
    await turns();
    expect(refused.code).toBe('overloaded');
    expect(refused.error?.message).toContain('Exceeds maximum queue size of 2');
    expect(rig.refused).toBe(1);
    expect(refused.error?.retryAfterMs).toBe(10);
    expect(rig.scheduler.waiting).toBe(2);
  });

  it('says to come again in a millisecond at the least, even before the first batch was timed', async () => {
    await using rig = new SchedulerRig({ maxQueueSize: 1 });
    await rig.occupy();
    rig.submit([1]);
    const refused = rig.submit([2]);
    await turns();
    expect(refused.error?.retryAfterMs).toBe(1);
  });

  it('has room again as soon as a waiting entry is cancelled', async () => {
    await using rig = new SchedulerRig({ maxQueueSize: 1 });
    await rig.occupy();
    const signal = new CancelSource();
    rig.submit([1], { signal });
    signal.cancel(GONE);
    const next = rig.submit([2]);
    await turns();
    expect(next.state).toBe('pending');
  });
});

describe('BatchScheduler.drain', () => {
  it('refuses newcomers, lets those who run and wait finish, then resolves', async () => {
    await using rig = new SchedulerRig();
    const running = await rig.occupy();
    const waiting = rig.submit([1]);
    const drained = watch(rig.scheduler.drain(NEVER));
    const refused = rig.submit([2]);
    await turns();
    expect(refused.code).toBe('draining');
    rig.runs.at(0).finish();
    await turns();
    expect(drained.settled).toBe(false);
    rig.runs.at(1).finish();
    await turns();
    expect([running.values, waiting.values]).toEqual([[-1], [1]]);
    expect(drained.settled).toBe(true);
  });

  it('waits for no company: what is held for the delay goes at once', async () => {
    await using rig = new SchedulerRig({ maxQueueDelayMs: 10_000 });
    const outcome = rig.submit([1]);
    await turns();
    const drained = watch(rig.scheduler.drain(NEVER));
    await turns();
    rig.runs.at(0).finish();
    await turns();
    expect(outcome.values).toEqual([1]);
    expect(drained.settled).toBe(true);
  });

  it('resolves at once where nothing waits or runs, again and again', async () => {
    await using rig = new SchedulerRig();
    await rig.scheduler.drain(NEVER);
    await rig.scheduler.drain(NEVER);
    expect(rig.submit([1]).state).toBe('pending');
  });

  it('returns when its signal aborts, and at once where it has aborted before; the work goes on', async () => {
    await using rig = new SchedulerRig();
    const running = await rig.occupy();
    await rig.scheduler.drain(AbortSignal.abort());
    const patience = new AbortController();
    const drained = watch(rig.scheduler.drain(patience.signal));
    await turns();
    expect(drained.settled).toBe(false);
    patience.abort();
    await turns();
    expect(drained.settled).toBe(true);
    rig.runs.at(0).finish();
    await turns();
    expect(running.values).toEqual([-1]);
  });

  it('settles who still waits with draining when its signal aborts, for their callers hold what a hurried unload waits for', async () => {
    await using rig = new SchedulerRig();
    const running = await rig.occupy();
    const waiting = rig.submit([1]);
    const patience = new AbortController();
    const drained = watch(rig.scheduler.drain(patience.signal));
    await turns();
    expect(waiting.state).toBe('pending');
    patience.abort();
    await turns();
    expect([waiting.code, running.state, drained.settled]).toEqual(['draining', 'pending', true]);
  });

  it('resolves when the last one who waits for a slot that never comes has gone', async () => {
    await using rig = new SchedulerRig({ slots: 0 });
    const signal = new CancelSource();
    rig.submit([1], { signal });
    await turns();
    const drained = watch(rig.scheduler.drain(NEVER));
    await turns();
    expect(drained.settled).toBe(false);
    signal.cancel(GONE);
    await turns();
    expect(drained.settled).toBe(true);
  });

  it('resolves when close cuts it short', async () => {
    await using rig = new SchedulerRig({ slots: 0 });
    const outcome = rig.submit([1]);
    await turns();
    const drained = watch(rig.scheduler.drain(NEVER));
    await turns();
    await rig.scheduler.close();
    await turns();
    expect(outcome.code).toBe('draining');
    expect(drained.settled).toBe(true);
  });
});

describe('BatchScheduler.close', () => {
  it('settles who waits with draining and lets the running batch end by itself', async () => {
    await using rig = new SchedulerRig();
    const running = await rig.occupy();
    const waiting = [rig.submit([1]), rig.submit([2], { key: 'other' })];
    const closed = watch(rig.scheduler.close());
    await turns();
    expect(waiting.map(({ code }) => code)).toEqual(['draining', 'draining']);
    expect([running.state, closed.settled]).toEqual(['pending', false]);
    rig.runs.at(0).finish();
    await turns();
    expect(running.values).toEqual([-1]);
    expect(closed.settled).toBe(true);
    expect(rig.slots.lent).toBe(0);
  });

  it('is idempotent, and a closed scheduler refuses everything and drains at once', async () => {
    await using rig = new SchedulerRig();
    await Promise.all([rig.scheduler.close(), rig.scheduler.close()]);
    await rig.scheduler.close();
    await rig.scheduler.drain(NEVER);
    const refused = rig.submit([1]);
    await turns();
    expect(refused.code).toBe('draining');
  });

  it.each([
    ['waits for a slot', { slots: 0 }],
    ['holds a slot for the delay', { maxQueueDelayMs: 10 }],
  ])('ends a loop that %s, and the slot goes back', async (_what, options) => {
    await using rig = new SchedulerRig(options);
    const outcome = rig.submit([1]);
    await turns();
    await rig.scheduler.close();
    await turns();
    expect(outcome.code).toBe('draining');
    expect([rig.slots.lent, rig.slots.waiting, rig.clock.pending]).toEqual([0, 0, 0]);
  });
});

describe('BatchScheduler and its observer', () => {
  it('tells of every batch with its times in order', async () => {
    await using rig = new SchedulerRig();
    await rig.occupy();
    rig.submit([1]);
    rig.submit([2, 3]);
    rig.clock.advance(5);
    rig.runs.at(0).finish(identity(rig.runs.at(0).inputs, 4000));
    await turns();
    rig.clock.advance(7);
    rig.runs.at(1).fail(new ServingError('backend_failed', 'the run failed'));
    await turns();
    expect(rig.closed).toMatchObject([
      { rows: 1, reason: 'instance_free', instance: 'fake-1', executeUs: 4000, dispatchedAt: 0, assembledAt: 0, executedAt: 5 },
      { rows: 3, reason: 'instance_free', instance: 'fake-1', executeUs: 0, dispatchedAt: 5, assembledAt: 5, executedAt: 12 },
    ]);
    expect(rig.closed.map(({ error }) => error?.code)).toEqual([undefined, 'backend_failed']);
    expect(rig.closed[1]?.entries.map(({ rows, enqueuedAt }) => [rows, enqueuedAt])).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  it('tells why each batch closed', async () => {
    await using rig = new SchedulerRig({
      maxQueueDelayMs: 10,
      maxBatchSize: 2,
      execute: (inputs) => Promise.resolve(identity(inputs)),
    });
    rig.submit([1, 2]);
    await turns();
    rig.submit([3]);
    await turns();
    rig.clock.advance(10);
    await turns();
    rig.submit([4]);
    await rig.scheduler.drain(NEVER);
    expect(rig.closed.map(({ reason }) => reason)).toEqual(['max_batch_size', 'max_queue_delay', 'draining']);
  });
});
