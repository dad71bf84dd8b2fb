import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { NEWEST } from '../../../src/model/id.js';
import { Registry } from '../../../src/registry/registry.js';
import { Readiness } from '../../../src/serving/readiness.js';
import type { Servable } from '../../../src/serving/servable.js';
import { turns } from '../../support/event-loop.js';
import { aspiredModel } from '../../support/fake-servables.js';
import { HeldLoader } from '../../support/held-loader.js';
import { ManualClock } from '../../support/manual-clock.js';

const FACADE = 'millrace.v1.InferenceService';
const BROKEN = new ServingError('load_failed', 'the file is no model');
const NEVER = new AbortController().signal;

function createServer({ strict = false } = {}) {
  const loader = new HeldLoader();
  const registry = new Registry<Servable>({ loader, clock: new ManualClock(), loadParallelism: 4 });
  const readiness = new Readiness(registry, [FACADE], strict);
  return {
    loader,
    registry,
    readiness,
    /** Two models, of which `b` fails to load where that is wanted. */
    async load({ bFails = false } = {}): Promise<void> {
      registry.aspire([aspiredModel('a', '1', '2'), aspiredModel('b', '1')]);
      await turns();
      loader.finish('a/1');
      loader.finish('a/2');
      if (bFails) loader.fail('b/1', BROKEN);
      else loader.finish('b/1');
      await turns();
      readiness.markSettled();
    },
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

describe('Readiness.report', () => {
  it('is not ready while the server starts, and says which versions are on their way', async () => {
    await using server = createServer();
    server.registry.aspire([aspiredModel('a', '1')]);
    await turns();
    expect(server.readiness.report()).toEqual({ ready: false, reasons: ['models are still loading', 'a/1 is loading'] });
    server.loader.finish('a/1');
    await turns();
    expect(server.readiness.report()).toEqual({ ready: false, reasons: ['models are still loading'] });
  });

  it.each([false, true])('is ready once every model is (strict: %s)', async (strict) => {
    await using server = createServer({ strict });
    await server.load();
    expect(server.readiness.report()).toEqual({ ready: true, reasons: [] });
  });

  it('is ready although a model failed, and names it with the reason', async () => {
    await using server = createServer();
    await server.load({ bFails: true });
    expect(server.readiness.report()).toEqual({ ready: true, reasons: ['b/1 is failed: the file is no model'] });
  });

  it('is not ready while a model has failed where that was asked for', async () => {
    await using server = createServer({ strict: true });
    await server.load({ bFails: true });
    expect(server.readiness.report()).toEqual({ ready: false, reasons: ['b/1 is failed: the file is no model'] });
  });

  it('names a model that its source cannot have served at all', async () => {
    await using server = createServer({ strict: true });
    server.registry.aspire([{ model: 'c', error: new ServingError('load_failed', 'config.pbtxt has an unknown field') }]);
    server.readiness.markSettled();
    expect(server.readiness.report()).toEqual({ ready: false, reasons: ['c: config.pbtxt has an unknown field'] });
  });

  it('is ready with no model at all', async () => {
    await using server = createServer({ strict: true });
    server.readiness.markSettled();
    expect(server.readiness.report()).toEqual({ ready: true, reasons: [] });
  });

  it('is never ready again once the server drains', async () => {
    await using server = createServer();
    await server.load();
    server.readiness.markDraining();
    server.readiness.markSettled();
    expect(server.readiness.report()).toEqual({ ready: false, reasons: ['the server is draining'] });
  });
});

describe('Readiness.modelReady', () => {
  it('is true of a version that answers, and of its model', async () => {
    await using server = createServer();
    await server.load();
    expect(server.readiness.modelReady('a', NEWEST)).toBe(true);
    expect(server.readiness.modelReady('a', { kind: 'version', version: '1' })).toBe(true);
  });

  it('is false of what is unknown, loading or failed', async () => {
    await using server = createServer();
    server.registry.aspire([aspiredModel('a', '1'), aspiredModel('b', '1')]);
    await turns();
    server.loader.fail('b/1', BROKEN);
    await turns();
    expect(server.readiness.modelReady('a', NEWEST)).toBe(false);
    expect(server.readiness.modelReady('b', NEWEST)).toBe(false);
    expect(server.readiness.modelReady('b', { kind: 'version', version: '1' })).toBe(false);
    expect(server.readiness.modelReady('a', { kind: 'version', version: '9' })).toBe(false);
    expect(server.readiness.modelReady('nobody', NEWEST)).toBe(false);
  });

  it('cannot be said of an alias that is unknown', async () => {
    await using server = createServer();
    await server.load();
    expect(() => server.readiness.modelReady('a', { kind: 'alias', alias: 'stable' })).toThrow("alias 'stable' is not found");
  });

  it('keeps no handle: a version that was asked about can be unloaded', async () => {
    await using server = createServer();
    await server.load();
    server.readiness.modelReady('a', NEWEST);
    await server.registry.drain(NEVER);
    expect(server.registry.readyVersions('a')).toEqual([]);
  });

  it('is false once the server drains, and once the registry does', async () => {
    await using server = createServer();
    await server.load();
    await server.registry.drain(NEVER);
    expect(server.readiness.modelReady('a', NEWEST)).toBe(false);
    server.readiness.markDraining();
    expect(server.readiness.modelReady('a', NEWEST)).toBe(false);
  });
});

describe('Readiness.status', () => {
  it('is the server for "" and for each facade', async () => {
    await using server = createServer();
    expect([server.readiness.status(''), server.readiness.status(FACADE)]).toEqual(['not_serving', 'not_serving']);
    await server.load();
    expect([server.readiness.status(''), server.readiness.status(FACADE)]).toEqual(['serving', 'serving']);
    server.readiness.markDraining();
    expect([server.readiness.status(''), server.readiness.status(FACADE)]).toEqual(['not_serving', 'not_serving']);
  });

  it('is the model for its name and the version for its own', async () => {
    await using server = createServer();
    await server.load({ bFails: true });
    const names = ['a', 'a/1', 'a/2', 'b', 'b/1'];
    expect(names.map((name) => server.readiness.status(name))).toEqual(['serving', 'serving', 'serving', 'not_serving', 'not_serving']);
    server.readiness.markDraining();
    expect(names.map((name) => server.readiness.status(name))).toEqual(names.map(() => 'not_serving'));
  });

  it('is serving for a model that answers, though the server is still starting', async () => {
    await using server = createServer();
    server.registry.aspire([aspiredModel('a', '1')]);
    await turns();
    server.loader.finish('a/1');
    await turns();
    expect(server.readiness.status('a/1')).toBe('serving');
  });

  it('is unknown for every other name', async () => {
    await using server = createServer();
    await server.load();
    for (const name of ['c', 'a/3', 'a/', '/1', 'a/1/', 'millrace.v1']) expect(server.readiness.status(name)).toBe('unknown');
  });
});

describe('Readiness.services', () => {
  it('names everything that has a status, once', async () => {
    await using server = createServer();
    await server.load({ bFails: true });
    const names = [...server.readiness.services()];
    expect(names).toEqual(['', FACADE, 'a', 'a/1', 'a/2', 'b', 'b/1']);
    expect(names.map((name) => server.readiness.status(name))).not.toContain('unknown');
  });
});

describe('Readiness.subscribe', () => {
  it('tells of each change of the registry and of the server, until it is ended', async () => {
    await using server = createServer();
    let told = 0;
    const end = server.readiness.subscribe(() => {
      told += 1;
    });
    server.registry.aspire([aspiredModel('a', '1')]);
    await turns();
    const whileLoading = told;
    expect(whileLoading).toBeGreaterThan(0);
    server.loader.finish('a/1');
    await turns();
    const whenReady = told;
    expect(whenReady).toBeGreaterThan(whileLoading);
    server.readiness.markSettled();
    expect(told).toBe(whenReady + 1);
    server.readiness.markDraining();
    expect(told).toBe(whenReady + 2);
    end();
    server.readiness.markDraining();
    expect(told).toBe(whenReady + 2);
  });

  it('tells of a change when it has happened, not before', async () => {
    await using server = createServer();
    const seen: string[] = [];
    server.readiness.subscribe(() => seen.push(server.readiness.status('a')));
    server.registry.aspire([aspiredModel('a', '1')]);
    await turns();
    server.loader.finish('a/1');
    await turns();
    expect(seen.at(-1)).toBe('serving');
  });
});
