import { Listener, type OnConnection } from '../listener.js';
import type { GrpcServerDeps, GrpcServerOptions } from '../server-options.js';

/** The listening sockets of a server, whichever transport takes their connections. Rejects with the error of node:net when an address cannot be bound. */
export function openListener(options: GrpcServerOptions, { observer }: GrpcServerDeps, onConnection: OnConnection): Promise<Listener> {
  const { listen, maxConnections, prefaceTimeoutMs, tls } = options;
  const sockets = {
    listen,
    maxConnections,
    // The preface has the other half.
    handshakeTimeoutMs: prefaceTimeoutMs / 2,
    onRefused: () => observer.connectionRefused(),
    ...(tls !== undefined && { tls }),
  };
  return Listener.listen(sockets, onConnection);
}
