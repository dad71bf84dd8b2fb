import type { Span } from '@opentelemetry/api';
import type { ServingError } from '../error/serving-error.js';
import type { CallContext } from '../model/call-context.js';
import type { AnswerMemory } from '../wire/codec.js';
import type { CallStatus } from '../wire/status.js';

/**
 * gRPC calls as the facades see them. A server, of either transport, makes them; nothing above this
 * file knows which. Handlers fail by rejecting with a ServingError; anything else is answered as `internal`.
 */

/** Turns messages into bytes. */
export interface Encoder<T> {
  /** Into `memory`, where there is one and the encoder can. */
  encode(message: T, memory?: AnswerMemory): Uint8Array;
}

/** Turns bytes into messages. It may throw anything: the server answers `invalid_request`. */
export interface Decoder<T> {
  /** The message may hold views of `bytes`. */
  decode(bytes: Uint8Array): T;
}

export interface Codec<T> extends Encoder<T>, Decoder<T> {}

/** How the door treats a method: `inference` is counted, bounded and drained; `open` (health, metadata) is always let in. */
export type Admission = 'inference' | 'open';

interface MethodBase<I, O> {
  /** "/package.Service/Method" */
  readonly path: string;
  readonly request: Decoder<I>;
  readonly response: Encoder<O>;
  readonly admission: Admission;
}

/**
 * One RPC of a service. `handle` is declared as a method, whose parameters TypeScript compares both ways, so that a method of known messages
 * fits into a list of any: a server only ever gives it what its own codec decoded.
 */
export type Method<I = unknown, O = unknown> = MethodBase<I, O> &
  (
    | {
        readonly kind: 'unary';
        handle(this: void, request: I, call: Call): Promise<O>;
        /**
         * That nothing refers to the bytes of a request any more once `handle` has resolved and its answer is written, nor to those of the answer: then
         * their memory is used again. Where `handle` rejects it never is: whatever it has begun may still read them.
         */
        readonly borrowsRequest?: true;
      }
    | { readonly kind: 'server_stream'; handle(this: void, request: I, call: SendingCall<O>): Promise<void> }
    | { readonly kind: 'client_stream'; handle(this: void, requests: AsyncIterable<I>, call: Call): Promise<O> }
    | { readonly kind: 'bidi'; handle(this: void, requests: AsyncIterable<I>, call: StreamingCall<O>): Promise<void> }
  );

export interface Service {
  /** Full name, "package.Service". */
  readonly name: string;
  readonly methods: readonly Method[];
  /** How this facade says an error on the wire. */
  readonly statusOf: (error: ServingError) => CallStatus;
}

/** Request metadata, parsed only when it is read. Names are lower case. */
export interface RequestMetadata {
  /** The first value of an ASCII entry. */
  get(name: string): string | undefined;
  /** The first value of a binary entry, whose name ends in `-bin`. Throws `invalid_request` where it is not base64. */
  getBinary(name: string): Uint8Array | undefined;
  /** All ASCII entries. */
  entries(): Iterable<readonly [name: string, value: string]>;
}

export interface Peer {
  /** "127.0.0.1:51234" or "unix:". */
  readonly address: string;
  /** A loopback address or a unix socket. */
  readonly local: boolean;
}

export interface Call extends CallContext {
  readonly path: string;
  readonly metadata: RequestMetadata;
  readonly peer: Peer;
  /** When the headers came, in the clock's milliseconds. */
  readonly startedAt: number;
  /**
   * Adds an entry to the metadata that stands before the first message. Names are lower case; those that end in `-bin` have bytes for values, all others
   * printable ASCII. Throws for what is malformed or the transport's own, and where a message has been sent; does nothing once the call is answered.
   */
  addHeader(name: string, value: string | Uint8Array): void;
  /** The same for the metadata that stands beside the status. */
  addTrailer(name: string, value: string | Uint8Array): void;
}

export interface SendingCall<O> extends Call {
  /**
   * Writes one message. Resolves when the next may be written (the reader kept up, or the transport's buffer has room);
   * rejects with the signal's reason once the call is cancelled.
   */
  send(message: O): Promise<void>;
}

/** A call with any number of requests. */
export interface StreamingCall<O> extends SendingCall<O> {
  /**
   * Nobody refers to the bytes of a request any more, which came as they are: then their memory is used again. What is never said to be done with is
   * collected as ever.
   */
  doneWith(request: Uint8Array): void;
  /** For the handler to set: true while no request is under way. A drain ends an idle call where it would wait for any other inference. */
  idle: boolean;
}

/** What the door sees: headers only, before a byte of the body is read. */
export interface Arrival {
  readonly path: string;
  readonly admission: Admission;
  readonly deadline: number;
  readonly peer: Peer;
}

/** Decides who comes in. `leave` is called exactly once for each arrival that was let in. */
export interface Door {
  /** Undefined lets the call in. */
  enter(arrival: Arrival): ServingError | undefined;
  leave(arrival: Arrival): void;
}

/** Told about calls: how tracing and metrics see the transport. */
export interface CallObserver {
  /** Starts the call's server span where it is sampled; undefined is the common case. */
  start(path: string, metadata: RequestMetadata, peer: Peer): Span | undefined;
  /** Once for each call that got in; `status` is the number of the gRPC status code. */
  end(call: Call, status: number): void;
  /** Once for each call that the door (or an unknown path) turned away. */
  refused(path: string, status: number): void;
  /** Once for each connection that was not taken: over the limit, or past what the system can accept. */
  connectionRefused(): void;
}

/** A listening gRPC server, whichever transport is behind it. */
export interface GrpcServer extends AsyncDisposable {
  /** Addresses bound, "127.0.0.1:8001" or "unix:/run/millrace.sock". */
  readonly addresses: readonly string[];
  /**
   * Stops listening, tells every client to go away (GOAWAY, and the final one once a PING is answered) and waits until the last
   * accepted call has been answered or the signal aborts.
   */
  drain(signal: AbortSignal): Promise<void>;
  /** Closes every connection now. Idempotent. */
  close(): Promise<void>;
}
