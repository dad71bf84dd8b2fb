import { describe, expect, it } from '@jest/globals';
import { CostModel } from '../../../src/batching/cost-model.js';
import { Lane } from '../../../src/batching/lane.js';
import { FakeSlotSource, identity } from '../../support/fake-slot-source.js';

const NEVER = new AbortController().signal;

async function createLane(depth = 2) {
  const source = new FakeSlotSource(1, (inputs) => Promise.resolve(identity(inputs)), depth);
  const costs = new CostModel();
  for (let run = 0; run < 10; run++) costs.observe(4, 8);
  return { source, lane: new Lane(await source.acquire(NEVER), costs) };
}

describe('Lane', () => {
  it('has room for as many batches as its instance takes, and none once that is broken', async () => {
    const { source, lane } = await createLane();
    expect([lane.instance, lane.depth, lane.inFlight, lane.hasRoom, lane.broken]).toEqual(['fake-1', 2, 0, true, false]);
    lane.enter(4, 100);
    expect(lane.hasRoom).toBe(true);
    lane.enter(4, 100);
    expect([lane.inFlight, lane.hasRoom]).toEqual([2, false]);
    lane.leave(108);
    expect(lane.hasRoom).toBe(true);
    source.break('fake-1');
    expect([lane.hasRoom, lane.broken]).toEqual([false, true]);
  });

  it('tells when what is under way will be over, counted from the end of the last run', async () => {
    const { lane } = await createLane();
    expect(lane.freeAt).toBe(Number.NEGATIVE_INFINITY);
    lane.enter(4, 100);
    lane.enter(4, 103);
    expect(lane.freeAt).toBeCloseTo(116, 1);
    lane.leave(110);
    expect([lane.freeSince, Math.round(lane.freeAt)]).toEqual([110, 118]);
    lane.leave(115);
    expect(lane.freeAt).toBe(115);
    lane.enter(4, 200);
    expect(Math.round(lane.freeAt)).toBe(208);
  });

  it('knows nothing of what was never seen', async () => {
    const source = new FakeSlotSource(1, (inputs) => Promise.resolve(identity(inputs)));
    const lane = new Lane(await source.acquire(NEVER), new CostModel());
    lane.enter(4, 100);
    expect(lane.freeAt).toBe(100);
  });

  it('gives its instance back', async () => {
    const { source, lane } = await createLane();
    lane.release();
    expect(source.lent).toBe(0);
  });
});
