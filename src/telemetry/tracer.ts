import {
  type Attributes,
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Clock } from '../model/clock.js';
import type { VersionId } from '../model/id.js';
import { ATTRIBUTES } from './attributes.js';
import type { CallSampler, SamplingInput } from './call-sampler.js';
import { toEpoch } from './epoch.js';
import { type StatusName, statusName } from './status-name.js';
import { parseTraceparent, type TraceParent } from './traceparent.js';

/** The statuses that are the server's own failure; the others are the caller's or nobody's. OpenTelemetry, gRPC conventions. */
const SERVER_FAILURES: ReadonlySet<StatusName> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

export interface CallTracerParts {
  /** Undefined where no exporter is configured. */
  readonly tracer: Tracer | undefined;
  readonly sampler: CallSampler;
  readonly clock: Clock;
  /** From [0, 1). */
  readonly random: () => number;
}

/** Makes a server span for each sampled call. The decision comes first: an unsampled call makes nothing at all. */
export class CallTracer {
  readonly #tracer: Tracer | undefined;
  readonly #sampler: CallSampler;
  readonly #clock: Clock;
  readonly #random: () => number;
  /** Spans of calls that are not settled yet. */
  readonly #unsettled = new WeakMap<Span, SamplingInput>();

  constructor({ tracer, sampler, clock, random }: CallTracerParts) {
    this.#tracer = tracer;
    this.#sampler = sampler;
    this.#clock = clock;
    this.#random = random;
  }

  /** False while no call is traced: the caller need not even read the headers. */
  get enabled(): boolean {
    return this.#tracer !== undefined && this.#sampler.enabled;
  }

  /** `path` is "/package.Service/Method"; `peerAddress` "127.0.0.1:51234" or "unix:". */
  start(path: string, traceparent: string | undefined, tracestate: string | undefined, peerAddress: string): Span | undefined {
    if (this.#tracer === undefined) return undefined;
    const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
    const draw = this.#random();
    if (!this.#sampler.admits(parent, draw)) return undefined;
    const method = path.slice(1);
    const options = { kind: SpanKind.SERVER, startTime: toEpoch(this.#clock.now()), attributes: callAttributes(method, peerAddress) };
    const span = this.#tracer.startSpan(method, options, parent === undefined ? ROOT_CONTEXT : remoteContext(parent, tracestate));
    if (this.#sampler.settlesLater) this.#unsettled.set(span, { parent, draw });
    return span;
  }

  /**
   * Whether a call's span stays, now that its model is known. One that does not is to be let go of: it is never ended, so it is never
   * exported, and nothing else holds it. Of several models that one call asks for the first decides.
   */
  keeps(span: Span, model: string | undefined): boolean {
    const input = this.#unsettled.get(span);
    if (input === undefined) return true;
    this.#unsettled.delete(span);
    return this.#sampler.settles(model, input);
  }

  /** `status` is the number of the gRPC status code. A call that ends before it asked for a model is settled without one. */
  endCall(span: Span, status: number, target: VersionId | undefined): void {
    if (!this.keeps(span, undefined)) return;
    const name = statusName(status);
    span.setAttribute(ATTRIBUTES.rpcStatusCode, name);
    if (target !== undefined) {
      span.setAttribute(ATTRIBUTES.model, target.model);
      span.setAttribute(ATTRIBUTES.version, target.version);
    }
    if (SERVER_FAILURES.has(name)) {
      span.setAttribute(ATTRIBUTES.errorType, name);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end(toEpoch(this.#clock.now()));
  }
}

function callAttributes(method: string, peerAddress: string): Attributes {
  const attributes: Attributes = { [ATTRIBUTES.rpcSystem]: 'grpc', [ATTRIBUTES.rpcMethod]: method };
  const colon = peerAddress.lastIndexOf(':');
  const port = Number(peerAddress.slice(colon + 1));
  if (colon > 0 && port > 0) {
    attributes[ATTRIBUTES.peerAddress] = peerAddress.slice(0, colon);
    attributes[ATTRIBUTES.peerPort] = port;
  } else {
    attributes[ATTRIBUTES.peerAddress] = peerAddress;
  }
  return attributes;
}

function remoteContext({ traceId, spanId, sampled }: TraceParent, tracestate: string | undefined): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    isRemote: true,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  });
}
