import type { ServerHttp2Stream } from 'node:http2';
import type { CallStatus } from '../../wire/status.js';
import { statusHeaders } from '../status-headers.js';

/** Ends a call on its headers alone: the status in place of a response, and not a byte of the body read. */
export function refuseCall(stream: ServerHttp2Stream, status: CallStatus): void {
  refuse(stream, { ':status': 200, 'content-type': 'application/grpc+proto', ...statusHeaders(status) });
}

/** Answers what is not a gRPC call at all. */
export function refuseRequest(stream: ServerHttp2Stream, httpStatus: 405 | 415): void {
  refuse(stream, { ':status': httpStatus });
}

/** node:http2 resets a stream, with NO_ERROR, that was answered without being read: the client stops sending. */
function refuse(stream: ServerHttp2Stream, headers: Record<string, string | number>): void {
  stream.once('error', ignore);
  stream.respond(headers, { endStream: true });
}

/** A stream that fails while it is refused has nobody left to tell. */
function ignore(): void {}
