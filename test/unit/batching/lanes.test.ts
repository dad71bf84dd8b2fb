import { describe, expect, it } from '@jest/globals';
import { Lanes } from '../../../src/batching/lanes.js';
import { ServingError } from '../../../src/error/serving-error.js';
import { turns } from '../../support/event-loop.js';
import { FakeSlotSource, identity } from '../../support/fake-slot-source.js';

const NONE = new ServingError('backend_unavailable', 'no instance can be made', { retryAfterMs: 100 });
const CLOSED = new ServingError('draining', 'the model was unloaded', { retryAfterMs: 0 });

function createRig(size = 2) {
  const slots = new FakeSlotSource(size, (inputs) => Promise.resolve(identity(inputs)));
  const errors: ServingError[] = [];
  const rig = { slots, errors, granted: 0 };
  const lanes = new Lanes(slots, { onLane: () => (rig.granted += 1), onUnavailable: (error) => errors.push(error) });
  return { ...rig, lanes, grantedSoFar: () => rig.granted };
}

const instancesOf = (lanes: Lanes) => Array.from(lanes, ({ instance }) => instance).sort();

describe('Lanes', () => {
  it('asks for one instance at a time, and for no more than there are', async () => {
    const { lanes, slots, grantedSoFar } = createRig();
    lanes.want();
    lanes.want();
    await turns();
    expect([slots.granted, lanes.canGrow]).toEqual([1, true]);
    lanes.want();
    await turns();
    expect([slots.granted, lanes.canGrow, grantedSoFar()]).toEqual([2, false, 2]);
    lanes.want();
    await turns();
    expect(slots.granted).toBe(2);
    expect(instancesOf(lanes)).toEqual(['fake-1', 'fake-2']);
  });

  it('counts what it has asked for as good as held', () => {
    const { lanes } = createRig(1);
    lanes.want();
    expect(lanes.canGrow).toBe(false);
  });

  it('gives back what nothing runs on', async () => {
    const { lanes, slots } = createRig();
    lanes.want();
    await turns();
    const [lane] = lanes;
    lane?.enter(1, 0);
    lanes.releaseIdle();
    expect(slots.lent).toBe(1);
    lane?.leave(1);
    lanes.releaseIdle();
    expect([slots.lent, instancesOf(lanes)]).toEqual([0, []]);
  });

  it('remembers what it learned of an instance that it gave back', async () => {
    const { lanes } = createRig(1);
    lanes.want();
    await turns();
    for (const { costs } of lanes) for (let run = 0; run < 10; run++) costs.observe(1, 5);
    lanes.releaseIdle();
    lanes.want();
    await turns();
    for (const { costs } of lanes) expect(costs.executeMs(1)).toBeCloseTo(5);
  });

  it('lets a new instance begin with what is known of the newest, and forgets the dead', async () => {
    const { lanes, slots } = createRig(1);
    expect(lanes.newestCosts).toBeUndefined();
    lanes.want();
    await turns();
    const [old] = lanes;
    for (let run = 0; run < 10; run++) old?.costs.observe(1, 5);
    if (old !== undefined) lanes.dropBroken(old);
    expect(instancesOf(lanes)).toEqual(['fake-1']);
    lanes.releaseIdle();
    slots.break('fake-1');
    lanes.want();
    await turns();
    const [fresh] = lanes;
    expect(fresh?.costs).not.toBe(old?.costs);
    expect(fresh?.costs.executeMs(1)).toBeCloseTo(5);
  });

  it('gives a broken instance back at once, and once', async () => {
    const { lanes, slots } = createRig(1);
    lanes.want();
    await turns();
    const [lane] = lanes;
    lane?.enter(1, 0);
    slots.break('fake-1');
    if (lane !== undefined) for (let time = 0; time < 2; time++) lanes.dropBroken(lane);
    expect([slots.lent, slots.returned]).toEqual([0, 1]);
  });

  it('keeps what is known of few instances, however many die unseen', async () => {
    const { lanes, slots } = createRig(1);
    for (let life = 0; life < 5; life++) {
      lanes.want();
      await turns();
      for (const { costs } of lanes) costs.observe(1, 10 ** life);
      lanes.releaseIdle();
      slots.break(`fake-1${"'".repeat(life)}`);
    }
    expect(lanes.newestCosts?.executeMs(1)).toBeGreaterThan(0);
  });

  it('says why there is no instance, unless it holds one', async () => {
    const { lanes, slots, errors } = createRig();
    slots.refuse(NONE);
    lanes.want();
    await turns();
    expect(errors).toEqual([NONE]);
    slots.recover();
    lanes.want();
    await turns();
    slots.refuse(NONE);
    lanes.want();
    await turns();
    expect([errors, lanes.canGrow]).toEqual([[NONE], true]);
  });

  it('ends what it asked for when it is closed, and gives back what comes too late', async () => {
    const { lanes, slots } = createRig(0);
    lanes.want();
    await lanes.close(CLOSED);
    expect(slots.waiting).toBe(0);
    const late = createRig(1);
    late.lanes.want();
    await late.lanes.close(CLOSED);
    expect([late.slots.granted, late.slots.lent, late.grantedSoFar()]).toEqual([1, 0, 0]);
  });
});
