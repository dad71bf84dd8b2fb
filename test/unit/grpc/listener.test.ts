import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Peer } from '../../../src/grpc/call.js';
import { Listener, type ListenerOptions } from '../../../src/grpc/listener.js';
import { until } from '../../support/grpc-server.js';

interface Open extends AsyncDisposable {
  readonly listener: Listener;
  readonly accepted: { readonly socket: Socket; readonly peer: Peer }[];
  dial(at?: number): Promise<Socket>;
}

async function open(options: Partial<ListenerOptions> = {}): Promise<Open> {
  const accepted: { socket: Socket; peer: Peer }[] = [];
  const full = { listen: ['127.0.0.1:0'], maxConnections: 10, handshakeTimeoutMs: 1000, ...options };
  const listener = await Listener.listen(full, (socket, peer) => accepted.push({ socket, peer }));
  const dialled: Socket[] = [];
  const dial = async (at = 0) => {
    const address = listener.addresses[at] ?? '';
    const unix = address.startsWith('unix:');
    const socket = unix ? connect(address.slice(5)) : connect(Number(address.split(':').pop()), '127.0.0.1');
    socket.on('error', () => undefined);
    dialled.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  const dispose = async () => {
    for (const socket of dialled) socket.destroy();
    await listener.close();
  };
  return { listener, accepted, dial, [Symbol.asyncDispose]: dispose };
}

function socketPath(): { readonly path: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
  return { path: join(folder, 'm.sock'), [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

describe('Listener', () => {
  it('binds a free port, names it and hands connections on with their peer', async () => {
    await using it = await open();
    expect(it.listener.addresses[0]).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
    const socket = await it.dial();
    await until(() => it.accepted.length === 1);
    expect(it.accepted[0]?.peer).toEqual({ address: `127.0.0.1:${socket.localPort}`, local: true });
  });

  it('listens on several addresses, unix sockets among them, and removes the file when it stops', async () => {
    using folder = socketPath();
    await using it = await open({ listen: ['127.0.0.1:0', `unix:${folder.path}`] });
    expect(it.listener.addresses[1]).toBe(`unix:${folder.path}`);
    await it.dial(1);
    await until(() => it.accepted.length === 1);
    expect(it.accepted[0]?.peer).toEqual({ address: 'unix:', local: true });
    it.listener.stop();
    expect(existsSync(folder.path)).toBe(false);
  });

  it('closes a connection over the limit at once, counted over all addresses, and takes the next when one has gone', async () => {
    await using it = await open({ listen: ['127.0.0.1:0', '127.0.0.1:0'], maxConnections: 2 });
    const first = await it.dial(0);
    await it.dial(1);
    const third = await it.dial(0);
    third.resume();
    await once(third, 'close');
    expect(it.accepted).toHaveLength(2);
    first.destroy();
    await until(() => it.accepted.some(({ socket }) => socket.destroyed || socket.readableEnded));
    for (const { socket } of it.accepted) if (socket.readableEnded) socket.destroy();
    await until(() => it.accepted.some(({ socket }) => socket.closed));
    await it.dial(1);
    await until(() => it.accepted.length === 3);
  });

  it('keeps what is connected when it stops, and ends it when it closes', async () => {
    await using it = await open();
    const socket = await it.dial();
    await until(() => it.accepted.length === 1);
    it.listener.stop();
    expect(it.accepted[0]?.socket.destroyed).toBe(false);
    await expect(it.dial()).rejects.toThrow('ECONNREFUSED');
    const ended = once(socket.resume(), 'close');
    await it.listener.close();
    await it.listener.close();
    await ended;
  });

  it('lives on when the system cannot accept a connection, and counts it with those that are refused', async () => {
    let refused = 0;
    await using it = await open({ onRefused: () => (refused += 1) });
    await it.dial();
    await until(() => it.accepted.length === 1);
    // node:net gives each accepted socket its server, which is where it reports what accept(2) failed with.
    const [server] = it.accepted.map(({ socket }) => (socket as Socket & { readonly server: Server }).server);
    for (const code of ['EMFILE', 'ENOBUFS']) server?.emit('error', Object.assign(new Error(`accept ${code}`), { code }));
    expect(refused).toBe(2);
    await it.dial();
    await until(() => it.accepted.length === 2);
    await it.listener.close();
  });

  it('fails on a port in use with the error of the system, and lets go of what it had bound', async () => {
    await using taken = await open();
    const address = taken.listener.addresses[0] ?? '';
    using folder = socketPath();
    await expect(open({ listen: [`unix:${folder.path}`, address] })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(existsSync(folder.path)).toBe(false);
  });

  it('refuses an address that is none', async () => {
    await expect(open({ listen: ['nowhere'] })).rejects.toThrow('cannot listen on "nowhere"');
  });
});
