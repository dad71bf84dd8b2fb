import { quote } from '../../error/quote.js';
import { ServingError } from '../../error/serving-error.js';
import type { CallStatus } from '../../wire/status.js';
import type { Peer, RequestMetadata, Service } from '../call.js';
import { parseTimeout } from '../timeout.js';
import { createCall } from './create-call.js';
import type { CallHost, Route, ServedCall } from './served-call.js';

const UNIMPLEMENTED = 12;

/** What the observer is told in place of paths that clients make up: they are without number. */
const UNKNOWN_PATH = 'unknown';

/** What the headers of a gRPC call say. */
export interface CallHeaders {
  readonly path: string;
  /** `grpc-encoding` and `grpc-timeout` as they came. */
  readonly encoding: string | undefined;
  readonly timeout: string | undefined;
  readonly metadata: RequestMetadata;
}

/** A call that is let in, or the status that it is turned away with. */
export type Admitted = { readonly call: ServedCall } | { readonly refusal: CallStatus };

/**
 * Looks at the headers of each call before a byte of its body is read, and turns away what need not be read at all: unknown paths, malformed or
 * expired deadlines, unknown compression, and what the door refuses.
 */
export class Arrivals {
  readonly #host: CallHost;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(host: CallHost, routes: ReadonlyMap<string, Route>) {
    this.#host = host;
    this.#routes = routes;
  }

  /** A call that is let in waits for its carrier. */
  admit({ path, encoding, timeout, metadata }: CallHeaders, peer: Peer): Admitted {
    const route = this.#routes.get(path);
    if (route === undefined) return this.#turnAway(UNKNOWN_PATH, unimplemented(`unknown method ${quote(path)}`));
    if (!isKnownEncoding(encoding)) return this.#turnAway(path, unimplemented(`unknown grpc-encoding ${quote(encoding)}`));
    const startedAt = this.#host.clock.now();
    let deadline: number;
    try {
      deadline = deadlineOf(timeout, startedAt);
    } catch (error) {
      return this.#turnAway(path, route.service.statusOf(ServingError.from(error)));
    }
    const call = createCall(this.#host, route, { metadata, peer, startedAt, deadline });
    const refusal = this.#host.door.enter(call);
    if (refusal !== undefined) return this.#turnAway(path, route.service.statusOf(refusal));
    this.#host.roster.enter(call);
    call.span = this.#host.observer.start(path, metadata, peer);
    return { call };
  }

  #turnAway(path: string, refusal: CallStatus): Admitted {
    this.#host.observer.refused(path, refusal.code);
    return { refusal };
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

/** Whether a content-type is gRPC's, with protobuf where it says so at all. */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType === 'application/grpc' || (contentType !== undefined && /^application\/grpc(\+proto)?(;|$)/i.test(contentType));
}

function deadlineOf(timeout: string | undefined, now: number): number {
  if (timeout === undefined) return Infinity;
  const span = parseTimeout(timeout);
  if (span === 0) throw new ServingError('deadline_exceeded', 'deadline exceeded before the call came in');
  return now + span;
}

function isKnownEncoding(encoding: string | undefined): encoding is undefined | 'identity' | 'gzip' | 'deflate' {
  return encoding === undefined || encoding === 'identity' || encoding === 'gzip' || encoding === 'deflate';
}

function unimplemented(message: string): CallStatus {
  return { code: UNIMPLEMENTED, message };
}
