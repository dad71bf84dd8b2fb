import type { GrpcServer, Service } from './call.js';
import { createGrpcJsServer } from './grpc-js/server.js';
import { createNativeServer } from './native/server.js';
import type { GrpcServerDeps, GrpcServerOptions } from './server-options.js';

/** Which HTTP/2 is under the calls: our own, or node:http2 with grpc-js. The flag `--transport`. */
export type TransportName = 'native' | 'grpc-js';

/** Binds the addresses and serves. Rejects with the error of node:net when an address cannot be bound. */
export function createGrpcServer(
  transport: TransportName,
  options: GrpcServerOptions,
  services: readonly Service[],
  deps: GrpcServerDeps,
): Promise<GrpcServer> {
  switch (transport) {
    case 'native':
      return createNativeServer(options, services, deps);
    case 'grpc-js':
      return createGrpcJsServer(options, services, deps);
  }
}
