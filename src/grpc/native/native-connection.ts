import type { Socket } from 'node:net';
import { Connection, type ConnectionEvents, type ConnectionLimits } from '../../http2/connection.js';
import type { HeaderField } from '../../http2/hpack/header-field.js';
import type { RequestHead } from '../../http2/request-head.js';
import type { Stream } from '../../http2/stream.js';
import type { Clock } from '../../model/clock.js';
import type { Peer } from '../call.js';
import { type Arrivals, isGrpc } from '../served/arrivals.js';
import type { ServerConnection } from '../served/server-connections.js';
import { NOT_POST, OVERSIZED_HEADERS, trailersOnly } from './answers.js';
import type { Assemblies } from './assemblies.js';
import { AssemblyShare } from './assembly-share.js';
import { isMessageEncoding } from './compression.js';
import { FieldMetadata } from './field-metadata.js';
import { ForeignRequests } from './foreign-requests.js';
import type { MessageCompressors } from './message-compressor.js';
import { type CarrierHost, NativeCarrier } from './native-carrier.js';

/** What all connections of a server share. */
export interface NativeHost extends Omit<CarrierHost, 'assemblies'> {
  readonly assemblies: Assemblies;
  readonly arrivals: Arrivals;
  readonly clock: Clock;
  /** For a request that is not gRPC; those that are have their own. */
  readonly bodyTimeoutMs: number;
  /** Undefined where answers are not compressed: then nobody asks what clients accept. */
  readonly compressors: MessageCompressors | undefined;
  onLeaving(connection: NativeConnection): void;
  onClosed(connection: NativeConnection): void;
  /** A mistake of ours, which has cost one call. */
  onInternalError(error: unknown): void;
}

/** gRPC on one HTTP/2 connection: makes calls of its streams. */
export class NativeConnection implements ServerConnection, ConnectionEvents {
  /** What it was granted of the server's receive budget. */
  readonly windowBytes: number;
  readonly #host: NativeHost;
  readonly #carrierHost: CarrierHost;
  readonly #peer: Peer;
  readonly #connection: Connection;
  /** Undefined until there is one. */
  #foreign: ForeignRequests | undefined;

  /** `limits` are the host's but for what each connection has of its own: its window and its age. */
  constructor(socket: Socket, peer: Peer, host: NativeHost, limits: ConnectionLimits) {
    this.windowBytes = limits.connectionWindowBytes;
    this.#host = host;
    const { maxMessageBytes, memory, decompressor } = host;
    this.#carrierHost = { maxMessageBytes, memory, decompressor, assemblies: new AssemblyShare(host.assemblies) };
    this.#peer = peer;
    this.#connection = new Connection(socket, limits, this, host.clock);
  }

  get leaving(): boolean {
    return this.#connection.isLeaving;
  }

  retire(): void {
    this.#connection.retire();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  tick(): void {
    this.#connection.tick();
    this.#foreign?.expire(this.leaving);
  }

  onRequest(stream: Stream, { method, path = '', fields }: RequestHead): void {
    let contentType: string | undefined;
    let encoding: string | undefined;
    let timeout: string | undefined;
    for (const { name, value } of fields) {
      if (name === 'content-type') contentType = joined(contentType, value);
      else if (name === 'grpc-encoding') encoding = joined(encoding, value);
      else if (name === 'grpc-timeout') timeout = joined(timeout, value);
    }
    if (!isGrpc(contentType)) this.#takeForeign(stream);
    else if (method !== 'POST') stream.respond(NOT_POST, true);
    else this.#admit(stream, path, encoding, timeout, fields);
  }

  onOversizedRequest(stream: Stream): void {
    stream.respond(OVERSIZED_HEADERS, true);
  }

  onLeaving(): void {
    this.#host.onLeaving(this);
  }

  onClosed(): void {
    this.#host.onClosed(this);
  }

  onInternalError(error: unknown): void {
    this.#host.onInternalError(error);
  }

  #takeForeign(stream: Stream): void {
    this.#foreign ??= new ForeignRequests(this.#host.clock, this.#host.bodyTimeoutMs);
    this.#foreign.add(stream);
  }

  #admit(stream: Stream, path: string, encoding: string | undefined, timeout: string | undefined, fields: readonly HeaderField[]): void {
    const metadata = new FieldMetadata(fields);
    const admitted = this.#host.arrivals.admit({ path, encoding, timeout, metadata }, this.#peer);
    if ('refusal' in admitted) {
      stream.respond(trailersOnly(admitted.refusal), true);
      return;
    }
    const { call } = admitted;
    const compressor = this.#host.compressors?.chooseFor(fields);
    const carrier = new NativeCarrier(stream, call, this.#carrierHost, isMessageEncoding(encoding) ? encoding : 'identity', compressor);
    stream.listener = carrier;
    call.begin(carrier);
    call.onStart();
  }
}

/** Several lines of one name say what one line of all their values would: RFC 9110, section 5.3. What may be there once is thereby malformed. */
function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}
