import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { LoadSet } from '../../../src/registry/load-set.js';
import { Version } from '../../../src/registry/version.js';
import { turns } from '../../support/event-loop.js';
import { FakeLoader, type FakeServable, versionSource } from '../../support/fake-servables.js';
import { ManualClock } from '../../support/manual-clock.js';

const GRACE_MS = 100;

class Rig {
  readonly clock = new ManualClock();
  readonly loader = new FakeLoader();
  readonly steps: string[] = [];
  readonly hurry = new AbortController();
  readonly version: Version<FakeServable>;

  constructor() {
    this.version = new Version(versionSource('m', '1'), {
      clock: this.clock,
      closeGraceMs: GRACE_MS,
      onStep: ({ state }, from, elapsedMs) => this.steps.push(`${from} ${elapsedMs} ${state}`),
    });
  }

  async loaded(): Promise<FakeServable> {
    const loading = this.version.load(this.loader);
    const servable = this.loader.finish('m/1');
    await loading;
    return servable;
  }

  retire(): Promise<void> {
    return this.version.retire(this.hurry.signal);
  }
}

describe('Version', () => {
  it('tells each step and the time before it', async () => {
    const rig = new Rig();
    rig.clock.advance(5);
    const loading = rig.version.load(rig.loader);
    rig.clock.advance(20);
    rig.loader.finish('m/1');
    await loading;
    rig.clock.advance(300);
    await rig.retire();
    expect(rig.steps).toEqual(['new 5 loading', 'loading 20 ready', 'ready 300 draining', 'draining 0 unloading', 'unloading 0 gone']);
  });

  it('lends its servable while it is ready', async () => {
    const rig = new Rig();
    expect(rig.version.lend()).toBeUndefined();
    const servable = await rig.loaded();
    using first = rig.version.lend();
    using second = rig.version.lend();
    expect(first?.servable).toBe(servable);
    expect(second?.id).toBe(first?.id);
    expect(first?.id).toEqual({ model: 'm', version: '1' });
    void rig.retire();
    expect(rig.version.lend()).toBeUndefined();
  });

  it('keeps why it failed to load', async () => {
    const rig = new Rig();
    const loading = rig.version.load(rig.loader);
    const reason = new ServingError('load_failed', 'no such operator');
    rig.loader.fail('m/1', reason);
    await loading;
    expect(rig.version.status).toEqual({ id: rig.version.id, state: 'failed', reason });
  });

  it('takes a loader that throws for one that rejects', async () => {
    const rig = new Rig();
    const cause = new TypeError('at once');
    await rig.version.load({
      load: () => {
        throw cause;
      },
    });
    expect(rig.version.status.reason).toMatchObject({ code: 'internal', cause });
  });
});

describe('Version.retire', () => {
  it('drains after the last handle is back, then closes', async () => {
    const rig = new Rig();
    const servable = await rig.loaded();
    const [first, second] = [rig.version.lend(), rig.version.lend()];
    const leaving = rig.retire();
    first?.[Symbol.dispose]();
    first?.[Symbol.dispose]();
    await turns();
    expect([rig.version.state, servable.drains, servable.closes]).toEqual(['draining', 0, 0]);
    second?.[Symbol.dispose]();
    await leaving;
    expect([rig.version.state, servable.drains, servable.closes]).toEqual(['gone', 1, 1]);
    expect(servable.drainSignal?.aborted).toBe(false);
  });

  it('closes after the drain has ended', async () => {
    const rig = new Rig();
    const servable = await rig.loaded();
    let drained = (): void => undefined;
    servable.drainWork = () =>
      new Promise((resolve) => {
        drained = resolve;
      });
    const leaving = rig.retire();
    await turns();
    expect([servable.drains, servable.closes]).toEqual([1, 0]);
    drained();
    await leaving;
    expect(servable.closes).toBe(1);
  });

  it('is idempotent', async () => {
    const rig = new Rig();
    const servable = await rig.loaded();
    const leaving = rig.retire();
    expect(rig.retire()).toBe(leaving);
    await leaving;
    await rig.retire();
    expect(servable.closes).toBe(1);
  });

  it('may be called again by whoever is told of its first step', async () => {
    const hurry = new AbortController().signal;
    const loader = new FakeLoader();
    const version: Version<FakeServable> = new Version(versionSource('m', '1'), {
      clock: new ManualClock(),
      closeGraceMs: GRACE_MS,
      onStep: ({ state }) => {
        if (state === 'draining') void version.retire(hurry);
      },
    });
    const loading = version.load(loader);
    const servable = loader.finish('m/1');
    await loading;
    await version.retire(hurry);
    expect([version.state, servable.closes]).toEqual(['gone', 1]);
  });

  it('leaves at once where nothing was loaded', async () => {
    const rig = new Rig();
    const leaving = rig.retire();
    expect(rig.version.state).toBe('gone');
    await leaving;
    expect(rig.loader.begun).toEqual([]);
  });

  it('leaves at once after a failure', async () => {
    const rig = new Rig();
    const loading = rig.version.load(rig.loader);
    rig.loader.fail('m/1', new ServingError('load_failed', 'no'));
    await loading;
    await rig.retire();
    expect(rig.steps.at(-1)).toBe('failed 0 gone');
  });

  it('gives a load up, and closes what comes of it nevertheless', async () => {
    const rig = new Rig();
    void rig.version.load(rig.loader);
    const leaving = rig.retire();
    expect([rig.version.state, rig.loader.signalOf('m/1')?.aborted]).toEqual(['unloading', true]);
    const servable = rig.loader.finish('m/1');
    await leaving;
    expect([rig.version.state, servable.drains, servable.closes]).toEqual(['gone', 0, 1]);
    expect(rig.steps).not.toContain('loading 0 ready');
  });

  it('is gone once a load that was given up has failed', async () => {
    const rig = new Rig();
    void rig.version.load(rig.loader);
    const leaving = rig.retire();
    rig.loader.fail('m/1', rig.loader.signalOf('m/1')?.reason);
    await leaving;
    expect(rig.steps).toEqual(['new 0 loading', 'loading 0 unloading', 'unloading 0 gone']);
  });

  it('tells of a late servable that cannot be closed', async () => {
    const rig = new Rig();
    void rig.version.load(rig.loader);
    const leaving = rig.retire();
    rig.loader.finish('m/1').closeWork = () => Promise.reject(new Error('stuck'));
    await leaving;
    expect(rig.steps.slice(-2)).toEqual(['unloading 0 failed', 'failed 0 gone']);
  });

  it.each([
    ['drain', (servable: FakeServable) => (servable.drainWork = () => Promise.reject(new Error('stuck')))],
    ['close', (servable: FakeServable) => (servable.closeWork = () => Promise.reject(new Error('stuck')))],
  ] as const)('tells of a servable that fails to %s, and is gone all the same', async (_, breakIt) => {
    const rig = new Rig();
    const servable = await rig.loaded();
    breakIt(servable);
    await rig.retire();
    expect(servable.closes).toBe(1);
    expect(rig.steps.slice(-3)).toEqual(['draining 0 unloading', 'unloading 0 failed', 'failed 0 gone']);
  });
});

describe('Version.retire in a hurry', () => {
  it('has the servable fail its work first, then waits for the handles that this brings back', async () => {
    const rig = new Rig();
    const servable = await rig.loaded();
    const handle = rig.version.lend();
    const leaving = rig.retire();
    await turns();
    expect(servable.drains).toBe(0);
    rig.hurry.abort();
    await turns();
    expect([servable.drains, servable.drainSignal?.aborted, servable.closes]).toEqual([1, true, 0]);
    handle?.[Symbol.dispose]();
    await leaving;
    expect([rig.version.state, servable.closes, rig.clock.pending]).toEqual(['gone', 1, 0]);
  });

  it('waits for a lost handle no longer than the grace', async () => {
    const rig = new Rig();
    const servable = await rig.loaded();
    rig.version.lend();
    rig.hurry.abort();
    const leaving = rig.retire();
    await turns();
    rig.clock.advance(GRACE_MS - 1);
    await turns();
    expect(servable.closes).toBe(0);
    rig.clock.advance(1);
    await leaving;
    expect([rig.version.state, servable.closes]).toEqual(['gone', 1]);
  });
});

describe('Version of a load set', () => {
  class SetRig {
    readonly loader = new FakeLoader();
    readonly set = new LoadSet();
    readonly hurry = new AbortController();
    readonly #parts = { clock: new ManualClock(), closeGraceMs: GRACE_MS, onStep: () => undefined };

    version(number: string): Version<FakeServable> {
      return new Version(versionSource('m', number), this.#parts, this.set);
    }
  }

  it('is loading until the rest has loaded, though its load has ended', async () => {
    const rig = new SetRig();
    const [one, two] = [rig.version('1'), rig.version('2')];
    const loads = [one.load(rig.loader), two.load(rig.loader)];
    rig.loader.finish('m/1');
    await loads[0];
    expect([one.state, one.lend()]).toEqual(['loading', undefined]);
    rig.loader.finish('m/2');
    await loads[1];
    expect([one.state, two.state]).toEqual(['ready', 'ready']);
  });

  it('closes what it has where the rest fails, and says so', async () => {
    const rig = new SetRig();
    const [one, two] = [rig.version('1'), rig.version('2')];
    const loads = [one.load(rig.loader), two.load(rig.loader)];
    const servable = rig.loader.finish('m/1');
    servable.closeWork = () => Promise.reject(new Error('will not close'));
    await loads[0];
    rig.loader.fail('m/2', new Error('no'));
    expect((await one.settled()).reason).toMatchObject({ code: 'load_failed', message: expect.stringContaining('given up') });
    expect([servable.drains, servable.closes]).toEqual([0, 1]);
  });

  it('closes what it has where it is retired while it waits', async () => {
    const rig = new SetRig();
    const [one, two] = [rig.version('1'), rig.version('2')];
    const loads = [one.load(rig.loader), two.load(rig.loader)];
    const servable = rig.loader.finish('m/1');
    await loads[0];
    await one.retire(rig.hurry.signal);
    expect([one.state, servable.drains, servable.closes]).toEqual(['gone', 0, 1]);
    rig.loader.finish('m/2');
    await loads[1];
    expect(two.state).toBe('ready');
  });

  it('is gone where it is retired while it is given up', async () => {
    const rig = new SetRig();
    const [one, two] = [rig.version('1'), rig.version('2')];
    const loads = [one.load(rig.loader), two.load(rig.loader)];
    const servable = rig.loader.finish('m/1');
    let finish = (): void => undefined;
    servable.closeWork = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    await loads[0];
    rig.loader.fail('m/2', new Error('no'));
    await loads[1];
    const retired = one.retire(rig.hurry.signal);
    expect(one.state).toBe('unloading');
    await turns();
    finish();
    await retired;
    expect([one.state, servable.closes]).toEqual(['gone', 1]);
  });
});

describe('Version of a directory that somebody keeps', () => {
  class KeptRig {
    readonly loader = new FakeLoader();
    readonly hurry = new AbortController();
    holders = 0;
    readonly version: Version<FakeServable>;

    constructor() {
      const owner = { hold: () => this.#hold() };
      const parts = { clock: new ManualClock(), closeGraceMs: GRACE_MS, onStep: () => undefined };
      this.version = new Version({ ...versionSource('m', '1'), owner }, parts);
    }

    #hold(): () => void {
      const holders = this.holders;
      this.holders += 1;
      return () => {
        this.holders = holders;
      };
    }
  }

  it('holds it until it is gone', async () => {
    const rig = new KeptRig();
    expect(rig.holders).toBe(1);
    const loading = rig.version.load(rig.loader);
    const servable = rig.loader.finish('m/1');
    servable.closeWork = () => {
      expect(rig.holders).toBe(1);
      return Promise.resolve();
    };
    await loading;
    await rig.version.retire(rig.hurry.signal);
    expect([rig.version.state, rig.holders]).toEqual(['gone', 0]);
  });

  it('holds it until it has failed', async () => {
    const rig = new KeptRig();
    const loading = rig.version.load(rig.loader);
    rig.loader.fail('m/1', new Error('no'));
    await loading;
    expect([rig.version.state, rig.holders]).toEqual(['failed', 0]);
  });

  it('holds it until a load that is given up has ended, and not at all where it never began', async () => {
    const [rig, early] = [new KeptRig(), new KeptRig()];
    void rig.version.load(rig.loader);
    const retired = rig.version.retire(rig.hurry.signal);
    expect(rig.holders).toBe(1);
    rig.loader.fail('m/1', new Error('given up'));
    await retired;
    await early.version.retire(early.hurry.signal);
    expect([rig.holders, early.holders]).toEqual([0, 0]);
  });
});
