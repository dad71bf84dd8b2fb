import type { Span } from '@opentelemetry/api';
import type { ServingError } from '../../src/error/serving-error.js';
import type { Arrival, Call, CallObserver, Codec, Door, GrpcServer, Method, Service } from '../../src/grpc/call.js';
import { createGrpcServer, type TransportName } from '../../src/grpc/create-server.js';
import { DeadlineWheel } from '../../src/grpc/deadline-wheel.js';
import { DEFAULT_GRPC_SERVER_OPTIONS, type GrpcServerOptions } from '../../src/grpc/server-options.js';
import { type Clock, systemClock } from '../../src/model/clock.js';
import type { CallStatus } from '../../src/wire/status.js';
import { TEST_TRANSPORT } from './transport.js';

/** Messages of these tests are texts; the text "malformed" does not decode. */
export const textCodec: Codec<string> = {
  encode: (text) => Buffer.from(text),
  decode: (bytes) => {
    const text = Buffer.from(bytes).toString();
    if (text === 'malformed') throw new RangeError('index out of range');
    return text;
  },
};

const STATUS_CODES: Partial<Record<ServingError['code'], number>> = {
  invalid_request: 3,
  overloaded: 8,
  too_large: 8,
  draining: 14,
  deadline_exceeded: 4,
  cancelled: 1,
  unsupported: 12,
};

/** A table of its own: which code maps to which status is another room's business. */
export function statusOf(error: ServingError): CallStatus {
  const code = STATUS_CODES[error.code] ?? 13;
  const { retryAfterMs } = error;
  return {
    code,
    message: error.message,
    details: Buffer.from(error.code),
    ...(retryAfterMs !== undefined && { pushbackMs: retryAfterMs }),
  };
}

export function serviceOf(...methods: Method[]): Service {
  return { name: 'test.Test', methods, statusOf };
}

/** Lets everybody in unless told otherwise, and keeps the book. */
export class RecordingDoor implements Door {
  readonly inside = new Set<Arrival>();
  entered = 0;
  left = 0;
  refusal: ServingError | undefined;

  enter(arrival: Arrival): ServingError | undefined {
    if (this.refusal !== undefined) return this.refusal;
    this.entered += 1;
    this.inside.add(arrival);
    return undefined;
  }

  leave(arrival: Arrival): void {
    if (!this.inside.delete(arrival)) throw new Error('left twice, or never let in');
    this.left += 1;
  }
}

export class RecordingObserver implements CallObserver {
  readonly ended: number[] = [];
  readonly refusals: { readonly path: string; readonly status: number }[] = [];
  connectionsRefused = 0;
  span: Span | undefined;

  start(): Span | undefined {
    return this.span;
  }

  end(_call: Call, status: number): void {
    this.ended.push(status);
  }

  refused(path: string, status: number): void {
    this.refusals.push({ path, status });
  }

  connectionRefused(): void {
    this.connectionsRefused += 1;
  }
}

export interface TestServer extends AsyncDisposable {
  readonly server: GrpcServer;
  readonly address: string;
  readonly door: RecordingDoor;
  readonly observer: RecordingObserver;
  readonly wheel: DeadlineWheel;
  readonly internalErrors: unknown[];
}

/** A server on a free port, of the transport that the tests run on unless another is named. */
export async function startServer(
  services: readonly Service[],
  { transport = TEST_TRANSPORT, ...options }: Partial<GrpcServerOptions> & { readonly transport?: TransportName } = {},
  clock: Clock = systemClock,
): Promise<TestServer> {
  const door = new RecordingDoor();
  const observer = new RecordingObserver();
  const wheel = new DeadlineWheel(clock);
  const internalErrors: unknown[] = [];
  const server = await createGrpcServer(transport, { ...DEFAULT_GRPC_SERVER_OPTIONS, listen: ['127.0.0.1:0'], ...options }, services, {
    door,
    observer,
    wheel,
    clock,
    onInternalError: (error) => internalErrors.push(error),
  });
  const close = () => server.close();
  return { server, address: server.addresses[0] ?? '', door, observer, wheel, internalErrors, [Symbol.asyncDispose]: close };
}

/** A test that waits longer than this for what must come has failed. */
const PATIENCE_MS = 10_000;

/** Resolves once `condition` holds: for what happens on the other side of a socket, after the answer. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never came true: ${String(condition)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
