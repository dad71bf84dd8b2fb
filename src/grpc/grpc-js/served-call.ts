import { constants, type ServerHttp2Stream } from 'node:http2';
import { Metadata, type ServerInterceptingCallInterface, status as statusCode } from '@grpc/grpc-js';
import type { Span } from '@opentelemetry/api';
import { ServingError } from '../../error/serving-error.js';
import { CancelSource } from '../../model/cancel-signal.js';
import type { VersionId } from '../../model/id.js';
import type { CallStatus } from '../../wire/status.js';
import type { Admission, Arrival, Call, Method, Peer, RequestMetadata, Service } from '../call.js';
import { DeadlineEntry } from '../deadline-wheel.js';
import type { GrpcServerDeps } from '../server-options.js';
import type { CallRoster } from './call-roster.js';

type GrpcJsStatus = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** What the calls of one server share. */
export interface CallHost extends GrpcServerDeps {
  readonly maxMessageBytes: number;
  readonly roster: CallRoster;
}

/** A method and the facade that it belongs to. */
export interface Route<M extends Method = Method> {
  readonly method: M;
  readonly service: Service;
}

/** What the headers of a call say. */
export interface CallHead {
  readonly stream: ServerHttp2Stream;
  readonly metadata: RequestMetadata;
  readonly peer: Peer;
  readonly startedAt: number;
  readonly deadline: number;
}

/** `open`: no status yet. `answered`: the status is said, though perhaps still on its way. `left`: nothing more to come. */
type Phase = 'open' | 'answered' | 'left';

const OK: GrpcJsStatus = { code: statusCode.OK, details: 'OK', metadata: null };

/** How long an answer given at the deadline may be stuck behind a client that does not read before the stream is reset. */
const LINGER_MS = 1000;

/**
 * One call in the making, for all four kinds: the context that the facade sees, the listener that grpc-js feeds and the
 * entry in the deadline wheel, in one object. It answers once, whoever is first: the handler, the deadline, the client that
 * went away, or grpc-js that refused the body.
 */
export abstract class ServedCall extends DeadlineEntry implements Call, Arrival {
  readonly signal = new CancelSource();
  readonly path: string;
  readonly admission: Admission;
  readonly metadata: RequestMetadata;
  readonly peer: Peer;
  readonly startedAt: number;
  readonly deadline: number;
  span: Span | undefined;
  target: VersionId | undefined;

  readonly #host: CallHost;
  readonly #stream: ServerHttp2Stream;
  readonly #service: Service;
  #transport: ServerInterceptingCallInterface | undefined;
  #phase: Phase = 'open';
  #halfClosed = false;

  constructor(host: CallHost, { method, service }: Route, head: CallHead) {
    super();
    this.path = method.path;
    this.admission = method.admission;
    this.metadata = head.metadata;
    this.peer = head.peer;
    this.startedAt = head.startedAt;
    this.deadline = head.deadline;
    this.#host = host;
    this.#stream = head.stream;
    this.#service = service;
  }

  /** True for calls that stay open as long as the client likes: a drain ends them, it does not wait for them. */
  abstract readonly lasting: boolean;

  protected abstract onMessage(message: Buffer): void;
  protected abstract onHalfClose(): void;

  /** grpc-js has taken the call: from here on it feeds this listener. */
  begin(transport: ServerInterceptingCallInterface): void {
    this.#transport = transport;
    if (this.deadline !== Infinity) this.#host.wheel.schedule(this, this.deadline);
    transport.start(this);
  }

  /** Asks for the next message, or for the news that there is none. */
  read(): void {
    this.#transport?.startRead();
  }

  onReceiveMetadata(): void {
    this.read();
  }

  onReceiveMessage(message: Buffer): void {
    if (this.#phase === 'open') this.onMessage(message);
  }

  onReceiveHalfClose(): void {
    // node:http2 ends the readable side of a stream that was reset, too: that is no half-close, and onCancel follows.
    if (this.#stream.closed) return;
    this.#halfClosed = true;
    if (this.#phase === 'open') this.onHalfClose();
  }

  /** grpc-js calls this once for every call: when it is over, or when the client has gone. */
  onCancel(): void {
    if (this.#phase === 'open') this.#goneWith(statusSent(this.#stream) ?? statusCode.CANCELLED);
    this.#phase = 'left';
    this.#host.wheel.cancel(this);
    this.#host.door.leave(this);
    this.#host.roster.leave(this);
    // A client that goes on sending after its answer is told to stop; the trailers are handed over in the immediate before this one.
    if (!this.#halfClosed && !this.#stream.closed) setImmediate(closeStream, this.#stream);
  }

  /** The deadline; a second time, LINGER_MS later, if the client has not read the answer. */
  override expire(): void {
    switch (this.#phase) {
      case 'open':
        this.abandon(new ServingError('deadline_exceeded', 'deadline exceeded'));
        this.#host.wheel.schedule(this, this.#host.clock.now() + LINGER_MS);
        return;
      case 'answered':
        this.#stream.close(constants.NGHTTP2_CANCEL);
        return;
      case 'left':
        return;
      default:
        this.#phase satisfies never;
    }
  }

  /** Answers at once with `reason`, whether or not the handler ever returns, and tells the handler so. */
  abandon(reason: ServingError): void {
    this.fail(reason);
    this.signal.cancel(reason);
  }

  /** Answers with an error, unless the call is answered already. */
  fail(error: unknown): void {
    if (this.#phase !== 'open') return;
    const failure = ServingError.from(error);
    if (failure.code === 'internal') this.#host.onInternalError(failure.cause ?? failure, this.path);
    this.#end(toGrpcJs(this.#service.statusOf(failure)));
  }

  /** Answers with OK, unless the call is answered already. */
  succeed(): void {
    if (this.#phase === 'open') this.#end(OK);
  }

  /** The transport's buffer is full: whoever writes should wait for a `written`. */
  get full(): boolean {
    return this.#stream.writableNeedDrain;
  }

  /** Hands one message to the transport, which calls `written` when it is out. False once the call is answered. */
  write(message: Uint8Array, written: () => void): boolean {
    if (this.#phase !== 'open') return false;
    const limit = this.#host.maxMessageBytes;
    if (message.byteLength > limit) {
      throw new ServingError('too_large', `response message of ${message.byteLength} bytes is over the limit of ${limit} bytes`);
    }
    this.#transport?.sendMessage(message, written);
    return true;
  }

  /** Tells a drain whether it has to wait for this call. */
  protected rest(idle: boolean): void {
    if (this.#phase === 'open') this.#host.roster.rest(this, idle);
  }

  #end(status: GrpcJsStatus): void {
    this.#phase = 'answered';
    this.#host.wheel.cancel(this);
    this.#transport?.sendStatus(status);
    this.#host.observer.end(this, status.code);
  }

  /** Over without our doing. */
  #goneWith(status: number): void {
    this.#phase = 'answered';
    this.signal.cancel(this.#host.roster.closing ? closing() : new ServingError('cancelled', 'the call was cancelled by the client'));
    this.#host.observer.end(this, status);
  }
}

/** The status that grpc-js sent by itself, for a message over the limit or one that does not decompress. */
function statusSent(stream: ServerHttp2Stream): number | undefined {
  if (!stream.headersSent) return undefined;
  const sent = stream.sentTrailers?.['grpc-status'] ?? stream.sentHeaders['grpc-status'];
  return sent === undefined ? undefined : Number(sent);
}

function closing(): ServingError {
  return new ServingError('draining', 'the server is closing', { retryAfterMs: 0 });
}

function closeStream(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function toGrpcJs({ code, message, details, pushbackMs }: CallStatus): GrpcJsStatus {
  const metadata = new Metadata();
  if (details !== undefined) metadata.set('grpc-status-details-bin', Buffer.from(details));
  if (pushbackMs !== undefined) metadata.set('grpc-retry-pushback-ms', String(Math.round(pushbackMs)));
  // grpc-js hands the text to encodeURI, which throws on half a surrogate pair: a round trip through UTF-8 replaces it.
  const text = Buffer.from(message, 'utf8').toString('utf8');
  return { code: isStatusCode(code) ? code : statusCode.UNKNOWN, details: text, metadata };
}

function isStatusCode(code: number): code is statusCode {
  return code in statusCode;
}
