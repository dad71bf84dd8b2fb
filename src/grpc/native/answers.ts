import { HeaderField } from '../../http2/hpack/header-field.js';
import type { CallStatus } from '../../wire/status.js';
import { statusHeaders } from '../status-headers.js';

const OK_STATUS = new HeaderField(':status', '200');
/** Every call of a connection has them: they are said once and then named by a byte. */
const CONTENT_TYPE = new HeaderField('content-type', 'application/grpc+proto', 'indexed');
/** What clients may compress their messages with. */
const ACCEPT_ENCODING = new HeaderField('grpc-accept-encoding', 'identity,deflate,gzip', 'indexed');
const GRPC_OK = new HeaderField('grpc-status', '0', 'indexed');

/** What stands before the first message. */
export const RESPONSE_HEADERS: readonly HeaderField[] = [OK_STATUS, CONTENT_TYPE, ACCEPT_ENCODING];

const OK_TRAILERS: readonly HeaderField[] = [GRPC_OK];

/** What stands behind the last message. */
export function trailersOf(status: CallStatus): readonly HeaderField[] {
  if (status.code === 0 && status.details === undefined) return OK_TRAILERS;
  return Object.entries(statusHeaders(status)).map(([name, value]) => new HeaderField(name, value));
}

/** A response that is nothing but a status: gRPC's "Trailers-Only". */
export function trailersOnly(status: CallStatus): readonly HeaderField[] {
  return [...RESPONSE_HEADERS, ...trailersOf(status)];
}

/** To whom does not speak gRPC. */
export const NOT_GRPC = {
  headers: [new HeaderField(':status', '415'), new HeaderField('content-type', 'text/plain; charset=utf-8')],
  text: Buffer.from('This is a gRPC server: it takes requests of content-type application/grpc.\n'),
} as const;

export const NOT_POST: readonly HeaderField[] = [new HeaderField(':status', '405'), new HeaderField('allow', 'POST')];

export const OVERSIZED_HEADERS: readonly HeaderField[] = [new HeaderField(':status', '431')];
