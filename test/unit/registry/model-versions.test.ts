import { describe, expect, it } from '@jest/globals';
import { NEWEST } from '../../../src/model/id.js';
import type { ModelSource } from '../../../src/model/source.js';
import { ModelVersions } from '../../../src/registry/model-versions.js';
import { Version } from '../../../src/registry/version.js';
import { FakeLoader, type FakeServable, versionSource } from '../../support/fake-servables.js';
import { ManualClock } from '../../support/manual-clock.js';

class Rig {
  readonly loader = new FakeLoader();
  readonly versions = new ModelVersions<FakeServable>('m');
  readonly #create = (source: ModelSource): Version<FakeServable> =>
    new Version(source, { clock: new ManualClock(), closeGraceMs: 0, onStep: () => this.versions.refresh() });

  aspire(...numbers: string[]): Version<FakeServable>[] {
    return this.versions.aspire(sources(numbers), this.#create);
  }

  renew(...numbers: string[]): Version<FakeServable>[] {
    return this.versions.renew(sources(numbers), this.#create);
  }

  async load(version: Version<FakeServable> | undefined): Promise<void> {
    const loading = version?.load(this.loader);
    this.loader.finish(`m/${version?.id.version ?? ''}`);
    await loading;
  }

  get newest(): string | undefined {
    using handle = this.versions.lend(NEWEST);
    return handle?.id.version;
  }
}

function sources(numbers: readonly string[]): ModelSource[] {
  return numbers.map((number) => versionSource('m', number));
}

describe('ModelVersions', () => {
  it('makes what is missing, newest first', () => {
    const rig = new Rig();
    expect(rig.aspire('9', '10', '1').map(({ id }) => id.version)).toEqual(['10', '9', '1']);
    expect(rig.aspire('9', '11').map(({ id }) => id.version)).toEqual(['11']);
    expect(rig.versions.statuses().map(({ id }) => id.version)).toEqual(['1', '9', '10', '11']);
  });

  it('lends the highest version that is ready', async () => {
    const rig = new Rig();
    const [ten, nine] = rig.aspire('9', '10');
    expect(rig.newest).toBeUndefined();
    await rig.load(nine);
    expect(rig.newest).toBe('9');
    await rig.load(ten);
    expect([rig.newest, rig.versions.readyVersions()]).toEqual(['10', ['9', '10']]);
    void ten?.retire(new AbortController().signal);
    expect([rig.newest, rig.versions.readyVersions()]).toEqual(['9', ['9']]);
  });

  it('lends the version that is named, and none for an alias', async () => {
    const rig = new Rig();
    await rig.load(rig.aspire('1', '2')[1]);
    using handle = rig.versions.lend({ kind: 'version', version: '1' });
    expect(handle?.id.version).toBe('1');
    expect(rig.versions.lend({ kind: 'version', version: '2' })).toBeUndefined();
    expect(rig.versions.lend({ kind: 'alias', alias: 'stable' })).toBeUndefined();
  });

  it('makes a version anew that is aspired again while it leaves, and lists the new one', async () => {
    const rig = new Rig();
    const [old] = rig.aspire('1');
    await rig.load(old);
    rig.aspire();
    using _handle = rig.versions.lend(NEWEST);
    void old?.retire(new AbortController().signal);
    expect(rig.versions.statuses()).toMatchObject([{ state: 'draining' }]);
    expect(rig.aspire('1')).toHaveLength(1);
    expect(rig.versions.list()).toHaveLength(2);
    expect(rig.versions.statuses()).toMatchObject([{ state: 'new' }]);
  });

  it('makes everything anew, and lists and lends what is ready meanwhile', async () => {
    const rig = new Rig();
    const [old] = rig.aspire('1');
    await rig.load(old);
    const [renewed] = rig.renew('1');
    expect([old?.aspired, rig.versions.statuses()]).toMatchObject([false, [{ state: 'ready' }]]);
    expect(rig.newest).toBe('1');
    await rig.load(renewed);
    using handle = rig.versions.lend(NEWEST);
    expect(handle?.id).toBe(renewed?.id);
    expect(rig.versions.toRetire()).toEqual([old]);
  });

  it('is settling until every aspired version is ready or failed', async () => {
    const rig = new Rig();
    const [two, one] = rig.aspire('1', '2');
    await rig.load(one);
    expect(rig.versions.isSettling).toBe(true);
    await rig.load(two);
    expect(rig.versions.isSettling).toBe(false);
  });
});
