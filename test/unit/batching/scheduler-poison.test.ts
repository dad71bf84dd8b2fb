import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { CancelSource } from '../../../src/model/cancel-signal.js';
import type { SlabTensor } from '../../../src/tensor/tensor.js';
import { turns } from '../../support/event-loop.js';
import { identity } from '../../support/fake-slot-source.js';
import { readInt32 } from '../../support/row-tensors.js';
import { SchedulerRig } from '../../support/scheduler-rig.js';

const GONE = new ServingError('cancelled', 'the caller has gone');
const failure = () => new ServingError('backend_failed', 'the model failed to execute in the runtime', { runFailed: true });

/** Fails with any batch that holds one of `poison`. */
function poisonedBy(...poison: readonly number[]) {
  return (inputs: readonly SlabTensor[]) => {
    const isPoisoned = readInt32(inputs[0]).some((value) => poison.includes(value));
    return isPoisoned ? Promise.reject(failure()) : Promise.resolve(identity(inputs));
  };
}

describe('BatchScheduler with a member that makes its batch fail', () => {
  it('fails that one alone, and gives the others their own rows', async () => {
    await using rig = new SchedulerRig({ execute: poisonedBy(3) });
    const outcomes = [1, 2, 3, 4, 5].map((value) => rig.submit([value]));
    await turns(20);
    expect(outcomes.map(({ code, values }) => code ?? values)).toEqual([[1], [2], 'backend_failed', [4], [5]]);
    expect(outcomes.every(({ settlements }) => settlements === 1)).toBe(true);
    expect(rig.slots.lent).toBe(0);
  });

  it('splits in halves, so that one among many costs a logarithm of runs', async () => {
    let runs = 0;
    const run = poisonedBy(5);
    const execute = (inputs: readonly SlabTensor[]) => {
      runs += 1;
      return run(inputs);
    };
    await using rig = new SchedulerRig({ maxBatchSize: 64, execute });
    const outcomes = Array.from({ length: 64 }, (_, value) => rig.submit([value]));
    await turns(40);
    expect(outcomes.filter(({ state }) => state === 'rejected')).toHaveLength(1);
    expect(runs).toBe(1 + 2 * 6);
    expect(rig.splits).toBe(6);
  });

  it('fails each by itself where every one is poison', async () => {
    await using rig = new SchedulerRig({ execute: poisonedBy(1, 2, 3) });
    const outcomes = [1, 2, 3].map((value) => rig.submit([value]));
    await turns(20);
    expect(outcomes.map(({ code }) => code)).toEqual(['backend_failed', 'backend_failed', 'backend_failed']);
    expect(rig.closed.map(({ rows, reason }) => [rows, reason])).toEqual([
      [1, 'isolating_failure'],
      [1, 'isolating_failure'],
      [1, 'isolating_failure'],
    ]);
  });

  it('runs neither who has left nor who has expired meanwhile', async () => {
    await using rig = new SchedulerRig();
    const signal = new CancelSource();
    const [stays, gone, late] = [rig.submit([1]), rig.submit([2], { signal }), rig.submit([3], { deadline: 5 })];
    await turns();
    signal.cancel(GONE);
    rig.clock.advance(5);
    rig.runs.at(0).fail(failure());
    await turns();
    expect(rig.executed).toEqual([[1, 2, 3], [1]]);
    rig.runs.at(1).finish();
    await turns();
    expect([stays.values, gone.error, late.code]).toEqual([[1], GONE, 'deadline_exceeded']);
  });

  it('never runs a batch again that died with its worker', async () => {
    await using rig = new SchedulerRig();
    const outcomes = [rig.submit([1]), rig.submit([2])];
    await turns();
    rig.runs.at(0).fail(new ServingError('backend_failed', 'the worker died while it ran this batch'));
    await turns();
    expect(outcomes.map(({ code }) => code)).toEqual(['backend_failed', 'backend_failed']);
    expect(rig.executed).toHaveLength(1);
  });

  it('keeps the order of answers where the model asks for it', async () => {
    await using rig = new SchedulerRig({ preserveOrdering: true, execute: poisonedBy(2) });
    const order: number[] = [];
    await Promise.all([1, 2, 3, 4].map((value) => rig.submit([value]).settled.then(() => order.push(value))));
    expect(order).toEqual([1, 2, 3, 4]);
  });
});
