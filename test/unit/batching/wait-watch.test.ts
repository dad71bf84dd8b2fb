import { describe, expect, it } from '@jest/globals';
import { Entry } from '../../../src/batching/entry.js';
import { WaitWatch } from '../../../src/batching/wait-watch.js';
import { callContext } from '../../support/call-context.js';
import { ManualClock } from '../../support/manual-clock.js';

class Rig {
  readonly clock = new ManualClock();
  readonly told: [entry: Entry, at: number][] = [];
  readonly watch = new WaitWatch(this.clock, ({ entry }) => this.told.push([entry, this.clock.now()]));

  add(at: number): Entry {
    const entry = new Entry({ inputs: [], rows: 1, key: '' }, callContext(), 0);
    this.watch.add({ entry, at, action: 'reject' });
    return entry;
  }
}

describe('WaitWatch', () => {
  it('tells of each entry once, at its time, with one timer for all', () => {
    const rig = new Rig();
    const [late, early, middle] = [rig.add(30), rig.add(10), rig.add(20)];
    expect(rig.clock.pending).toBe(1);
    rig.clock.advance(100);
    expect(rig.told).toEqual([
      [early, 10],
      [middle, 20],
      [late, 30],
    ]);
    expect(rig.clock.pending).toBe(0);
  });

  it('says nothing of an entry that has left', () => {
    const rig = new Rig();
    const [gone, other] = [rig.add(10), rig.add(20)];
    rig.watch.remove(gone);
    rig.watch.remove(gone);
    rig.clock.advance(100);
    expect(rig.told).toEqual([[other, 20]]);
  });

  it('does not wait for a late timer when it is asked to look', () => {
    const rig = new Rig();
    const [due] = [rig.add(10), rig.add(11)];
    rig.watch.sweep(10);
    expect(rig.told).toEqual([[due, 0]]);
  });

  it('takes up again after it had nothing to watch', () => {
    const rig = new Rig();
    rig.add(10);
    rig.clock.advance(50);
    const next = rig.add(60);
    rig.clock.advance(50);
    expect(rig.told[1]).toEqual([next, 60]);
  });

  it('leaves no timer behind', () => {
    const rig = new Rig();
    rig.add(10);
    rig.watch.close();
    expect(rig.clock.pending).toBe(0);
  });
});
