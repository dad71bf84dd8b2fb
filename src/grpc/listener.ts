import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';
import type { Peer } from './call.js';
import { formatListenAddress, type ListenAddress, parseListenAddress } from './listen-address.js';
import { peerOf } from './peer.js';
import { PeerConnections, peerNetwork } from './peer-connections.js';
import type { TlsOptions, TlsRenewal } from './server-options.js';
import { removeStaleSocket } from './stale-socket.js';
import { secureContextOf } from './tls-pem.js';

export interface ListenerOptions {
  readonly listen: readonly string[];
  readonly maxConnections: number;
  /** Of one peer, as peer-connections.ts tells peers apart; Infinity where they have no limit of their own. */
  readonly maxConnectionsPerPeer: number;
  /** A client that has not completed its TLS handshake by then is cut off. */
  readonly handshakeTimeoutMs: number;
  readonly tls?: TlsOptions;
  /** Brings new material for `tls`, for handshakes to come, until the listener stops. */
  readonly renewTls?: TlsRenewal;
  /** Told of each connection over a limit, which is closed at once, and of each that the system cannot accept, for want of descriptors or memory. */
  readonly onRefused?: () => void;
}

/** A peer that vanished without a word would otherwise hold its connection for ever: the system asks after it when it is silent this long. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

/** Given each connection that may speak HTTP/2: TLS, where there is any, is done. */
export type OnConnection = (socket: Socket, peer: Peer) => void;

/**
 * The listening sockets of a gRPC server and every connection that came in through them, whether or not it has said
 * anything yet. Knows TCP, unix sockets and TLS; knows no HTTP/2.
 */
export class Listener {
  readonly #bound: { readonly server: Server; readonly closed: Promise<void> }[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #peers: PeerConnections;
  readonly #options: ListenerOptions;
  readonly #onConnection: OnConnection;
  #stopRenewal: (() => void) | undefined;
  readonly addresses: string[] = [];

  /** Rejects with the error of node:net when an address cannot be bound; then nothing listens. */
  static async listen(options: ListenerOptions, onConnection: OnConnection): Promise<Listener> {
    const listener = new Listener(options, onConnection);
    try {
      for (const text of options.listen) await listener.#bind(parseListenAddress(text));
    } catch (error) {
      await listener.close();
      throw error;
    }
    listener.#stopRenewal = options.renewTls?.((tls) => listener.#renew(tls));
    return listener;
  }

  private constructor(options: ListenerOptions, onConnection: OnConnection) {
    this.#options = options;
    this.#peers = new PeerConnections(options.maxConnectionsPerPeer);
    this.#onConnection = onConnection;
  }

  /** Takes no new connections; those that are there live on. A unix socket's file is removed. */
  stop(): void {
    this.#stopRenewal?.();
    this.#stopRenewal = undefined;
    for (const { server } of this.#bound) server.close();
  }

  /** Destroys every connection and resolves when all sockets are closed. Idempotent. */
  async close(): Promise<void> {
    this.stop();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#bound.map(({ closed }) => closed));
  }

  async #bind(address: ListenAddress): Promise<void> {
    const server = this.#createServer(address.family);
    const target = address.family === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
    if (address.family === 'unix') await removeStaleSocket(address.path);
    server.listen(target);
    await once(server, 'listening');
    server.on('error', () => this.#options.onRefused?.());
    const closed = new Promise<void>((resolve) => server.once('close', () => resolve()));
    this.#bound.push({ server, closed });
    this.addresses.push(formatListenAddress(boundAddress(server, address)));
  }

  #createServer(family: ListenAddress['family']): Server {
    const { tls, handshakeTimeoutMs } = this.#options;
    if (tls === undefined) {
      return createServer(KEEP_ALIVE, (socket) => {
        if (this.#take(socket, family)) this.#onConnection(socket, peerOf(family, socket));
      });
    }
    const mutual = tls.clientCa !== undefined;
    const server = createTlsServer({
      ...KEEP_ALIVE,
      ...secureContextOf(tls),
      requestCert: mutual,
      rejectUnauthorized: mutual,
      ALPNProtocols: ['h2'],
      handshakeTimeout: handshakeTimeoutMs,
    });
    server.on('connection', (socket: Socket) => this.#take(socket, family));
    // After a handshake that took too long, node:tls reports and leaves the socket open.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    server.on('secureConnection', (socket) => {
      socket.on('error', ignore);
      this.#onConnection(socket, peerOf(family, socket));
    });
    return server;
  }

  /** Connections that are there live on as they are. No session of before is resumed: what it was let in with may be trusted no more. */
  #renew(tls: TlsOptions): void {
    for (const { server } of this.#bound) if (server instanceof TlsServer) server.setSecureContext(secureContextOf(tls));
  }

  /** Counts it, unless it is one too many: then it is closed. */
  #take(socket: Socket, family: ListenAddress['family']): boolean {
    // A peer that resets the connection is everyday business; 'close' follows.
    socket.on('error', ignore);
    // Behind a unix socket there is no telling peers apart, and one that is gone already has no address either.
    const network = family === 'unix' || socket.remoteAddress === undefined ? undefined : peerNetwork(socket.remoteAddress);
    if (this.#sockets.size >= this.#options.maxConnections || (network !== undefined && !this.#peers.enter(network))) {
      socket.destroy();
      this.#options.onRefused?.();
      return false;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (network !== undefined) this.#peers.leave(network);
    });
    return true;
  }
}

function ignore(): void {}

function boundAddress(server: Server, wanted: ListenAddress): ListenAddress {
  const bound = server.address();
  if (wanted.family === 'unix' || bound === null || typeof bound === 'string') return wanted;
  return { family: 'tcp', host: bound.address, port: bound.port };
}
