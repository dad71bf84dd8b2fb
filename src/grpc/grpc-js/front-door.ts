import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Peer } from '../call.js';
import { HeaderMetadata } from '../metadata.js';
import { type Arrivals, isGrpc } from '../served/arrivals.js';
import { GrpcJsCarrier } from './grpc-js-carrier.js';
import { refuseCall, refuseRequest } from './refuse.js';

/** Hands a call over to grpc-js, which sees only the headers given here. */
export type Deliver = (carrier: GrpcJsCarrier, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** Turns away what is no gRPC call and what is not let in; gives all else to grpc-js. */
export class FrontDoor {
  readonly #arrivals: Arrivals;
  readonly #deliver: Deliver;

  constructor(arrivals: Arrivals, deliver: Deliver) {
    this.#arrivals = arrivals;
    this.#deliver = deliver;
  }

  onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[], peer: Peer): void {
    // Reset by the client in the same breath: there is nobody to answer, and grpc-js would never tell us that the call is over.
    if (stream.destroyed || stream.closed) return;
    if (!isGrpc(headers['content-type'])) return refuseRequest(stream, 415);
    if (headers[':method'] !== 'POST') return refuseRequest(stream, 405);
    const path = headers[':path'] ?? '';
    const encoding = text(headers['grpc-encoding']);
    const timeout = text(headers['grpc-timeout']);
    const admitted = this.#arrivals.admit({ path, encoding, timeout, metadata: new HeaderMetadata(rawHeaders) }, peer);
    if ('refusal' in admitted) return refuseCall(stream, admitted.refusal);
    const carrier = new GrpcJsCarrier(admitted.call, stream);
    admitted.call.begin(carrier);
    this.#deliver(carrier, stream, bareHeaders(path, encoding));
  }
}

function text(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header);
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
