import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { CancelSource } from '../../../src/model/cancel-signal.js';
import { LoadTurns } from '../../../src/serving/load-turns.js';
import { turns } from '../../support/event-loop.js';

/** Loads that end when the test says so. */
class Rig {
  readonly loads = new LoadTurns();
  readonly begun: string[] = [];
  readonly #underWay = new Map<string, { resolve(): void; reject(error: unknown): void }>();

  share(name: string, signal = new CancelSource(), model = 'm'): Promise<unknown> {
    return outcomeOf(this.loads.share(model, () => this.#load(name), signal));
  }

  own(name: string, signal = new CancelSource(), model = 'm'): Promise<unknown> {
    return outcomeOf(this.loads.own(model, () => this.#load(name), signal));
  }

  async end(name: string, error?: Error): Promise<void> {
    const load = this.#underWay.get(name);
    if (load === undefined) throw new RangeError(`no load ${name} is under way`);
    if (error === undefined) load.resolve();
    else load.reject(error);
    await turns();
  }

  #load(name: string): Promise<void> {
    this.begun.push(name);
    return new Promise((resolve, reject) => this.#underWay.set(name, { resolve, reject }));
  }
}

function outcomeOf(load: Promise<void>): Promise<unknown> {
  return load.then(
    () => 'loaded',
    (error: unknown) => error,
  );
}

function cancelled(): ServingError {
  return new ServingError('cancelled', 'gone');
}

describe('LoadTurns', () => {
  it('begins the first load of a model at once, and the next when it has ended', async () => {
    const rig = new Rig();
    const outcomes = [rig.own('a'), rig.own('b'), rig.own('c')];
    expect(rig.begun).toEqual(['a']);
    await rig.end('a');
    expect(rig.begun).toEqual(['a', 'b']);
    await rig.end('b', new ServingError('load_failed', 'no'));
    await rig.end('c');
    expect(await Promise.all(outcomes)).toEqual(['loaded', expect.objectContaining({ code: 'load_failed' }), 'loaded']);
    void rig.own('d');
    expect(rig.begun.at(-1)).toBe('d');
  });

  it('does not let models wait for each other', () => {
    const rig = new Rig();
    void rig.own('a', new CancelSource(), 'm');
    void rig.own('b', new CancelSource(), 'n');
    expect(rig.begun).toEqual(['a', 'b']);
  });

  it('shares a load that is under way or waits as the last', async () => {
    const rig = new Rig();
    const outcomes = [rig.share('a'), rig.share('-'), rig.own('b'), rig.share('c'), rig.share('-')];
    await rig.end('a');
    await rig.end('b');
    await rig.end('c');
    expect([rig.begun, await Promise.all(outcomes)]).toEqual([['a', 'b', 'c'], Array(5).fill('loaded')]);
  });

  it('leaves a shared load to the others where one goes away', async () => {
    const rig = new Rig();
    const signal = new CancelSource();
    const [gone, patient] = [rig.share('a', signal), rig.share('-')];
    signal.cancel(cancelled());
    expect(await gone).toMatchObject({ code: 'cancelled' });
    await rig.end('a');
    expect(await patient).toBe('loaded');
  });

  it("never begins a caller's own load that is given up while it waits", async () => {
    const rig = new Rig();
    const signal = new CancelSource();
    void rig.own('a');
    const [gone, next] = [rig.own('b', signal), rig.own('c')];
    signal.cancel(cancelled());
    expect(await gone).toMatchObject({ code: 'cancelled' });
    await rig.end('a');
    expect(rig.begun).toEqual(['a', 'c']);
    await rig.end('c');
    expect(await next).toBe('loaded');
  });

  it('goes on with one that is given up once it has begun, and begins the next only then', async () => {
    const rig = new Rig();
    const signal = new CancelSource();
    const gone = rig.own('a', signal);
    void rig.own('b');
    signal.cancel(cancelled());
    expect([await gone, rig.begun]).toEqual([expect.objectContaining({ code: 'cancelled' }), ['a']]);
    await rig.end('a', new Error('nobody hears of it'));
    expect(rig.begun).toEqual(['a', 'b']);
  });

  it('begins nothing for who is gone already', async () => {
    const rig = new Rig();
    const signal = new CancelSource();
    signal.cancel(cancelled());
    expect([await rig.own('a', signal), rig.begun]).toEqual([expect.objectContaining({ code: 'cancelled' }), []]);
  });

  it('takes a bounded number of own loads, of whatever models', async () => {
    const rig = new Rig();
    const signal = new CancelSource();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) void rig.own(name, new CancelSource(), name < 'd' ? 'm' : 'n');
    const eighth = rig.own('h', signal);
    const refusal = { code: 'overloaded', retryAfterMs: 1_000, message: expect.stringContaining('8 loads with overrides') };
    expect(await rig.own('-', new CancelSource(), 'o')).toMatchObject(refusal);
    void rig.share('shared', new CancelSource(), 'o');
    expect(rig.begun).toEqual(['a', 'd', 'shared']);
    await rig.end('a');
    const ninth = rig.own('i', new CancelSource(), 'p');
    expect(rig.begun.at(-1)).toBe('i');
    expect(await rig.own('-')).toMatchObject(refusal);
    signal.cancel(cancelled());
    await eighth;
    void rig.own('j', new CancelSource(), 'q');
    expect(rig.begun.at(-1)).toBe('j');
    await rig.end('i');
    expect(await ninth).toBe('loaded');
  });
});
