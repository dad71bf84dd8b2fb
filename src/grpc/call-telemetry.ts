import type { Span } from '@opentelemetry/api';
import type { Clock } from '../model/clock.js';
import type { Instruments } from '../telemetry/instruments.js';
import type { CallTracer } from '../telemetry/tracer.js';
import type { Call, CallObserver, Peer, RequestMetadata } from './call.js';

/** Counts, times and traces every call of a server, whichever transport makes it. */
export class CallTelemetry implements CallObserver {
  readonly #instruments: Instruments;
  readonly #tracer: CallTracer;
  readonly #clock: Clock;

  constructor(instruments: Instruments, tracer: CallTracer, clock: Clock) {
    this.#instruments = instruments;
    this.#tracer = tracer;
    this.#clock = clock;
  }

  start(path: string, metadata: RequestMetadata, peer: Peer): Span | undefined {
    if (!this.#tracer.enabled) return undefined;
    return this.#tracer.start(path, metadata.get('traceparent'), metadata.get('tracestate'), peer.address);
  }

  end(call: Call, status: number): void {
    const instruments = this.#instruments.call(call.target, call.path);
    instruments.code(status).add();
    instruments.requestSeconds.observe((this.#clock.now() - call.startedAt) / 1000);
    if (call.span !== undefined) this.#tracer.endCall(call.span, status, call.target);
  }

  refused(path: string, status: number): void {
    this.#instruments.call(undefined, path).code(status).add();
  }

  connectionRefused(): void {
    this.#instruments.shed('connections').add();
  }
}
