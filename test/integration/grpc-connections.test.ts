import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { RawClient } from '../support/grpc-client.js';
import { unary, untilCancelled } from '../support/grpc-methods.js';
import { serviceOf, startServer, until } from '../support/grpc-server.js';
import { prefaceAndSettings } from '../support/h2-frames.js';
import { ManualClock } from '../support/manual-clock.js';

const who = serviceOf(unary('Who', async (_request, { peer }) => `${peer.address} ${peer.local}`));

function port(address: string): number {
  return Number(address.split(':').pop());
}

/** Resolves when the other end has closed the connection; where it had not read everything, it does so by a reset. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.resume().once('close', () => resolve());
  });
}

/** In small steps, so that what is said on the way is heard at its time. */
async function passing(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    clock.advance(500);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('connections', () => {
  it('that say nothing are closed after the preface timeout, those that have spoken are kept', async () => {
    const clock = new ManualClock();
    await using at = await startServer([who], { prefaceTimeoutMs: 10_000 }, clock);
    await using client = await RawClient.connect(at.address);
    const silent = connect(port(at.address), '127.0.0.1');
    const stammering = connect(port(at.address), '127.0.0.1');
    stammering.write(prefaceAndSettings().subarray(0, 10));
    for (const socket of [silent, stammering]) await once(socket, 'data');
    clock.advance(9_999);
    expect([silent.destroyed, stammering.destroyed]).toEqual([false, false]);
    clock.advance(2);
    await Promise.all([silent, stammering].map(closed));
    expect(await client.call('/test.Test/Who', '')).toMatchObject({ status: 0 });
    await at.server.close();
    // The wheel lets the last of its timers fire into an empty wheel.
    clock.advance(6000);
    expect(clock.pending).toBe(0);
  });

  it('that speak something else are closed', async () => {
    await using at = await startServer([who]);
    const socket = connect(port(at.address), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await once(socket.resume(), 'close');
    await using client = await RawClient.connect(at.address);
    expect(await client.call('/test.Test/Who', '')).toMatchObject({ status: 0 });
  });

  it('over the limit are closed', async () => {
    await using at = await startServer([who], { maxConnections: 1 });
    await using client = await RawClient.connect(at.address);
    await expect(RawClient.connect(at.address)).rejects.toThrow();
    expect(await client.call('/test.Test/Who', '')).toMatchObject({ status: 0 });
  });

  it('past their age are sent away in two steps, without losing a call', async () => {
    const clock = new ManualClock();
    const waiting: (() => void)[] = [];
    const wait = unary('Wait', async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return 'done';
    });
    await using at = await startServer([serviceOf(wait)], { maxConnectionAgeMs: 60_000 }, clock);
    await using client = await RawClient.connect(at.address);
    const goaways: number[] = [];
    client.session.on('goaway', (_code: number, lastStream: number) => goaways.push(lastStream));
    const answer = client.call('/test.Test/Wait', '');
    await until(() => waiting.length === 1);
    clock.advance(53_999);
    expect(client.session.closed).toBe(false);
    // In small steps, or the time that the client has to answer a ping would pass as well.
    for (let age = 53_999; goaways.length === 0 && age < 66_001; age += 500) {
      clock.advance(500);
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => goaways.length === 2);
    expect(goaways).toEqual([2 ** 31 - 1, 1]);
    waiting[0]?.();
    expect(await answer).toMatchObject({ status: 0 });
    await using next = await RawClient.connect(at.address);
    expect(next.session.destroyed).toBe(false);
  });

  it('that are past their age and the time thereafter are closed, with what is still on them', async () => {
    const clock = new ManualClock();
    const wait = unary('Wait', (_text, call) => untilCancelled(call));
    await using at = await startServer([serviceOf(wait)], { maxConnectionAgeMs: 10_000, maxConnectionAgeGraceMs: 5_000 }, clock);
    await using client = await RawClient.connect(at.address);
    const answer = client.call('/test.Test/Wait', '');
    await until(() => at.door.inside.size === 1);
    await passing(clock, 13_500);
    expect([client.session.destroyed, at.door.inside.size]).toEqual([false, 1]);
    await passing(clock, 4_000);
    expect(await answer).toMatchObject({ messages: [], status: undefined });
    await until(() => client.session.destroyed && at.door.left === 1);
  });

  it('that have had no call for some time are sent away, those with a call are not', async () => {
    const clock = new ManualClock();
    const waiting: (() => void)[] = [];
    const wait = unary('Wait', async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return 'done';
    });
    await using at = await startServer([serviceOf(wait)], { maxConnectionIdleMs: 10_000 }, clock);
    await using client = await RawClient.connect(at.address);
    const goaways: number[] = [];
    client.session.on('goaway', (_code: number, lastStream: number) => goaways.push(lastStream));
    await passing(clock, 9_000);
    const answer = client.call('/test.Test/Wait', '');
    await until(() => waiting.length === 1);
    await passing(clock, 20_000);
    expect(goaways).toEqual([]);
    waiting[0]?.();
    expect(await answer).toMatchObject({ status: 0 });
    await passing(clock, 9_000);
    expect(goaways).toEqual([]);
    await passing(clock, 2_500);
    // The first tells a client without a call enough: it closes.
    await until(() => client.session.destroyed);
    expect(goaways[0]).toBe(2 ** 31 - 1);
  });

  it('come through unix sockets, whose peers are local', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
    await using at = await startServer([who], { listen: ['127.0.0.1:0', `unix:${join(folder, 'm.sock')}`] });
    await using client = await RawClient.connect(at.server.addresses[1] ?? '');
    expect((await client.call('/test.Test/Who', '')).messages.map(String)).toEqual(['unix: true']);
    rmSync(folder, { recursive: true });
  });

  it('get wide receive windows while the budget lasts', async () => {
    const DEFAULT = 65_535;
    const WIDE = 4 * 1024 * 1024;
    await using at = await startServer([who], { receiveBudgetBytes: WIDE });
    const windowOf = async (client: RawClient) => {
      await until(() => client.session.state.remoteWindowSize !== undefined);
      // The window's news comes with the settings; a call behind them makes sure that it has been read.
      await client.call('/test.Test/Who', '');
      return client.session.state.remoteWindowSize ?? 0;
    };
    {
      await using first = await RawClient.connect(at.address);
      await using second = await RawClient.connect(at.address);
      expect(first.session.remoteSettings.initialWindowSize).toBe(1024 * 1024);
      expect(await windowOf(first)).toBeGreaterThan(WIDE - 100);
      expect(await windowOf(second)).toBeLessThanOrEqual(DEFAULT);
    }
    // The server gives back what the first had once it has seen it go.
    for (let window = 0; window < WIDE - 100; ) {
      await using next = await RawClient.connect(at.address);
      window = await windowOf(next);
    }
  });

  it('may each have as many streams as the limit says', async () => {
    await using at = await startServer([who], { maxStreamsPerConnection: 7 });
    await using client = await RawClient.connect(at.address);
    expect(client.session.remoteSettings.maxConcurrentStreams).toBe(7);
  });
});

describe('start', () => {
  it('fails on a port in use', async () => {
    await using at = await startServer([who]);
    await expect(startServer([who], { listen: [at.address] })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
