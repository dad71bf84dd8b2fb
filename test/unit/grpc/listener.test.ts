import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import type { Peer } from '../../../src/grpc/call.js';
import { Listener, type ListenerOptions } from '../../../src/grpc/listener.js';
import type { TlsOptions } from '../../../src/grpc/server-options.js';
import { until } from '../../support/grpc-server.js';
import { serialOf, tlsFixture } from '../../support/tls-mount.js';

interface Open extends AsyncDisposable {
  readonly listener: Listener;
  readonly accepted: { readonly socket: Socket; readonly peer: Peer }[];
  dial(at?: number, from?: string): Promise<Socket>;
}

async function open(options: Partial<ListenerOptions> = {}): Promise<Open> {
  const accepted: { socket: Socket; peer: Peer }[] = [];
  const full = { listen: ['127.0.0.1:0'], maxConnections: 10, maxConnectionsPerPeer: Infinity, handshakeTimeoutMs: 1000, ...options };
  const listener = await Listener.listen(full, (socket, peer) => accepted.push({ socket, peer }));
  const dialled: Socket[] = [];
  const dial = async (at = 0, from = '127.0.0.1') => {
    const address = listener.addresses[at] ?? '';
    const unix = address.startsWith('unix:');
    const tcp = { port: Number(address.split(':').pop()), host: '127.0.0.1', localAddress: from };
    const socket = connect(unix ? { path: address.slice(5) } : tcp);
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

const PAIR = { cert: tlsFixture('server.crt'), key: tlsFixture('server.key') };
const NEXT_PAIR = { cert: tlsFixture('next-server.crt'), key: tlsFixture('next-server.key') };

/** The end of a connection that was refused: a reset where the server had not read everything. */
async function refusedOnes(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve))));
}

interface Handshaken extends Disposable {
  readonly socket: TLSSocket;
  /** What the server gave to resume the session with. */
  readonly sessions: readonly Buffer[];
}

async function handshake(address: string, session?: Buffer): Promise<Handshaken> {
  const port = Number(address.split(':').pop());
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'], ...(session && { session }) });
  const sessions: Buffer[] = [];
  socket.on('session', (bytes: Buffer) => sessions.push(bytes));
  await once(socket.resume(), 'secureConnect');
  return { socket, sessions, [Symbol.dispose]: () => socket.destroy() };
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

  it('closes a connection over the limit of its peer at once, and takes the next when one has gone', async () => {
    let refused = 0;
    await using it = await open({ listen: ['127.0.0.1:0', '127.0.0.1:0'], maxConnectionsPerPeer: 2, onRefused: () => (refused += 1) });
    await it.dial(0);
    await it.dial(1);
    await until(() => it.accepted.length === 2);
    await refusedOnes([await it.dial(0), await it.dial(1)]);
    expect([refused, it.accepted.length]).toEqual([2, 2]);
    await it.dial(0, '127.0.0.2');
    await until(() => it.accepted.length === 3);
    it.accepted[0]?.socket.destroy();
    await until(() => it.accepted[0]?.socket.closed === true);
    await it.dial(0);
    await until(() => it.accepted.length === 4);
    await refusedOnes([await it.dial(0)]);
  });

  it('counts those of a peer before they have said anything of TLS, but none of a unix socket', async () => {
    using folder = socketPath();
    const listen = ['127.0.0.1:0', `unix:${folder.path}`];
    await using it = await open({ listen, maxConnectionsPerPeer: 1, tls: PAIR, handshakeTimeoutMs: 60_000 });
    await it.dial(0);
    await refusedOnes([await it.dial(0)]);
    const local = connectTls({ socket: await it.dial(1), rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    const second = connectTls({ socket: await it.dial(1), rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    await Promise.all([once(local, 'secureConnect'), once(second, 'secureConnect')]);
    await until(() => it.accepted.length === 2);
  });

  it('takes one that is gone already for nobody in particular', async () => {
    await using it = await open({ maxConnectionsPerPeer: 1 });
    await it.dial();
    await until(() => it.accepted.length === 1);
    const [server] = it.accepted.map(({ socket }) => (socket as Socket & { readonly server: Server }).server);
    for (let count = 0; count < 2; count += 1) server?.emit('connection', new Socket());
    expect(it.accepted.map(({ peer }) => peer.address).slice(1)).toEqual(['unknown', 'unknown']);
  });

  it('shows a new certificate from when it is given one, and resumes no session of before; the connections that are there live on', async () => {
    const renewals: ((tls: TlsOptions) => void)[] = [];
    let stopped = 0;
    const renewTls = (use: (tls: TlsOptions) => void) => {
      renewals.push(use);
      return () => (stopped += 1);
    };
    await using it = await open({ listen: ['127.0.0.1:0', '127.0.0.1:0'], tls: PAIR, renewTls });
    const [address = '', other = ''] = it.listener.addresses;
    using old = await handshake(address);
    await until(() => old.sessions.length > 0);
    using resumed = await handshake(address, old.sessions[0]);
    expect(old.socket.getPeerCertificate().serialNumber).toBe(serialOf('server.crt'));
    expect(resumed.socket.isSessionReused()).toBe(true);

    for (const use of renewals) use(NEXT_PAIR);
    using fresh = await handshake(address, old.sessions[0]);
    using elsewhere = await handshake(other);
    expect(fresh.socket.isSessionReused()).toBe(false);
    for (const { socket } of [fresh, elsewhere]) expect(socket.getPeerCertificate().serialNumber).toBe(serialOf('next-server.crt'));
    await until(() => it.accepted.length === 4);
    const answered = once(old.socket, 'data');
    it.accepted[0]?.socket.write('still there');
    expect(String(await answered)).toBe('still there');

    expect([renewals.length, stopped]).toEqual([1, 0]);
    it.listener.stop();
    await it.listener.close();
    expect(stopped).toBe(1);
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
