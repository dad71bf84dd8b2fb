import type { Clock } from '../model/clock.js';
import type { CallObserver, Door } from './call.js';
import type { DeadlineWheel } from './deadline-wheel.js';

/** PEM texts. With `clientCa` only clients that show a certificate of that authority get in. */
export interface TlsOptions {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  readonly clientCa?: string | Buffer;
}

/** Calls `use` with each new certificate, key and client authorities, until what it returns is called. */
export type TlsRenewal = (use: (tls: TlsOptions) => void) => () => void;

/** How hard answers are compressed. */
export type ResponseCompression = 'none' | 'low' | 'medium' | 'high';

/** What every gRPC server can be told, whichever transport is behind it. */
export interface GrpcServerOptions {
  /** "host:port" (0 = any free port), "[ipv6]:port" or "unix:/path". */
  readonly listen: readonly string[];
  /** Limit of one message, in and out, after decompression. */
  readonly maxMessageBytes: number;
  /** Over all addresses; a connection over the limit is closed at once. */
  readonly maxConnections: number;
  /** Of one IPv4 address or IPv6 /64 network; unix sockets are exempt. Infinity: no cap of its own. */
  readonly maxConnectionsPerPeer: number;
  readonly maxStreamsPerConnection: number;
  /** Spreads long-lived connections over replicas: after this time, give or take a tenth, the client is told to reconnect. Infinity: never. */
  readonly maxConnectionAgeMs: number;
  /** A connection whose client was told to go away is closed after this time, with whatever is still on it. Infinity: with its last call. */
  readonly maxConnectionAgeGraceMs: number;
  /** After this time without a call the client is told to go away. Infinity: never. */
  readonly maxConnectionIdleMs: number;
  /** A connection that has not completed TLS and the HTTP/2 preface by then is closed. */
  readonly prefaceTimeoutMs: number;
  /** What wide receive windows may hold in sum; connections beyond it get HTTP/2's default window. */
  readonly receiveBudgetBytes: number;
  /**
   * What messages that have come in part, and large requests whose half-close is awaited, may hold over all calls; beyond it the connection that holds the most
   * gives way. For the native transport: grpc-js does not say what it holds.
   */
  readonly assemblyBudgetBytes: number;
  /** A request of one message that is not complete by then, counted from its headers, is ended; so is, by the native transport, any message, counted from its beginning. */
  readonly bodyTimeoutMs: number;
  /** An only answer of which its client takes nothing for so long is given up. For the native transport: grpc-js does not say what has gone. */
  readonly answerTimeoutMs: number;
  /** For clients that accept it. For the native transport: grpc-js does not compress answers. */
  readonly responseCompression: ResponseCompression;
  readonly tls?: TlsOptions;
}

export type GrpcServerDefaults = Omit<GrpcServerOptions, 'listen' | 'tls'>;

/**
 * As the contract says; what it leaves open is chosen so that no common client is held back. One connection has half the streams that
 * --max-inflight admits by default, so that a single client cannot take all of them.
 */
export const DEFAULT_GRPC_SERVER_OPTIONS: GrpcServerDefaults = {
  maxMessageBytes: 64 * 1024 * 1024,
  maxConnections: 4096,
  maxConnectionsPerPeer: Infinity,
  maxStreamsPerConnection: 512,
  maxConnectionAgeMs: Infinity,
  maxConnectionAgeGraceMs: Infinity,
  maxConnectionIdleMs: Infinity,
  prefaceTimeoutMs: 10_000,
  receiveBudgetBytes: 256 * 1024 * 1024,
  assemblyBudgetBytes: 256 * 1024 * 1024,
  bodyTimeoutMs: 60_000,
  answerTimeoutMs: 60_000,
  responseCompression: 'none',
};

/** What a server needs from the rooms above it. */
export interface GrpcServerDeps {
  readonly door: Door;
  readonly observer: CallObserver;
  readonly clock: Clock;
  /** May be shared by several servers. */
  readonly wheel: DeadlineWheel;
  /** For the log: what was behind an answer of "internal error". */
  readonly onInternalError: (error: unknown, path: string) => void;
  /** Where it is absent, TLS is served to the end with what the options have. */
  readonly renewTls?: TlsRenewal;
}
