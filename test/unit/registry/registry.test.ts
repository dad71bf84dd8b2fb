import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { NEWEST, type VersionReference } from '../../../src/model/id.js';
import { Registry } from '../../../src/registry/registry.js';
import type { RegistryEvent } from '../../../src/registry/status.js';
import { turns } from '../../support/event-loop.js';
import { aspiredModel, FakeLoader, type FakeServable } from '../../support/fake-servables.js';
import { ManualClock } from '../../support/manual-clock.js';

class Rig implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly loader = new FakeLoader();
  readonly events: RegistryEvent[] = [];
  readonly registry: Registry<FakeServable>;

  constructor(loadParallelism = 8) {
    const { loader, clock, events } = this;
    this.registry = new Registry({ loader, clock, loadParallelism, onEvent: (event) => events.push(event), closeGraceMs: 100 });
  }

  /** Aspires the versions of `m` and lets them all load. */
  async serve(...versions: string[]): Promise<void> {
    this.registry.aspire([aspiredModel('m', ...versions)]);
    for (const name of this.loader.underWay) this.loader.finish(name);
    await turns();
  }

  get states(): Record<string, string> {
    const states: Record<string, string> = {};
    for (const { model, versions } of this.registry.status()) {
      for (const { id, state } of versions) states[`${model}/${id.version}`] = state;
    }
    return states;
  }

  refusalOf(model: string, reference: VersionReference = NEWEST): { code: string; message: string } | undefined {
    try {
      this.registry.acquire(model, reference)[Symbol.dispose]();
      return undefined;
    } catch (error) {
      const { code, message } = ServingError.from(error);
      return { code, message };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.registry.close();
    for (const name of this.loader.underWay) this.loader.fail(name, new Error('test is over'));
    await turns();
    this.clock.advance(1_000);
    await closed;
  }
}

describe('Registry.aspire', () => {
  it('loads the newest version of every model first, a few at a time', async () => {
    await using rig = new Rig(3);
    rig.registry.aspire([aspiredModel('a', '1', '2'), aspiredModel('b', '7', '10')]);
    expect(rig.loader.begun).toEqual(['a/2', 'b/10', 'a/1']);
    rig.loader.finish('a/1');
    await turns();
    expect(rig.loader.begun.at(-1)).toBe('b/7');
  });

  it('lets neither a slow model nor a failing one hold up the others', async () => {
    await using rig = new Rig(2);
    rig.registry.aspire(['slow', 'bad', 'good'].map((model) => aspiredModel(model, '1')));
    rig.loader.fail('bad/1', new ServingError('load_failed', 'no such operator'));
    await turns();
    rig.loader.finish('good/1');
    await turns();
    expect(rig.states).toEqual({ 'slow/1': 'loading', 'bad/1': 'failed', 'good/1': 'ready' });
  });

  it('keeps what it has', async () => {
    await using rig = new Rig();
    await rig.serve('1');
    await rig.serve('1');
    expect(rig.loader.begun).toEqual(['m/1']);
  });

  it('lets a version go that is no longer in the list', async () => {
    await using rig = new Rig();
    await rig.serve('1', '2');
    await rig.serve('2');
    expect(rig.states).toEqual({ 'm/2': 'ready' });
    expect(rig.loader.servables.map(({ name, closes }) => [name, closes])).toEqual([
      ['m/2', 0],
      ['m/1', 1],
    ]);
  });

  it('loads a newer version before the older one leaves', async () => {
    await using rig = new Rig();
    await rig.serve('1');
    rig.registry.aspire([aspiredModel('m', '2')]);
    await turns();
    expect(rig.states).toEqual({ 'm/1': 'ready', 'm/2': 'loading' });
    rig.loader.finish('m/2');
    await turns();
    expect(rig.states).toEqual({ 'm/2': 'ready' });
  });

  it('keeps the older version where the newer one fails', async () => {
    await using rig = new Rig();
    await rig.serve('1');
    rig.registry.aspire([aspiredModel('m', '2')]);
    rig.loader.fail('m/2', new ServingError('load_failed', 'no'));
    await turns();
    expect(rig.states).toEqual({ 'm/1': 'ready', 'm/2': 'failed' });
    expect(rig.refusalOf('m')).toBeUndefined();
  });

  it('gives up a load that is no longer wanted, and never lends what comes of it', async () => {
    await using rig = new Rig();
    rig.registry.aspire([aspiredModel('m', '1')]);
    const signal = rig.loader.signalOf('m/1');
    rig.registry.aspire([]);
    expect(signal?.aborted).toBe(true);
    const servable = rig.loader.finish('m/1');
    await turns();
    expect([rig.states, servable.closes]).toEqual([{}, 1]);
    expect(rig.refusalOf('m')?.code).toBe('model_not_found');
  });

  it('never begins a load that was given up while it waited', async () => {
    await using rig = new Rig(1);
    rig.registry.aspire([aspiredModel('a', '1'), aspiredModel('b', '1')]);
    rig.registry.aspire([aspiredModel('a', '1')]);
    rig.loader.finish('a/1');
    await turns();
    expect(rig.loader.begun).toEqual(['a/1']);
  });

  it('knows a model none of whose versions is wanted', async () => {
    await using rig = new Rig();
    await rig.serve('1');
    await rig.serve();
    expect(rig.refusalOf('m')).toEqual({
      code: 'model_not_found',
      message: "Request for unknown model: 'm' has no available versions",
    });
  });

  it('reports a model that cannot be served, once, and keeps what it has of it', async () => {
    await using rig = new Rig();
    await rig.serve('1');
    const error = new ServingError('load_failed', 'config.pbtxt line 3');
    rig.registry.aspire([{ model: 'm', error }]);
    rig.registry.aspire([{ model: 'm', error: new ServingError('load_failed', 'config.pbtxt line 3') }]);
    await turns();
    expect(rig.events.filter(({ kind }) => kind === 'model_failed')).toEqual([{ kind: 'model_failed', model: 'm', reason: error }]);
    expect(rig.registry.status()).toMatchObject([{ reason: { message: error.message }, versions: [{ state: 'ready' }] }]);
    await rig.serve('1');
    expect(rig.registry.status().map(({ reason }) => reason)).toEqual([undefined]);
  });
});

describe('Registry.renew', () => {
  it('makes every version anew, and replaces them together', async () => {
    await using rig = new Rig();
    await rig.serve('1', '2');
    const old = [...rig.loader.servables];
    const renewed = rig.registry.renew(aspiredModel('m', '1', '2'));
    rig.loader.finish('m/2');
    await turns();
    expect(old.map(({ name, closes }) => [name, closes])).toEqual([
      ['m/2', 0],
      ['m/1', 0],
    ]);
    rig.loader.finish('m/1');
    expect((await renewed).map(({ id, state }) => [id.version, state])).toEqual([
      ['2', 'ready'],
      ['1', 'ready'],
    ]);
    await turns();
    expect([old.map(({ closes }) => closes), rig.states]).toEqual([[1, 1], { 'm/1': 'ready', 'm/2': 'ready' }]);
  });

  it('keeps the old version where the new one fails, and tries again when asked to', async () => {
    await using rig = new Rig();
    await rig.serve('1');
    const reason = new ServingError('load_failed', 'no');
    const failed = rig.registry.renew(aspiredModel('m', '1'));
    rig.loader.fail('m/1', reason);
    expect(await failed).toMatchObject([{ state: 'failed', reason }]);
    await turns();
    expect([rig.states, rig.refusalOf('m')]).toEqual([{ 'm/1': 'ready' }, undefined]);
    const [old] = rig.loader.servables;
    const again = rig.registry.renew(aspiredModel('m', '1'));
    rig.loader.finish('m/1');
    expect(await again).toMatchObject([{ state: 'ready' }]);
    await turns();
    expect([old?.closes, rig.states]).toEqual([1, { 'm/1': 'ready' }]);
  });

  it('replaces none where one of them fails, and keeps nothing of the others', async () => {
    await using rig = new Rig();
    await rig.serve('1', '3');
    const renewed = rig.registry.renew(aspiredModel('m', '1', '2', '3'));
    const good = [rig.loader.finish('m/2'), rig.loader.finish('m/3')];
    const reason = new ServingError('load_failed', 'no');
    rig.loader.fail('m/1', reason);
    const givenUp = { state: 'failed', reason: { code: 'load_failed', message: expect.stringContaining('another version') } };
    expect(await renewed).toMatchObject([givenUp, givenUp, { state: 'failed', reason }]);
    expect([good.map(({ drains, closes }) => [drains, closes]), rig.states]).toEqual([
      [
        [0, 1],
        [0, 1],
      ],
      { 'm/1': 'ready', 'm/2': 'failed', 'm/3': 'ready' },
    ]);
    expect(rig.registry.readyVersions('m')).toEqual(['1', '3']);
  });

  it('serves none of a first load where one of them fails', async () => {
    await using rig = new Rig();
    const renewed = rig.registry.renew(aspiredModel('m', '1', '2'));
    rig.loader.fail('m/2', new ServingError('load_failed', 'no'));
    await turns();
    expect(rig.states).toEqual({ 'm/1': 'loading', 'm/2': 'failed' });
    const servable = rig.loader.finish('m/1');
    await renewed;
    expect([servable.closes, rig.registry.readyVersions('m')]).toEqual([1, []]);
  });

  it('loads more versions than places to load in', async () => {
    await using rig = new Rig(1);
    const renewed = rig.registry.renew(aspiredModel('m', '1', '2', '3'));
    for (const version of ['3', '2', '1']) {
      rig.loader.finish(`m/${version}`);
      await turns();
    }
    expect(await renewed).toMatchObject([{ state: 'ready' }, { state: 'ready' }, { state: 'ready' }]);
  });

  it('serves what is left where one of them is wanted no more', async () => {
    await using rig = new Rig();
    const renewed = rig.registry.renew(aspiredModel('m', '1', '2'));
    rig.loader.finish('m/1');
    await turns();
    rig.registry.aspire([aspiredModel('m', '1')]);
    expect(await renewed).toMatchObject([{ state: 'unloading' }, { state: 'ready' }]);
  });

  it('never serves what waits for the rest where something newer is wanted', async () => {
    await using rig = new Rig();
    const first = rig.registry.renew(aspiredModel('m', '1', '2'));
    const waiting = rig.loader.finish('m/1');
    await turns();
    const second = rig.registry.renew(aspiredModel('m', '1'));
    expect(await first).toMatchObject([{ state: 'unloading' }, { state: 'unloading' }]);
    rig.loader.fail('m/2', new ServingError('cancelled', 'given up'));
    await turns();
    expect([
      waiting.closes,
      rig.registry.readyVersions('m'),
      rig.events.some((event) => event.kind === 'version' && event.to === 'ready'),
    ]).toEqual([1, [], false]);
    rig.loader.finish('m/1');
    expect(await second).toMatchObject([{ state: 'ready' }]);
  });

  it('leaves the other models alone', async () => {
    await using rig = new Rig();
    await rig.serve('1');
    void rig.registry.renew(aspiredModel('n', '1'));
    rig.loader.finish('n/1');
    await turns();
    expect(rig.states).toEqual({ 'm/1': 'ready', 'n/1': 'ready' });
  });

  it('gives up a load under way, and says so to whoever waits for it', async () => {
    await using rig = new Rig();
    const first = rig.registry.renew(aspiredModel('m', '1'));
    const second = rig.registry.renew(aspiredModel('m', '1'));
    expect(await first).toMatchObject([{ state: 'unloading' }]);
    const early = rig.loader.finish('m/1');
    rig.loader.finish('m/1');
    expect(await second).toMatchObject([{ state: 'ready' }]);
    await turns();
    expect([early.closes, rig.states]).toEqual([1, { 'm/1': 'ready' }]);
  });

  it('is refused once the registry drains', async () => {
    await using rig = new Rig();
    await rig.registry.close();
    await expect(rig.registry.renew(aspiredModel('m', '1'))).rejects.toMatchObject({ code: 'draining' });
    expect(rig.loader.begun).toEqual([]);
  });
});

describe('Registry.retire', () => {
  it('lets one model go and remembers its name', async () => {
    await using rig = new Rig();
    await rig.serve('1', '2');
    rig.registry.retire('m');
    rig.registry.retire('nobody');
    await turns();
    expect(rig.loader.servables.map(({ drains, closes }) => [drains, closes])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(rig.registry.status()).toEqual([{ model: 'm', reason: undefined, versions: [] }]);
    expect(rig.refusalOf('m')?.message).toBe("Request for unknown model: 'm' has no available versions");
    await rig.serve('1');
    expect(rig.states).toEqual({ 'm/1': 'ready' });
  });

  it('settles whoever waits for its loads', async () => {
    await using rig = new Rig();
    rig.registry.aspire([aspiredModel('m', '1')]);
    const settled = rig.registry.settled();
    rig.registry.retire('m');
    await settled;
  });
});

describe('Registry.acquire', () => {
  it('lends the newest ready version, or the one that is named', async () => {
    await using rig = new Rig();
    await rig.serve('9', '10');
    using newest = rig.registry.acquire('m', NEWEST);
    using named = rig.registry.acquire('m', { kind: 'version', version: '9' });
    using again = rig.registry.acquire('m', NEWEST);
    expect([newest.id.version, named.id.version]).toEqual(['10', '9']);
    expect(again.id).toBe(newest.id);
    expect(newest.servable.name).toBe('m/10');
  });

  it('refuses in the phrases that clients know', async () => {
    await using rig = new Rig();
    rig.registry.aspire([aspiredModel('m', '1', '2'), aspiredModel('bad', '1')]);
    rig.loader.finish('m/2');
    rig.loader.fail('bad/1', new ServingError('load_failed', 'no'));
    await turns();
    expect(rig.refusalOf('nope')).toEqual({ code: 'model_not_found', message: "Request for unknown model: 'nope' is not found" });
    expect(rig.refusalOf('m', { kind: 'version', version: '9' })).toEqual({
      code: 'model_not_found',
      message: "Request for unknown model: 'm' version 9 is not found",
    });
    expect(rig.refusalOf('m', { kind: 'version', version: '1' })?.code).toBe('model_not_ready');
    expect(rig.refusalOf('bad')?.message).toBe("Request for unknown model: 'bad' has no available versions");
    expect(rig.refusalOf('m', { kind: 'alias', alias: 'stable' })?.message).toContain("alias 'stable'");
  });
});

describe('Registry.settled', () => {
  it('waits until every aspired version is ready or has failed', async () => {
    await using rig = new Rig();
    rig.registry.aspire([aspiredModel('a', '1'), aspiredModel('b', '1'), { model: 'c', error: new ServingError('load_failed', 'no') }]);
    let settled = false;
    const waiting = rig.registry.settled().then(() => (settled = true));
    rig.loader.finish('a/1');
    await turns();
    expect(settled).toBe(false);
    rig.loader.fail('b/1', new Error('no'));
    await waiting;
    expect(settled).toBe(true);
  });

  it('does not wait where nothing is aspired, or nothing any more', async () => {
    await using rig = new Rig();
    await rig.registry.settled();
    rig.registry.aspire([aspiredModel('m', '1')]);
    const waiting = rig.registry.settled();
    rig.registry.aspire([]);
    await waiting;
  });
});

describe('Registry status and events', () => {
  it('lists models and versions in order, with the reasons of failures', async () => {
    await using rig = new Rig();
    rig.registry.aspire([aspiredModel('b', '10', '9'), aspiredModel('a', '1')]);
    const reason = new ServingError('load_failed', 'no such operator');
    rig.loader.fail('a/1', reason);
    rig.loader.finish('b/9');
    await turns();
    expect(rig.registry.status()).toEqual([
      { model: 'a', reason: undefined, versions: [{ id: { model: 'a', version: '1' }, state: 'failed', reason }] },
      {
        model: 'b',
        reason: undefined,
        versions: [
          { id: { model: 'b', version: '9' }, state: 'ready', reason: undefined },
          { id: { model: 'b', version: '10' }, state: 'loading', reason: undefined },
        ],
      },
    ]);
    expect([rig.registry.readyVersions('b'), rig.registry.readyVersions('nope')]).toEqual([['9'], []]);
  });

  it('tells each step after it has taken note of it', async () => {
    await using rig = new Rig();
    const seen: [string, readonly string[]][] = [];
    const unsubscribe = rig.registry.subscribe((event) => {
      if (event.kind === 'version') seen.push([event.to, rig.registry.readyVersions('m')]);
    });
    rig.registry.aspire([aspiredModel('m', '1')]);
    rig.clock.advance(40);
    rig.loader.finish('m/1');
    await turns();
    unsubscribe();
    rig.registry.aspire([]);
    await turns();
    expect(seen).toEqual([
      ['loading', []],
      ['ready', ['1']],
    ]);
    expect(rig.events).toEqual([
      expect.objectContaining({ kind: 'version', from: 'new', to: 'loading', elapsedMs: 0, id: { model: 'm', version: '1' } }),
      expect.objectContaining({ from: 'loading', to: 'ready', elapsedMs: 40, reason: undefined }),
      expect.objectContaining({ from: 'ready', to: 'draining' }),
      expect.objectContaining({ from: 'draining', to: 'unloading' }),
      expect.objectContaining({ from: 'unloading', to: 'gone' }),
      { kind: 'model_gone', model: 'm' },
    ]);
  });
});

describe('Registry.drain', () => {
  it('waits for handles, then drains and closes every servable', async () => {
    await using rig = new Rig();
    await rig.serve('1', '2');
    const handle = rig.registry.acquire('m', NEWEST);
    let drained = false;
    const draining = rig.registry.drain(new AbortController().signal).then(() => (drained = true));
    await turns();
    expect([drained, rig.states]).toEqual([false, { 'm/2': 'draining' }]);
    expect(rig.refusalOf('m')).toEqual({ code: 'draining', message: 'the server is shutting down' });
    handle[Symbol.dispose]();
    await draining;
    expect(rig.loader.servables.map(({ drains, closes }) => [drains, closes])).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it('waits for what was leaving already', async () => {
    await using rig = new Rig();
    await rig.serve('1');
    const handle = rig.registry.acquire('m', NEWEST);
    rig.registry.aspire([]);
    let drained = false;
    const draining = rig.registry.drain(new AbortController().signal).then(() => (drained = true));
    await turns();
    expect(drained).toBe(false);
    handle[Symbol.dispose]();
    await draining;
  });

  it('passes the end of its time on to the servables', async () => {
    await using rig = new Rig();
    await rig.serve('1');
    const [servable] = rig.loader.servables;
    if (servable !== undefined) {
      servable.drainWork = (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    }
    const time = new AbortController();
    const draining = rig.registry.drain(time.signal);
    await turns();
    expect([servable?.drains, servable?.closes]).toEqual([1, 0]);
    time.abort();
    await draining;
    expect(servable?.closes).toBe(1);
  });

  it('aspires nothing any more', async () => {
    await using rig = new Rig();
    await rig.registry.drain(new AbortController().signal);
    rig.registry.aspire([aspiredModel('m', '1')]);
    expect([rig.loader.begun, rig.registry.status()]).toEqual([[], []]);
  });
});

describe('Registry.close', () => {
  it('gives loads up and closes everything once', async () => {
    const rig = new Rig();
    await rig.serve('1');
    rig.registry.aspire([aspiredModel('m', '1'), aspiredModel('n', '1')]);
    const signal = rig.loader.signalOf('n/1');
    const closing = rig.registry.close();
    expect(signal?.aborted).toBe(true);
    const late = rig.loader.finish('n/1');
    await closing;
    await rig.registry.close();
    expect([...rig.loader.servables.map(({ closes }) => closes), late.drains]).toEqual([1, 1, 0]);
  });

  it('waits for a lost handle no longer than its grace', async () => {
    const rig = new Rig();
    await rig.serve('1');
    rig.registry.acquire('m', NEWEST);
    const closing = rig.registry.close();
    await turns();
    rig.clock.advance(100);
    await closing;
    expect(rig.loader.servables.map(({ closes }) => closes)).toEqual([1]);
  });
});
