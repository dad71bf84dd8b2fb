import { Listener, type OnConnection } from '../listener.js';
import type { GrpcServerDeps, GrpcServerOptions } from '../server-options.js';

/** The listening sockets of a server, whichever transport takes their connections. Rejects with the error of node:net when an address cannot be bound. */
export function openListener(
  options: GrpcServerOptions,
  { observer, renewTls }: GrpcServerDeps,
  onConnection: OnConnection,
): Promise<Listener> {
  const { listen, maxConnections, maxConnectionsPerPeer, prefaceTimeoutMs, tls } = options;
  const sockets = {
    listen,
    maxConnections,
    maxConnectionsPerPeer,
    // The preface has the other half.
    handshakeTimeoutMs: prefaceTimeoutMs / 2,
    onRefused: () => observer.connectionRefused(),
    ...(tls !== undefined && { tls }),
    ...(renewTls !== undefined && { renewTls }),
  };
  return Listener.listen(sockets, onConnection);
}
