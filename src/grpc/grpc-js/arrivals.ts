import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { quote } from '../../error/quote.js';
import { ServingError } from '../../error/serving-error.js';
import type { CallStatus } from '../../wire/status.js';
import type { Peer, Service } from '../call.js';
import { HeaderMetadata } from '../metadata.js';
import { parseTimeout } from '../timeout.js';
import { createCall } from './create-call.js';
import { refuseCall, refuseRequest } from './refuse.js';
import type { CallHost, Route, ServedCall } from './served-call.js';

const UNIMPLEMENTED = 12;

/** What the observer is told in place of paths that clients make up: they are without number. */
const UNKNOWN_PATH = 'unknown';

/** Hands a call over to grpc-js, which sees only the headers given here. */
export type Deliver = (call: ServedCall, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/**
 * Looks at the headers of each call before a byte of its body is read, and turns away what need not be read at all: what
 * is no gRPC call, unknown paths, malformed or expired deadlines, unknown compression, and what the door refuses.
 */
export class Arrivals {
  readonly #host: CallHost;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #deliver: Deliver;

  constructor(host: CallHost, routes: ReadonlyMap<string, Route>, deliver: Deliver) {
    this.#host = host;
    this.#routes = routes;
    this.#deliver = deliver;
  }

  onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[], peer: Peer): void {
    // Reset by the client in the same breath: there is nobody to answer, and grpc-js would never tell us that the call is over.
    if (stream.destroyed || stream.closed) return;
    if (headers[':method'] !== 'POST') return refuseRequest(stream, 405);
    if (!isGrpc(headers['content-type'])) return refuseRequest(stream, 415);
    const path = headers[':path'] ?? '';
    const route = this.#routes.get(path);
    if (route === undefined) return this.#turnAway(stream, UNKNOWN_PATH, unimplemented(`unknown method ${quote(path)}`));
    const encoding = headers['grpc-encoding'];
    if (!isKnownEncoding(encoding)) return this.#turnAway(stream, path, unimplemented(`unknown grpc-encoding ${quote(String(encoding))}`));
    const startedAt = this.#host.clock.now();
    let deadline: number;
    try {
      deadline = deadlineOf(headers['grpc-timeout'], startedAt);
    } catch (error) {
      return this.#turnAway(stream, path, route.service.statusOf(ServingError.from(error)));
    }
    const metadata = new HeaderMetadata(rawHeaders);
    const call = createCall(this.#host, route, { stream, metadata, peer, startedAt, deadline });
    const refusal = this.#host.door.enter(call);
    if (refusal !== undefined) return this.#turnAway(stream, path, route.service.statusOf(refusal));
    this.#host.roster.enter(call);
    call.span = this.#host.observer.start(path, metadata, peer);
    this.#deliver(call, stream, bareHeaders(path, encoding));
  }

  #turnAway(stream: ServerHttp2Stream, path: string, status: CallStatus): void {
    refuseCall(stream, status);
    this.#host.observer.refused(path, status.code);
  }
}

/** Throws where two services claim one path. */
export function routesOf(services: readonly Service[]): Map<string, Route> {
  const routes = new Map<string, Route>();
  for (const service of services) {
    for (const method of service.methods) {
      if (routes.has(method.path)) throw new Error(`two services serve ${method.path}`);
      routes.set(method.path, { method, service });
    }
  }
  return routes;
}

function deadlineOf(timeout: string | string[] | undefined, now: number): number {
  if (timeout === undefined) return Infinity;
  const span = parseTimeout(String(timeout));
  if (span === 0) throw new ServingError('deadline_exceeded', 'deadline exceeded before the call came in');
  return now + span;
}

function isGrpc(contentType: string | undefined): boolean {
  return contentType === 'application/grpc' || (contentType !== undefined && /^application\/grpc(\+proto)?(;|$)/.test(contentType));
}

function isKnownEncoding(encoding: string | string[] | undefined): encoding is string | undefined {
  return encoding === undefined || encoding === 'identity' || encoding === 'gzip' || encoding === 'deflate';
}

function unimplemented(message: string): CallStatus {
  return { code: UNIMPLEMENTED, message };
}

/**
 * All of the headers that grpc-js needs. The rest it would index for nothing, and the deadline it would get wrong: above
 * 2^31 ms it wraps.
 */
function bareHeaders(path: string, encoding: string | undefined): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = { ':path': path, 'content-type': 'application/grpc' };
  if (encoding !== undefined) headers['grpc-encoding'] = encoding;
  return headers;
}
