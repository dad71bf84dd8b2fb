import type { Codec, Method, SendingCall, Service } from '../src/grpc/call.js';
import { createGrpcServer } from '../src/grpc/create-server.js';
import { DeadlineWheel } from '../src/grpc/deadline-wheel.js';
import { DEFAULT_GRPC_SERVER_OPTIONS, type GrpcServerDeps } from '../src/grpc/server-options.js';
import { systemClock } from '../src/model/clock.js';
import { ECHO_PATHS, lengthOf, repetitionsOf } from './echo-methods.js';
import { tlsOfArguments } from './tls-files.js';

/** Our own transport with nothing behind it: echoes bytes. Prints the port that it got. Arguments, for TLS: the files of its certificate and of its key. */
const same: Codec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

const common = { request: same, response: same, admission: 'inference' } as const;

const echo: Method<Uint8Array, Uint8Array> = {
  ...common,
  path: ECHO_PATHS.echo,
  kind: 'unary',
  borrowsRequest: true,
  handle: async (request) => request,
};

const length: Method<Uint8Array, Uint8Array> = {
  ...common,
  path: ECHO_PATHS.length,
  kind: 'unary',
  borrowsRequest: true,
  handle: async (request) => lengthOf(request),
};

const lengths: Method<Uint8Array, Uint8Array> = {
  ...common,
  path: ECHO_PATHS.lengths,
  kind: 'bidi',
  async handle(requests, call): Promise<void> {
    for await (const request of requests) {
      await call.send(lengthOf(request));
      call.doneWith(request);
    }
  },
};

const repeat: Method<Uint8Array, Uint8Array> = {
  ...common,
  path: ECHO_PATHS.repeat,
  kind: 'server_stream',
  async handle(request, call: SendingCall<Uint8Array>): Promise<void> {
    for (let left = repetitionsOf(request); left > 0; left--) await call.send(request);
  },
};

const statusOf: Service['statusOf'] = ({ message }) => ({ code: 13, message });

const services: readonly Service[] = [
  { name: 'inference.GRPCInferenceService', methods: [echo, lengths], statusOf },
  { name: 'bench.Echo', methods: [length, repeat], statusOf },
];

/** Lets everybody in and keeps no book. */
const deps: GrpcServerDeps = {
  door: { enter: () => undefined, leave: () => undefined },
  observer: { start: () => undefined, end: () => undefined, refused: () => undefined, connectionRefused: () => undefined },
  clock: systemClock,
  wheel: new DeadlineWheel(systemClock),
  onInternalError: (error) => process.stderr.write(`${String(error)}\n`),
};

const tls = tlsOfArguments();
const options = { ...DEFAULT_GRPC_SERVER_OPTIONS, listen: ['127.0.0.1:0'], ...(tls !== undefined && { tls }) };
const server = await createGrpcServer('native', options, services, deps);
process.stdout.write(`listening on ${server.addresses.join(' ')}\n`);
process.once('SIGTERM', () => void server.close());
