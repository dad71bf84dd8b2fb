import type { Span } from '@opentelemetry/api';
import type { Clock } from '../model/clock.js';
import type { Instruments } from '../telemetry/instruments.js';
import type { Logger } from '../telemetry/logger.js';
import { statusName } from '../telemetry/status-name.js';
import type { CallTracer } from '../telemetry/tracer.js';
import type { Call, CallObserver, Peer, RequestMetadata } from './call.js';

/** Counts, times and traces every call of a server, whichever transport makes it; writes a debug line of each where those are on. */
export class CallTelemetry implements CallObserver {
  readonly #instruments: Instruments;
  readonly #tracer: CallTracer;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(instruments: Instruments, tracer: CallTracer, clock: Clock, logger: Logger) {
    this.#instruments = instruments;
    this.#tracer = tracer;
    this.#clock = clock;
    this.#logger = logger;
  }

  start(path: string, metadata: RequestMetadata, peer: Peer): Span | undefined {
    if (!this.#tracer.enabled) return undefined;
    return this.#tracer.start(path, metadata.get('traceparent'), metadata.get('tracestate'), peer.address);
  }

  end(call: Call, status: number): void {
    const instruments = this.#instruments.call(call.target, call.path);
    instruments.code(status).add();
    const elapsedMs = this.#clock.now() - call.startedAt;
    instruments.requestSeconds.observe(elapsedMs / 1000);
    if (call.span !== undefined) this.#tracer.endCall(call.span, status, call.target);
    if (!this.#logger.switches.debug) return;
    this.#logger.debug('call', { path: call.path, status: statusName(status), ms: Math.round(elapsedMs * 1000) / 1000, ...call.target });
  }

  refused(path: string, status: number): void {
    this.#instruments.call(undefined, path).code(status).add();
    if (this.#logger.switches.debug) this.#logger.debug('call_refused', { path, status: statusName(status) });
  }

  connectionRefused(): void {
    this.#instruments.shed('connections').add();
  }
}
