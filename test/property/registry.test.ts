import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { ServingError } from '../../src/error/serving-error.js';
import { formatVersionId, NEWEST, type VersionReference } from '../../src/model/id.js';
import type { Handle } from '../../src/registry/handle.js';
import { Registry } from '../../src/registry/registry.js';
import { turns } from '../support/event-loop.js';
import { aspiredModel, FakeLoader, type FakeServable } from '../support/fake-servables.js';
import { ManualClock } from '../support/manual-clock.js';

const MODELS = ['a', 'b', 'c'] as const;
const VERSIONS = ['1', '2', '10'] as const;
const PARALLELISM = 2;

type Step =
  | { readonly kind: 'aspire'; readonly wanted: Readonly<Partial<Record<string, readonly string[]>>> }
  | { readonly kind: 'renew'; readonly model: string; readonly versions: readonly string[] }
  | { readonly kind: 'retire'; readonly model: string }
  | { readonly kind: 'acquire'; readonly model: string; readonly reference: VersionReference }
  | { readonly kind: 'release' | 'finish' | 'fail'; readonly pick: number };

const model = fc.constantFrom(...MODELS);
const reference = fc.oneof(
  fc.constant(NEWEST),
  fc.constantFrom(...VERSIONS).map((version) => ({ kind: 'version', version }) as const),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.dictionary(model, fc.subarray([...VERSIONS])).map((wanted) => ({ kind: 'aspire', wanted }) as const) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('renew' as const), model, versions: fc.subarray([...VERSIONS]) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retire' as const), model }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('acquire' as const), model, reference }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('release' as const), pick: fc.nat() }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('finish' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), pick: fc.nat() }) },
);

/** A registry under random treatment, and what must hold whatever happens to it. */
class World {
  readonly loader = new FakeLoader();
  readonly registry = new Registry<FakeServable>({ loader: this.loader, clock: new ManualClock(), loadParallelism: PARALLELISM });
  readonly handles: Handle<FakeServable>[] = [];
  readonly lent = new Set<FakeServable>();
  #wanted: Readonly<Partial<Record<string, readonly string[]>>> = {};
  readonly #available = new Set<string>();
  /** How many servables there were when the model was last made anew: those do not count as what is wanted. */
  readonly #renewedAt = new Map<string, number>();

  async take(next: Step): Promise<void> {
    this.#do(next);
    await turns(1);
    this.#check();
  }

  /** Everything comes back, every load ends, nothing is wanted any more. */
  async end(drain: boolean): Promise<void> {
    const ended = drain ? this.registry.drain(new AbortController().signal) : this.registry.close();
    await turns(1);
    this.#checkHandles(drain);
    for (const handle of this.handles.splice(0)) handle[Symbol.dispose]();
    for (const name of this.loader.underWay) this.loader.finish(name);
    await turns(1);
    for (const name of this.loader.underWay) this.loader.fail(name, new Error('given up'));
    await ended;
    assert.deepEqual(this.registry.status(), []);
    for (const { closes, drains } of this.loader.servables) {
      assert.equal(closes, 1);
      assert.ok(drains <= 1);
    }
    for (const { drains } of this.lent) assert.equal(drains, 1);
  }

  #do(next: Step): void {
    switch (next.kind) {
      case 'aspire':
        this.#aspire(next.wanted);
        return;
      case 'renew':
        this.#want(next.model, next.versions);
        this.#renewedAt.set(next.model, this.loader.servables.length);
        void this.registry.renew(aspiredModel(next.model, ...next.versions));
        return;
      case 'retire':
        this.#want(next.model, []);
        this.registry.retire(next.model);
        return;
      case 'acquire':
        this.#acquire(next.model, next.reference);
        return;
      case 'release':
        this.handles.splice(next.pick % (this.handles.length + 1), 1)[0]?.[Symbol.dispose]();
        return;
      case 'finish':
      case 'fail':
        this.#endLoad(next.kind, next.pick);
    }
  }

  #aspire(wanted: Readonly<Partial<Record<string, readonly string[]>>>): void {
    for (const name of MODELS) if ((wanted[name] ?? []).length === 0) this.#available.delete(name);
    this.#wanted = wanted;
    this.#renewedAt.clear();
    this.registry.aspire(Object.entries(wanted).map(([name, versions = []]) => aspiredModel(name, ...versions)));
  }

  #want(name: string, versions: readonly string[]): void {
    if (versions.length === 0) this.#available.delete(name);
    this.#wanted = { ...this.#wanted, [name]: versions };
  }

  #acquire(name: string, which: VersionReference): void {
    const ready = this.registry.readyVersions(name);
    const expected = which.kind === 'version' ? ready.find((version) => version === which.version) : ready.at(-1);
    const handle = this.#tryAcquire(name, which);
    assert.equal(handle?.id.version, expected);
    if (handle === undefined) return;
    this.handles.push(handle);
    this.lent.add(handle.servable);
    const { name: servable, drains, closes } = handle.servable;
    assert.deepEqual({ servable, drains, closes }, { servable: formatVersionId(handle.id), drains: 0, closes: 0 });
  }

  #tryAcquire(name: string, which: VersionReference): Handle<FakeServable> | undefined {
    try {
      return this.registry.acquire(name, which);
    } catch (error) {
      const { code } = ServingError.from(error);
      assert.ok(code === 'model_not_found' || code === 'model_not_ready', code);
      return undefined;
    }
  }

  #endLoad(kind: 'finish' | 'fail', pick: number): void {
    const { underWay } = this.loader;
    const name = underWay[pick % Math.max(1, underWay.length)];
    if (name === undefined) return;
    if (kind === 'finish') this.loader.finish(name);
    else this.loader.fail(name, new ServingError('load_failed', 'no such operator'));
  }

  #check(): void {
    this.#checkHandles(true);
    assert.ok(this.loader.underWay.length <= PARALLELISM);
    for (const name of MODELS) {
      const ready = this.registry.readyVersions(name);
      // Availability: once a model has something ready, it always has, for as long as it is wanted.
      if (this.#available.has(name)) assert.notDeepEqual(ready, []);
      if (ready.length > 0) this.#available.add(name);
      // What is ready and not wanted is kept only for want of anything better.
      const wanted = this.#wanted[name] ?? [];
      if (ready.some((version) => wanted.includes(version) && this.#isNew(name, version)))
        assert.ok(ready.every((version) => wanted.includes(version)));
      // What was made anew serves together or not at all.
      const renewed = this.#renewedAt.has(name) ? ready.filter((version) => this.#isNew(name, version)) : [];
      if (renewed.length > 0) assert.deepEqual(new Set(renewed), new Set(wanted));
    }
  }

  #isNew(name: string, version: string): boolean {
    using handle = this.registry.acquire(name, { kind: 'version', version });
    return this.loader.servables.indexOf(handle.servable) >= (this.#renewedAt.get(name) ?? 0);
  }

  /** What is lent is never closed, and its work goes on unless there is a hurry. */
  #checkHandles(graceful: boolean): void {
    for (const { servable } of this.handles) assert.deepEqual([servable.closes, graceful ? servable.drains : 0], [0, 0]);
  }
}

describe('Registry under random treatment', () => {
  it('never closes what is lent, closes everything once, and stays available', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), fc.boolean(), async (steps, drain) => {
        const world = new World();
        for (const next of steps) await world.take(next);
        await world.end(drain);
      }),
      { numRuns: 1_000 },
    );
  }, 120_000);
});
