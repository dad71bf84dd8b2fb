import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { LoadQueue } from '../../../src/registry/load-queue.js';
import { Version } from '../../../src/registry/version.js';
import { turns } from '../../support/event-loop.js';
import { FakeLoader, type FakeServable, versionSource } from '../../support/fake-servables.js';
import { ManualClock } from '../../support/manual-clock.js';

function versions(...names: string[]): Version<FakeServable>[] {
  const parts = { clock: new ManualClock(), closeGraceMs: 0, onStep: () => undefined };
  return names.map((model) => new Version(versionSource(model, '1'), parts));
}

describe('LoadQueue', () => {
  it('loads in order, a few at a time', async () => {
    const loader = new FakeLoader();
    const queue = new LoadQueue(loader, 2);
    queue.add(versions('a', 'b', 'c', 'd'));
    expect(loader.begun).toEqual(['a/1', 'b/1']);
    loader.finish('b/1');
    await turns();
    expect(loader.underWay).toEqual(['a/1', 'c/1']);
  });

  it('goes on beside a slow load and after a failed one', async () => {
    const loader = new FakeLoader();
    const queue = new LoadQueue(loader, 2);
    const [slow, failing, last] = versions('slow', 'failing', 'last');
    queue.add([slow, failing, last].filter((version) => version !== undefined));
    loader.fail('failing/1', new ServingError('load_failed', 'no'));
    await turns();
    loader.finish('last/1');
    await turns();
    expect([slow?.state, failing?.state, last?.state]).toEqual(['loading', 'failed', 'ready']);
  });

  it('forgets what is removed', async () => {
    const loader = new FakeLoader();
    const queue = new LoadQueue(loader, 1);
    const waiting = versions('a', 'b', 'c');
    queue.add(waiting);
    for (const version of waiting.slice(1, 2)) queue.remove(version);
    loader.finish('a/1');
    await turns();
    expect(loader.begun).toEqual(['a/1', 'c/1']);
  });

  it('leaves out what was given up before it came', async () => {
    const loader = new FakeLoader();
    const waiting = versions('a');
    for (const version of waiting) await version.retire(new AbortController().signal);
    new LoadQueue(loader, 1).add(waiting);
    expect(loader.begun).toEqual([]);
  });
});
