import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Lease } from '../../src/backend/lease.js';
import { turns } from '../support/event-loop.js';
import { PoolRig } from '../support/pool-rig.js';

type Step =
  | { readonly kind: 'acquire' | 'release' | 'abort' | 'break'; readonly pick: number }
  | { readonly kind: 'pass'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('acquire' as const), pick: fc.nat(100) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('release' as const), pick: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort' as const), pick: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('break' as const), pick: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(600) }) },
);

/** Callers of one pool, as a random walk moves them. */
class Callers {
  readonly leases: Lease[] = [];
  readonly waiting = new Set<AbortController>();
  failures = 0;
  readonly #rig: PoolRig;

  constructor(rig: PoolRig) {
    this.#rig = rig;
  }

  async take({ kind, ...step }: Step): Promise<void> {
    switch (kind) {
      case 'acquire':
        this.#acquire();
        break;
      case 'release':
        await this.#pick(this.leases, step)?.[Symbol.asyncDispose]();
        break;
      case 'abort':
        this.#pick([...this.waiting], step)?.abort();
        break;
      case 'break': {
        const instance = this.#pick(this.#rig.model.open, step);
        if (instance !== undefined) instance.broken = new Error('worker died');
        break;
      }
      case 'pass':
        this.#rig.clock.advance('ms' in step ? step.ms : 0);
    }
  }

  async giveAllBack(): Promise<void> {
    for (const abort of this.waiting) abort.abort();
    for (const lease of this.leases.splice(0)) await lease[Symbol.asyncDispose]();
  }

  #acquire(): void {
    const abort = new AbortController();
    this.waiting.add(abort);
    this.#rig.pool
      .acquire(abort.signal)
      .then(
        (lease) => this.#lent(lease),
        () => undefined,
      )
      .finally(() => this.waiting.delete(abort));
  }

  #lent(lease: Lease): void {
    const instance = this.#rig.model.made.find(({ id }) => id === lease.instance);
    if (instance === undefined || instance.closes > 0) this.failures += 1;
    this.leases.push(lease);
  }

  #pick<T>(from: T[], step: object): T | undefined {
    const at = 'pick' in step && typeof step.pick === 'number' ? step.pick % Math.max(1, from.length) : 0;
    return from === this.leases ? from.splice(at, 1)[0] : from[at];
  }
}

describe('InstancePool under random use', () => {
  it('lends no more than it has, lends nothing closed, loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, instanceCount, slotsPerInstance) => {
          const size = instanceCount * slotsPerInstance;
          await using rig = await PoolRig.open({ instanceCount, slotsPerInstance, maxWaiters: 8 });
          const callers = new Callers(rig);
          for (const each of steps) {
            await callers.take(each);
            await turns(1);
            const { inUse, waiting } = rig.pool.stats();
            expect(inUse).toBe(callers.leases.length);
            expect(inUse).toBeLessThanOrEqual(size);
            expect(waiting).toBeLessThanOrEqual(8);
            expect(rig.model.open.length).toBeLessThanOrEqual(instanceCount);
          }
          await callers.giveAllBack();
          await rig.pass(8_000, 200);
          expect(rig.pool.stats()).toMatchObject({ size, ready: size, inUse: 0, waiting: 0 });
          // Every slot is there to be lent again, of well instances only.
          for (let lease = 0; lease < size; lease++) await callers.take({ kind: 'acquire', pick: 0 });
          await turns(2);
          expect(callers.leases).toHaveLength(size);
          expect(new Set(callers.leases.map(({ instance }) => instance))).toEqual(new Set(rig.model.open.map(({ id }) => id)));
          await callers.giveAllBack();
          await rig.pool.close();
          expect(callers.failures).toBe(0);
          expect(rig.model.open).toEqual([]);
          expect(rig.clock.pending).toBe(0);
        },
      ),
      { numRuns: 1_000 },
    );
  }, 120_000);
});
