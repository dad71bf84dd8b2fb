import { constants, type ServerHttp2Stream } from 'node:http2';
import { Metadata, type ServerInterceptingCallInterface, status as statusCode } from '@grpc/grpc-js';
import type { CallStatus } from '../../wire/status.js';
import type { CarriedCall, Carrier } from '../carrier.js';
import { isBinaryName } from '../metadata.js';
import type { MetadataField } from '../metadata-field.js';

type GrpcJsStatus = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

const OK_CODE = 0;
const OK: GrpcJsStatus = { code: statusCode.OK, details: 'OK', metadata: null };

/** One call as grpc-js frames it: the listener that it feeds, and what is written back. */
export class GrpcJsCarrier implements Carrier {
  readonly #call: CarriedCall;
  readonly #stream: ServerHttp2Stream;
  #transport: ServerInterceptingCallInterface | undefined;
  #halfClosed = false;
  /** node:http2 tells of a chunk when all of it has gone: a slow reader could not be told from one that does not read. */
  readonly unsentBytes = undefined;

  constructor(call: CarriedCall, stream: ServerHttp2Stream) {
    this.#call = call;
    this.#stream = stream;
  }

  /** grpc-js has taken the call: from here on it feeds this listener. */
  begin(transport: ServerInterceptingCallInterface): void {
    this.#transport = transport;
    transport.start(this);
  }

  get hasResponded(): boolean {
    return this.#stream.headersSent;
  }

  get isFull(): boolean {
    return this.#stream.writableNeedDrain;
  }

  read(): void {
    this.#transport?.startRead();
  }

  write(message: Uint8Array, written: () => void): void {
    this.#sendAddedHeaders();
    this.#transport?.sendMessage(message, written);
  }

  end(status: CallStatus): void {
    this.#sendAddedHeaders();
    const { addedTrailers } = this.#call;
    this.#transport?.sendStatus(addedTrailers === undefined ? toGrpcJs(status) : withTrailers(toGrpcJs(status), addedTrailers));
  }

  /** Its memory is grpc-js's. */
  release(): void {}

  abort(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  onReceiveMetadata(): void {
    this.#call.onStart();
  }

  onReceiveMessage(message: Buffer): void {
    this.#call.onMessage(message);
  }

  onReceiveHalfClose(): void {
    // node:http2 ends the readable side of a stream that was reset, too: that is no half-close, and onCancel follows.
    if (this.#stream.closed) return;
    this.#halfClosed = true;
    this.#call.onHalfClose();
  }

  #sendAddedHeaders(): void {
    const { addedHeaders } = this.#call;
    if (addedHeaders !== undefined && !this.hasResponded) this.#transport?.sendMetadata(metadataOf(addedHeaders));
  }

  /** grpc-js calls this once for every call: when it is over, or when the client has gone. */
  onCancel(): void {
    this.#call.onGone(statusSent(this.#stream));
    // A client that goes on sending after its answer is told to stop; the trailers are handed over in the immediate before this one.
    if (!this.#halfClosed && !this.#stream.closed) setImmediate(closeStream, this.#stream);
  }
}

/** The status that grpc-js sent by itself, for a message over the limit or one that does not decompress. */
function statusSent(stream: ServerHttp2Stream): number | undefined {
  if (!stream.headersSent) return undefined;
  const sent = stream.sentTrailers?.['grpc-status'] ?? stream.sentHeaders['grpc-status'];
  return sent === undefined ? undefined : Number(sent);
}

function closeStream(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function toGrpcJs({ code, message, details, pushbackMs }: CallStatus): GrpcJsStatus {
  if (code === OK_CODE) return OK;
  const metadata = new Metadata();
  if (details !== undefined) metadata.set('grpc-status-details-bin', Buffer.from(details));
  if (pushbackMs !== undefined) metadata.set('grpc-retry-pushback-ms', String(Math.round(pushbackMs)));
  // grpc-js hands the text to encodeURI, which throws on half a surrogate pair: a round trip through UTF-8 replaces it.
  const text = Buffer.from(message, 'utf8').toString('utf8');
  return { code: isStatusCode(code) ? code : statusCode.UNKNOWN, details: text, metadata };
}

function withTrailers(status: GrpcJsStatus, trailers: readonly MetadataField[]): GrpcJsStatus {
  const metadata = metadataOf(trailers);
  if (status.metadata) metadata.merge(status.metadata);
  return { ...status, metadata };
}

function metadataOf(fields: readonly MetadataField[]): Metadata {
  const metadata = new Metadata();
  for (const { name, value } of fields) metadata.add(name, isBinaryName(name) ? Buffer.from(value, 'base64') : value);
  return metadata;
}

function isStatusCode(code: number): code is statusCode {
  return code in statusCode;
}
