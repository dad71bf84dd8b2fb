import { readFileSync } from 'node:fs';
import { createGrpcServer } from '../../src/grpc/create-server.js';
import { DeadlineWheel } from '../../src/grpc/deadline-wheel.js';
import { DEFAULT_GRPC_SERVER_OPTIONS, type GrpcServerDeps } from '../../src/grpc/server-options.js';
import { systemClock } from '../../src/model/clock.js';
import { testService } from './test-service-methods.js';

/** gRPC's interoperability service on our own transport. Prints its address. Arguments, for TLS: the files of its certificate and of its key. */
const deps: GrpcServerDeps = {
  door: { enter: () => undefined, leave: () => undefined },
  observer: { start: () => undefined, end: () => undefined, refused: () => undefined, connectionRefused: () => undefined },
  clock: systemClock,
  wheel: new DeadlineWheel(systemClock),
  onInternalError: (error) => process.stderr.write(`${String(error)}\n`),
};

const [, , cert, key] = process.argv;
const tls = cert !== undefined && key !== undefined ? { cert: readFileSync(cert), key: readFileSync(key) } : undefined;
// channel_soak of grpc-go closes none of its connections before the last one has been used.
const options = { ...DEFAULT_GRPC_SERVER_OPTIONS, maxConnections: 12_000, listen: ['127.0.0.1:0'], ...(tls !== undefined && { tls }) };
const server = await createGrpcServer('native', options, [testService], deps);
process.stdout.write(`listening on ${server.addresses.join(' ')}\n`);
process.once('SIGTERM', () => void server.close());
