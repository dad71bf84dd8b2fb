import { HeaderField } from '../../http2/hpack/header-field.js';
import type { CallStatus } from '../../wire/status.js';
import type { MetadataField } from '../metadata-field.js';
import { statusHeaders } from '../status-headers.js';
import type { PackedEncoding } from './message-compressor.js';

const OK_STATUS = new HeaderField(':status', '200');
/** Every call of a connection has them: they are said once and then named by a byte. */
const CONTENT_TYPE = new HeaderField('content-type', 'application/grpc+proto', 'indexed');
/** What clients may compress their messages with. */
const ACCEPT_ENCODING = new HeaderField('grpc-accept-encoding', 'identity,deflate,gzip', 'indexed');
const GRPC_OK = new HeaderField('grpc-status', '0', 'indexed');

const HEADERS: readonly HeaderField[] = [OK_STATUS, CONTENT_TYPE, ACCEPT_ENCODING];

const PACKED_HEADERS = {
  gzip: [...HEADERS, new HeaderField('grpc-encoding', 'gzip', 'indexed')],
  deflate: [...HEADERS, new HeaderField('grpc-encoding', 'deflate', 'indexed')],
} as const satisfies Record<PackedEncoding, readonly HeaderField[]>;

const OK_TRAILERS: readonly HeaderField[] = [GRPC_OK];

/** What stands before the first message; `encoding` is the one that messages may be compressed in. */
export function headersOf(encoding: PackedEncoding | undefined, added: readonly MetadataField[] | undefined): readonly HeaderField[] {
  return withAdded(encoding === undefined ? HEADERS : PACKED_HEADERS[encoding], added);
}

/** What stands behind the last message. */
export function trailersOf(status: CallStatus, added?: readonly MetadataField[]): readonly HeaderField[] {
  if (status.code === 0 && status.details === undefined) return withAdded(OK_TRAILERS, added);
  const fields = Object.entries(statusHeaders(status)).map(([name, value]) => new HeaderField(name, value));
  return withAdded(fields, added);
}

/** A response that is nothing but a status: gRPC's "Trailers-Only". */
export function trailersOnly(status: CallStatus, added?: readonly MetadataField[]): readonly HeaderField[] {
  return [...HEADERS, ...trailersOf(status, added)];
}

/** Most calls add nothing, and share what there is. */
function withAdded(fields: readonly HeaderField[], added: readonly MetadataField[] | undefined): readonly HeaderField[] {
  if (added === undefined) return fields;
  return [...fields, ...added.map(({ name, value }) => new HeaderField(name, value))];
}

/** To whom does not speak gRPC. */
export const NOT_GRPC = {
  headers: [new HeaderField(':status', '415'), new HeaderField('content-type', 'text/plain; charset=utf-8')],
  text: Buffer.from('This is a gRPC server: it takes requests of content-type application/grpc.\n'),
} as const;

export const NOT_POST: readonly HeaderField[] = [new HeaderField(':status', '405'), new HeaderField('allow', 'POST')];

export const OVERSIZED_HEADERS: readonly HeaderField[] = [new HeaderField(':status', '431')];
