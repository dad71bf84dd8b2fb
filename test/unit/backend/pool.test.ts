import { describe, expect, it } from '@jest/globals';
import type { Lease } from '../../../src/backend/lease.js';
import type { SlotSource } from '../../../src/batching/slot.js';
import { ServingError } from '../../../src/error/serving-error.js';
import { turns } from '../../support/event-loop.js';
import { never, PoolRig } from '../../support/pool-rig.js';

async function giveBack(...leases: Lease[]): Promise<void> {
  for (const lease of leases) await lease[Symbol.asyncDispose]();
}

describe('InstancePool', () => {
  describe('open', () => {
    it('makes every instance before it resolves', async () => {
      await using rig = await PoolRig.open({ instanceCount: 3, slotsPerInstance: 2 });
      expect(rig.model.made).toHaveLength(3);
      expect(rig.pool.stats()).toEqual({ size: 6, ready: 6, inUse: 0, waiting: 0, replaced: 0 });
    });

    it('rejects with the first failure and closes what it had made', async () => {
      const rig = new PoolRig({ instanceCount: 3 });
      rig.model.create = (nth) => (nth === 2 ? Promise.reject(new ServingError('load_failed', 'no memory')) : Promise.resolve());
      await expect(rig.open()).rejects.toMatchObject({ code: 'load_failed', message: 'no memory' });
      expect(rig.model.creations).toBe(2);
      expect(rig.model.open).toEqual([]);
      expect(rig.clock.pending).toBe(0);
    });

    it('gives up on an instance that takes too long, and closes it when it comes after all', async () => {
      const rig = new PoolRig({ createTimeoutMs: 500 });
      let finish: () => void = () => undefined;
      rig.model.create = () =>
        new Promise((resolve) => {
          finish = resolve;
        });
      const opening = expect(rig.open()).rejects.toMatchObject({ code: 'load_failed' });
      await rig.pass(500);
      await opening;
      finish();
      await turns();
      expect(rig.model.made).toHaveLength(1);
      expect(rig.model.open).toEqual([]);
    });

    it('rejects with the reason of its signal', async () => {
      const rig = new PoolRig();
      await expect(rig.open(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    });
  });

  describe('acquire', () => {
    it('is what batching asks for', async () => {
      await using rig = await PoolRig.open();
      const source: SlotSource = rig.pool;
      await using slot = await source.acquire(never());
      expect(slot.instance).toBe('m/1#1');
      await expect(slot.execute([], never())).resolves.toEqual({ outputs: [], executeUs: 0 });
    });

    it('streams from the same instance', async () => {
      await using rig = await PoolRig.open();
      await using lease = await rig.pool.acquire(never());
      const answers = [];
      for await (const answer of lease.stream([], never())) answers.push(answer);
      expect(answers).toHaveLength(1);
    });

    it('lends no more slots than there are, first come first served', async () => {
      await using rig = await PoolRig.open({ instanceCount: 2 });
      const first = await rig.pool.acquire(never());
      const second = await rig.pool.acquire(never());
      const order: number[] = [];
      const acquireAs = async (place: number) => {
        const lease = await rig.pool.acquire(never());
        order.push(place);
        return lease;
      };
      const third = acquireAs(3);
      const fourth = acquireAs(4);
      await turns();
      expect(rig.pool.stats()).toMatchObject({ inUse: 2, waiting: 2 });
      await giveBack(first);
      await third;
      expect(order).toEqual([3]);
      await giveBack(second);
      expect(order).toEqual([3, 4]);
      await giveBack(await third, await fourth);
      expect(rig.pool.stats()).toMatchObject({ inUse: 0, waiting: 0 });
    });

    it('says whether a slot was lent before', async () => {
      await using rig = await PoolRig.open();
      for (let lease = 0; lease < 3; lease++) await giveBack(await rig.pool.acquire(never()));
      expect(rig.leased).toEqual([false, true, true]);
    });

    it('takes a lease back once, however often it is disposed', async () => {
      await using rig = await PoolRig.open();
      const lease = await rig.pool.acquire(never());
      await giveBack(lease, lease);
      await using again = await rig.pool.acquire(never());
      await giveBack(lease);
      expect(again.instance).toBe('m/1#1');
      expect(rig.pool.stats().inUse).toBe(1);
    });

    it('lets an aborted caller leave the line at once and gives the slot to the next', async () => {
      await using rig = await PoolRig.open();
      const held = await rig.pool.acquire(never());
      const abort = new AbortController();
      const aborted = rig.pool.acquire(abort.signal);
      const next = rig.pool.acquire(never());
      abort.abort(new ServingError('deadline_exceeded', 'late'));
      await expect(aborted).rejects.toMatchObject({ code: 'deadline_exceeded' });
      expect(rig.pool.stats().waiting).toBe(1);
      await giveBack(held);
      await giveBack(await next);
      await expect(rig.pool.acquire(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    });

    it('keeps a slot that comes when its caller has gone', async () => {
      await using rig = await PoolRig.open();
      const held = await rig.pool.acquire(never());
      const abort = new AbortController();
      const aborted = rig.pool.acquire(abort.signal);
      abort.abort();
      await expect(aborted).rejects.toMatchObject({ code: 'cancelled' });
      await giveBack(held);
      await turns();
      await giveBack(await rig.pool.acquire(never()));
      expect(rig.pool.stats()).toMatchObject({ inUse: 0, waiting: 0 });
    });

    it('refuses one caller too many', async () => {
      await using rig = await PoolRig.open({ maxWaiters: 2 });
      const held = await rig.pool.acquire(never());
      const waiting = [rig.pool.acquire(never()), rig.pool.acquire(never())];
      await expect(rig.pool.acquire(never())).rejects.toMatchObject({ code: 'overloaded', detail: { retryAfterMs: 100 } });
      await giveBack(held);
      for (const lease of waiting) await giveBack(await lease);
    });
  });

  describe('a broken instance', () => {
    it('is not lent again, is closed, and another takes its place', async () => {
      await using rig = await PoolRig.open();
      const lease = await rig.pool.acquire(never());
      const [first] = rig.model.made;
      if (first !== undefined) first.broken = new Error('worker died');
      await giveBack(lease);
      const next = rig.pool.acquire(never());
      await rig.pass(200);
      await using lent = await next;
      expect(lent.instance).toBe('m/1#2');
      expect(first?.closes).toBe(1);
      expect(rig.pool.stats()).toMatchObject({ size: 1, ready: 1, inUse: 1, replaced: 1 });
      expect(rig.events.map(({ kind }) => kind)).toEqual(['instance_broken', 'instance_replaced']);
    });

    it('is found and replaced within two seconds though nobody asks', async () => {
      await using rig = await PoolRig.open({ instanceCount: 2, slotsPerInstance: 4 });
      const [first] = rig.model.made;
      if (first !== undefined) first.broken = new Error('worker died');
      await rig.pass(2_000);
      expect(rig.model.open.map(({ id }) => id)).toEqual(['m/1#2', 'm/1#3']);
      expect(rig.pool.stats()).toMatchObject({ size: 8, ready: 8, replaced: 1 });
      const leases = await Promise.all(Array.from({ length: 8 }, () => rig.pool.acquire(never())));
      expect(new Set(leases.map(({ instance }) => instance))).toEqual(new Set(['m/1#2', 'm/1#3']));
      await giveBack(...leases);
    });

    it('that is found when it should be lent is passed over', async () => {
      await using rig = await PoolRig.open({ instanceCount: 2 });
      const [, second] = rig.model.made;
      for (const instance of rig.model.made) if (instance !== second) instance.broken = new Error('worker died');
      const leases = [rig.pool.acquire(never()), rig.pool.acquire(never())];
      await rig.pass(300);
      const instances = await Promise.all(leases.map(async (lease) => (await lease).instance));
      expect(instances.sort()).toEqual(['m/1#2', 'm/1#3']);
      for (const lease of leases) await giveBack(await lease);
    });

    it('keeps the slots that are lent until they come back', async () => {
      await using rig = await PoolRig.open({ slotsPerInstance: 3 });
      const held = await rig.pool.acquire(never());
      const [first] = rig.model.made;
      if (first !== undefined) first.broken = new Error('worker died');
      await rig.pass(500);
      const fresh = await Promise.all([rig.pool.acquire(never()), rig.pool.acquire(never())]);
      expect(fresh.map(({ instance }) => instance)).toEqual(['m/1#2', 'm/1#2']);
      const third = rig.pool.acquire(never());
      await giveBack(held);
      expect((await third).instance).toBe('m/1#2');
      await giveBack(...fresh, await third);
    });

    it('has no free slots: who finds no room in the line is told so at once', async () => {
      await using rig = await PoolRig.open({ slotsPerInstance: 2, maxWaiters: 0 });
      const held = await rig.pool.acquire(never());
      for (let round = 1; round <= 3; round++) {
        const last = rig.model.made.at(-1);
        let finish: () => void = () => undefined;
        rig.model.create = () =>
          new Promise((resolve) => {
            finish = resolve;
          });
        if (last !== undefined) last.broken = new Error('worker died');
        await rig.pass(1_500);
        const refused = await Promise.race([rig.pool.acquire(never()), turns()]).catch((error: unknown) => error);
        expect(refused).toMatchObject({ code: 'overloaded' });
        finish();
        await turns();
        expect(rig.pool.stats().ready).toBe(2);
      }
      await giveBack(held, await rig.pool.acquire(never()));
    });

    it('that breaks over and over is still replaced within two seconds each time', async () => {
      await using rig = await PoolRig.open();
      for (let round = 1; round <= 12; round++) {
        const last = rig.model.made.at(-1);
        if (last !== undefined) last.broken = new Error('worker died');
        await rig.pass(2_000);
        expect(rig.pool.stats()).toMatchObject({ ready: 1, replaced: round });
      }
    });
  });

  describe('while no instance can be made', () => {
    async function openBroken(): Promise<PoolRig> {
      const rig = await PoolRig.open();
      rig.model.create = () => Promise.reject(new ServingError('load_failed', 'gone'));
      const [first] = rig.model.made;
      if (first !== undefined) first.broken = new Error('worker died');
      return rig;
    }

    it('refuses those who wait and those who come, saying when to come again', async () => {
      await using rig = await openBroken();
      const waiting = expect(rig.pool.acquire(never())).rejects.toMatchObject({ code: 'backend_unavailable' });
      await rig.pass(200);
      await waiting;
      expect(rig.pool.stats()).toMatchObject({ ready: 0, waiting: 0 });
      await expect(rig.pool.acquire(never())).rejects.toMatchObject({
        code: 'backend_unavailable',
        detail: { retryAfterMs: expect.any(Number) },
        cause: { message: 'gone' },
      });
      expect(rig.events.at(-1)).toMatchObject({ kind: 'create_failed', error: { message: 'gone' } });
    });

    it('does not spin: ten creations a second at most, and fewer as it goes on', async () => {
      await using rig = await openBroken();
      await rig.pass(1_000);
      expect(rig.model.creations - 1).toBeGreaterThanOrEqual(2);
      expect(rig.model.creations - 1).toBeLessThanOrEqual(10);
      const early = rig.model.creations;
      await rig.pass(20_000, 50);
      expect(rig.model.creations - early).toBeLessThanOrEqual(8);
    });

    it('serves again as soon as one can be made', async () => {
      await using rig = await openBroken();
      await rig.pass(1_000);
      await expect(rig.pool.acquire(never())).rejects.toMatchObject({ code: 'backend_unavailable' });
      rig.model.create = () => Promise.resolve();
      await rig.pass(2_000);
      await using lease = await rig.pool.acquire(never());
      expect(lease.instance).toMatch(/^m\/1#/);
    });

    it('keeps serving from the instances that are left', async () => {
      await using rig = await PoolRig.open({ instanceCount: 2 });
      rig.model.create = () => Promise.reject(new ServingError('load_failed', 'gone'));
      const [first] = rig.model.made;
      if (first !== undefined) first.broken = new Error('worker died');
      await rig.pass(1_000);
      await using lease = await rig.pool.acquire(never());
      expect(lease.instance).toBe('m/1#2');
      expect(rig.pool.stats()).toMatchObject({ size: 2, ready: 1 });
    });
  });

  describe('drain', () => {
    it('waits for those in line and for every lease, and takes nobody new', async () => {
      await using rig = await PoolRig.open();
      const held = await rig.pool.acquire(never());
      const waiting = rig.pool.acquire(never());
      let drained = false;
      const draining = rig.pool.drain(never()).then(() => {
        drained = true;
      });
      await expect(rig.pool.acquire(never())).rejects.toMatchObject({ code: 'backend_unavailable' });
      await giveBack(held);
      const last = await waiting;
      await turns();
      expect(drained).toBe(false);
      await giveBack(last);
      await draining;
      expect(drained).toBe(true);
    });

    it('ends when the last one in line gives up', async () => {
      await using rig = await PoolRig.open();
      const [first] = rig.model.made;
      if (first !== undefined) first.broken = new Error('worker died');
      const abort = new AbortController();
      const waiting = expect(rig.pool.acquire(abort.signal)).rejects.toMatchObject({ code: 'cancelled' });
      await turns();
      const draining = rig.pool.drain(never());
      abort.abort();
      await waiting;
      await draining;
      expect(rig.pool.stats()).toMatchObject({ inUse: 0, waiting: 0 });
    });

    it('ends at its deadline though a lease is out, and close ends the rest', async () => {
      await using rig = await PoolRig.open();
      const held = await rig.pool.acquire(never());
      const waiting = expect(rig.pool.acquire(never())).rejects.toMatchObject({ code: 'backend_unavailable' });
      const abort = new AbortController();
      const draining = rig.pool.drain(abort.signal);
      abort.abort();
      await draining;
      await rig.pool.drain(abort.signal);
      await rig.pool.close();
      await waiting;
      expect(rig.model.open).toEqual([]);
      await giveBack(held);
      expect(rig.pool.stats()).toMatchObject({ ready: 0, inUse: 0, waiting: 0 });
    });
  });

  describe('close', () => {
    it('closes each instance once, however often it is called, and leaves no timer', async () => {
      await using rig = await PoolRig.open({ instanceCount: 2, slotsPerInstance: 2 });
      await Promise.all([rig.pool.close(), rig.pool.close()]);
      await rig.pool.close();
      expect(rig.model.made.map(({ closes }) => closes)).toEqual([1, 1]);
      expect(rig.clock.pending).toBe(0);
      await expect(rig.pool.acquire(never())).rejects.toMatchObject({ code: 'backend_unavailable' });
    });

    it('gives up a replacement that is being made', async () => {
      await using rig = await PoolRig.open();
      rig.model.create = (_nth, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('given up')));
        });
      const [first] = rig.model.made;
      if (first !== undefined) first.broken = new Error('worker died');
      await rig.pass(500);
      expect(rig.model.creations).toBe(2);
      await rig.pool.close();
      expect(rig.clock.pending).toBe(0);
    });
  });
});
