import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { ControlRig, FakeControlCall } from '../../support/control-rig.js';
import { turns } from '../../support/event-loop.js';
import { aspiredModel } from '../../support/fake-servables.js';

describe('ControlPlane.load', () => {
  it('reads the model afresh and resolves once every version is ready', async () => {
    await using rig = new ControlRig();
    rig.put('1', '2');
    const { outcome } = await rig.begin();
    let loaded = false;
    void outcome.then(() => (loaded = true));
    rig.loader.finish('m/2');
    await turns();
    expect([loaded, rig.source.found, rig.aspired]).toEqual([false, ['m'], [rig.source.models.get('m')]]);
    rig.loader.finish('m/1');
    expect(await outcome).toBe('loaded');
    expect(rig.registry.readyVersions('m')).toEqual(['1', '2']);
  });

  it('makes a loaded model anew and keeps the old one until the new one is ready', async () => {
    await using rig = new ControlRig();
    await rig.load('1');
    const old = rig.servable();
    const { outcome } = await rig.begin();
    expect([rig.servable() === old, await rig.index()]).toEqual([true, ['m/1 ready: ']]);
    rig.loader.finish('m/1');
    expect(await outcome).toBe('loaded');
    expect(rig.servable()).not.toBe(old);
    expect(rig.servable({ kind: 'version', version: '1' })).toBe(rig.servable());
    await turns();
    expect(await rig.index()).toEqual(['m/1 ready: ']);
  });

  it('lets a version go that the repository has no more, once another is ready', async () => {
    await using rig = new ControlRig();
    await rig.load('1');
    await rig.load('2');
    await turns();
    expect(await rig.index()).toEqual(['m/2 ready: ']);
  });

  it.each([
    [new ServingError('load_failed', 'no such operator'), "load failed for model 'm': version 1: no such operator"],
    [new ServingError('load_failed', "load failed for model 'm': too slow"), "load failed for model 'm': version 1: too slow"],
    [new Error('/secret/path'), "load failed for model 'm': version 1: internal error"],
    [new ServingError('internal', '/secret/path'), "load failed for model 'm': version 1: internal error"],
  ])('says why a version failed and keeps the old one', async (error, message) => {
    await using rig = new ControlRig();
    await rig.load('1');
    const old = rig.servable();
    const { outcome } = await rig.begin();
    rig.loader.fail('m/1', error);
    expect(await outcome).toMatchObject({ code: 'load_failed', message });
    await turns();
    expect([rig.servable() === old, await rig.index()]).toEqual([true, ['m/1 ready: ']]);
  });

  it('tries a failed version again', async () => {
    await using rig = new ControlRig();
    rig.put('1');
    const { outcome } = await rig.begin();
    rig.loader.fail('m/1', new ServingError('load_failed', 'no such operator'));
    await outcome;
    expect(await rig.index()).toEqual(['m/1 unavailable: no such operator']);
    expect(await rig.load('1')).toBe('loaded');
    expect(await rig.index()).toEqual(['m/1 ready: ']);
  });

  it('says why a model cannot be read and keeps what serves', async () => {
    await using rig = new ControlRig();
    await rig.load('1');
    rig.source.models.set('m', { model: 'm', error: new ServingError('load_failed', 'config.pbtxt line 3') });
    const { outcome } = await rig.begin();
    expect(await outcome).toMatchObject({ code: 'load_failed', message: "load failed for model 'm': config.pbtxt line 3" });
    expect(await rig.index()).toEqual(['m/1 ready: ']);
  });

  it('is one load for all who ask meanwhile, and a new one for who asks later', async () => {
    await using rig = new ControlRig();
    rig.put('1');
    const [first, second] = [await rig.begin(), await rig.begin()];
    rig.loader.finish('m/1');
    expect([await first.outcome, await second.outcome, rig.source.found]).toEqual(['loaded', 'loaded', ['m']]);
    expect(await rig.load('1')).toBe('loaded');
    expect(rig.source.found).toEqual(['m', 'm']);
  });

  it('does not keep a caller who gives up, and goes on without him', async () => {
    await using rig = new ControlRig();
    rig.put('1');
    const call = new FakeControlCall();
    const [impatient, patient] = [await rig.begin(call), await rig.begin()];
    call.signal.cancel(new ServingError('deadline_exceeded', 'too late'));
    expect(await impatient.outcome).toMatchObject({ code: 'deadline_exceeded' });
    rig.loader.finish('m/1');
    expect(await patient.outcome).toBe('loaded');
  });

  it('goes on where nobody waits any more', async () => {
    await using rig = new ControlRig();
    rig.put('1');
    const call = new FakeControlCall();
    const { outcome } = await rig.begin(call);
    call.signal.cancel(new ServingError('cancelled', 'gone'));
    await outcome;
    rig.loader.fail('m/1', new ServingError('load_failed', 'no'));
    await turns();
    expect(await rig.index()).toEqual(['m/1 unavailable: no']);
  });

  it('fails where the model is unloaded meanwhile', async () => {
    await using rig = new ControlRig();
    rig.put('1');
    const { outcome } = await rig.begin();
    await rig.control.unload('m', new FakeControlCall());
    expect(await outcome).toMatchObject({ code: 'load_failed', message: expect.stringContaining('unloaded while it was loading') });
  });

  it('knows no model but those of the repositories', async () => {
    await using rig = new ControlRig();
    const { outcome } = await rig.begin();
    expect(await outcome).toMatchObject({ code: 'model_not_found' });
    expect(rig.registry.status()).toEqual([]);
  });

  it('says nothing of a repository that cannot be read', async () => {
    await using rig = new ControlRig();
    rig.source.failure = new Error('/secret/path cannot be read');
    const { outcome } = await rig.begin();
    expect(await outcome).toMatchObject({ code: 'internal', message: 'internal error', cause: rig.source.failure });
  });

  it('refuses once the server drains', async () => {
    await using rig = new ControlRig();
    rig.put('1');
    await rig.registry.close();
    const { outcome } = await rig.begin();
    expect(await outcome).toMatchObject({ code: 'draining' });
  });
});

describe('ControlPlane.loadWith', () => {
  it('loads the model as the caller has it, and as the repository has it when it is loaded again', async () => {
    await using rig = new ControlRig();
    await rig.load('1');
    rig.overrides.answer = aspiredModel('m', '7');
    const { outcome } = await rig.beginWith('{}');
    expect([rig.overrides.seen, rig.overrides.kept, rig.aspired.at(-1)]).toEqual([['m: {}'], 1, rig.overrides.answer]);
    rig.loader.finish('m/7');
    expect([await outcome, rig.overrides.kept, rig.registry.readyVersions('m')]).toEqual(['loaded', 0, ['7']]);
    await rig.load('1');
    expect(rig.registry.readyVersions('m')).toEqual(['1']);
  });

  it('says why a version failed, keeps the old one and nothing of the new', async () => {
    await using rig = new ControlRig();
    await rig.load('1');
    rig.overrides.answer = aspiredModel('m', '1');
    const { outcome } = await rig.beginWith('{}');
    rig.loader.fail('m/1', new ServingError('load_failed', 'no such operator'));
    expect(await outcome).toMatchObject({ code: 'load_failed', message: "load failed for model 'm': version 1: no such operator" });
    expect([rig.overrides.kept, await rig.index()]).toEqual([0, ['m/1 ready: ']]);
  });

  it('changes nothing where the overrides cannot be read', async () => {
    await using rig = new ControlRig();
    rig.put('1');
    rig.overrides.answer = { model: 'm', error: new ServingError('load_failed', "config override of model 'm': bad") };
    const { outcome } = await rig.beginWith('bad');
    expect(await outcome).toMatchObject({ code: 'load_failed', message: "load failed for model 'm': config override of model 'm': bad" });
    expect([rig.overrides.kept, rig.aspired, await rig.index()]).toEqual([0, [], ['m/ unavailable: not loaded']]);
  });

  it('knows no model that has neither files nor a repository', async () => {
    await using rig = new ControlRig();
    const { outcome } = await rig.beginWith('{}');
    expect(await outcome).toMatchObject({ code: 'model_not_found' });
    expect(rig.registry.status()).toEqual([]);
  });

  it('is done after the loads that were asked for before, each with its own', async () => {
    await using rig = new ControlRig();
    rig.put('1');
    rig.overrides.answer = aspiredModel('m', '7');
    const outcomes = [await rig.begin(), await rig.beginWith('first'), await rig.beginWith('second')].map(({ outcome }) => outcome);
    expect(rig.overrides.seen).toEqual([]);
    rig.loader.finish('m/1');
    await turns();
    expect(rig.overrides.seen).toEqual(['m: first']);
    rig.loader.finish('m/7');
    await turns();
    expect(rig.overrides.seen).toEqual(['m: first', 'm: second']);
    rig.loader.finish('m/7');
    expect(await Promise.all(outcomes)).toEqual(['loaded', 'loaded', 'loaded']);
  });

  it('reads nothing for who may not, nor under a name that is none', async () => {
    await using rig = new ControlRig();
    const overrides = { config: '{}', files: new Map() };
    await expect(rig.control.loadWith('m', overrides, new FakeControlCall(false))).rejects.toMatchObject({ code: 'permission_denied' });
    await expect(rig.control.loadWith('../m', overrides, new FakeControlCall())).rejects.toMatchObject({ code: 'invalid_request' });
    expect(rig.overrides.seen).toEqual([]);
  });
});

describe('ControlPlane.unload', () => {
  it('lends nothing more at once, and drains what is lent', async () => {
    await using rig = new ControlRig();
    await rig.load('1');
    const handle = rig.registry.acquire('m', { kind: 'newest' });
    await rig.control.unload('m', new FakeControlCall());
    expect(() => rig.servable()).toThrow("Request for unknown model: 'm' is not at ready state, version 1 is draining");
    expect(await rig.index()).toEqual(['m/1 unloading: ']);
    handle[Symbol.dispose]();
    await turns();
    expect(() => rig.servable()).toThrow("Request for unknown model: 'm' has no available versions");
    expect(await rig.index()).toEqual(['m/ unavailable: unloaded']);
    expect(await rig.load('1')).toBe('loaded');
  });

  it('forgets failures', async () => {
    await using rig = new ControlRig();
    await rig.load('1');
    rig.source.models.set('m', { model: 'm', error: new ServingError('load_failed', 'config.pbtxt line 3') });
    await (await rig.begin()).outcome;
    await rig.control.unload('m', new FakeControlCall());
    await turns();
    expect(await rig.index()).toEqual(['m/ unavailable: unloaded']);
  });

  it('of a model that is not loaded, or not there, changes nothing', async () => {
    await using rig = new ControlRig();
    rig.put('1');
    await rig.control.unload('m', new FakeControlCall());
    await rig.control.unload('nobody', new FakeControlCall());
    expect(await rig.index()).toEqual(['m/ unavailable: not loaded']);
  });
});

describe('ControlPlane.index', () => {
  it('lists every model that is known or lies in a repository', async () => {
    await using rig = new ControlRig();
    rig.registry.aspire([aspiredModel('gone', '1'), { model: 'broken', error: new ServingError('load_failed', 'line 3') }]);
    rig.put('1');
    const { outcome } = await rig.begin();
    rig.source.models.set('a', aspiredModel('a', '1'));
    expect(await rig.index()).toEqual(['a/ unavailable: not loaded', 'broken/ unavailable: line 3', 'gone/1 loading: ', 'm/1 loading: ']);
    rig.loader.finish('m/1');
    await outcome;
    expect(await rig.index(true)).toEqual(['m/1 ready: ']);
  });

  it('says nothing of a repository that cannot be read', async () => {
    await using rig = new ControlRig();
    rig.source.failure = new Error('/secret/path cannot be read');
    await expect(rig.index()).rejects.toMatchObject({ code: 'internal', message: 'internal error' });
  });
});

describe('ControlPlane', () => {
  it.each(['load', 'unload'] as const)('refuses to %s for who may not, before anything else', async (change) => {
    await using rig = new ControlRig({ explicit: false });
    await expect(rig.control[change]('../m', new FakeControlCall(false))).rejects.toMatchObject({ code: 'permission_denied' });
    await using off = new ControlRig({ access: 'off' });
    await expect(off.control[change]('m', new FakeControlCall())).rejects.toMatchObject({ code: 'permission_denied' });
    expect([rig.source.found, off.source.found]).toEqual([[], []]);
  });

  it.each(['load', 'unload'] as const)('does not %s where the mode is not explicit', async (change) => {
    await using rig = new ControlRig({ explicit: false });
    await expect(rig.control[change]('m', new FakeControlCall())).rejects.toMatchObject({
      code: 'backend_unavailable',
      message: expect.stringContaining('explicit model load / unload is not allowed if polling is enabled'),
    });
  });

  it.each(['', '.', '..', '.git', '../m', 'a/b', 'a\\b', 'a\0b', 'x'.repeat(300), '\u00e9'.repeat(128)])(
    'takes %j for no name',
    async (name) => {
      await using rig = new ControlRig();
      for (const change of ['load', 'unload'] as const) {
        const refused = rig.control[change](name, new FakeControlCall());
        await expect(refused).rejects.toMatchObject({
          code: 'invalid_request',
          message: expect.stringMatching(/^invalid model name '.*must not contain path traversal characters$/su),
        });
      }
      expect(rig.source.found).toEqual([]);
    },
  );
});
