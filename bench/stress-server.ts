import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Codec, Method, SendingCall, Service } from '../src/grpc/call.js';
import { createGrpcServer } from '../src/grpc/create-server.js';
import { DeadlineWheel } from '../src/grpc/deadline-wheel.js';
import { DEFAULT_GRPC_SERVER_OPTIONS, type GrpcServerDeps } from '../src/grpc/server-options.js';
import { systemClock } from '../src/model/clock.js';
import { type Books, type BooksQuestion, STRESS_PATHS } from './stress-target.js';

/** Our own transport with the least behind it, for whoever attacks it: says over the IPC channel what it holds, each time that it is asked. */
const LARGE_BYTES = 64 * 1024;

const same: Codec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes };
const common = { request: same, response: same, admission: 'inference' } as const;

const echo: Method<Uint8Array, Uint8Array> = { ...common, path: STRESS_PATHS.echo, kind: 'unary', handle: async (request) => request };

const large: Method<Uint8Array, Uint8Array> = {
  ...common,
  path: STRESS_PATHS.large,
  kind: 'unary',
  handle: async () => Buffer.alloc(LARGE_BYTES, 1),
};

const endless: Method<Uint8Array, Uint8Array> = {
  ...common,
  path: STRESS_PATHS.endless,
  kind: 'server_stream',
  async handle(_request, call: SendingCall<Uint8Array>): Promise<void> {
    for (;;) await call.send(Buffer.alloc(LARGE_BYTES, 1));
  },
};

const statusOf: Service['statusOf'] = ({ message }) => ({ code: 13, message });
const service: Service = { name: 'bench.Stress', methods: [echo, large, endless], statusOf };

let inside = 0;
let internalErrors = 0;
/** Stalls of the only thread that serves, by the millisecond. */
const stalls = monitorEventLoopDelay({ resolution: 1 });
stalls.enable();
const wheel = new DeadlineWheel(systemClock);
const deps: GrpcServerDeps = {
  door: {
    enter: () => {
      inside += 1;
      return undefined;
    },
    leave: () => {
      inside -= 1;
    },
  },
  observer: { start: () => undefined, end: () => undefined, refused: () => undefined, connectionRefused: () => undefined },
  clock: systemClock,
  wheel,
  onInternalError: (error) => {
    internalErrors += 1;
    process.stderr.write(`internal error: ${String(error)}\n`);
  },
};

function count(resource: string): number {
  return process.getActiveResourcesInfo().filter((name) => name === resource).length;
}

function books(): Books {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const connections = count('TCPSocketWrap');
  const longestStall = stalls.max / 1e6;
  return { rss, heapUsed, arrayBuffers, connections, calls: inside, deadlines: wheel.size, internalErrors, longestStall };
}

const server = await createGrpcServer('native', { ...DEFAULT_GRPC_SERVER_OPTIONS, listen: ['127.0.0.1:0'] }, [service], deps);
process.on('message', (question: BooksQuestion) => {
  if (question === 'collect') globalThis.gc?.();
  if (question === 'begin') stalls.reset();
  process.send?.({ books: books() });
});
process.send?.({ address: server.addresses[0] });
process.once('disconnect', () => void server.close());
