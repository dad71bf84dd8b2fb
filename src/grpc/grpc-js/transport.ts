import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { type ConnectionInjector, Server, ServerCredentials } from '@grpc/grpc-js';
import type { Peer } from '../call.js';
import { STREAM_WINDOW_BYTES } from '../served/receive-budget.js';
import type { GrpcServerOptions } from '../server-options.js';
import type { Accepted } from './connection.js';
import type { GrpcJsCarrier } from './grpc-js-carrier.js';
import { Interception, registerPaths } from './interception.js';
import { addHttp2Settings, http2ServerOf } from './internals.js';

/** What comes in. */
export interface TransportEvents {
  onSession(session: ServerHttp2Session, accepted: Accepted): void;
  onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void;
}

type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: string[]) => void;

/**
 * A grpc-js server without a port and with its front door moved: sockets come from our listener, each stream is shown to us
 * before grpc-js sees it, and each call it has framed goes to our carrier.
 */
export class Transport {
  readonly #server: Server;
  readonly #injector: ConnectionInjector;
  readonly #interception = new Interception();
  readonly #grpcJsListeners: readonly StreamListener[];
  #accepting: Accepted | undefined;

  constructor(options: GrpcServerOptions, paths: Iterable<string>, events: TransportEvents) {
    this.#server = new Server({
      'grpc.enable_channelz': 0,
      'grpc.max_receive_message_length': options.maxMessageBytes,
      'grpc.max_send_message_length': options.maxMessageBytes,
      'grpc.max_concurrent_streams': options.maxStreamsPerConnection,
      interceptors: [this.#interception.interceptor],
    });
    registerPaths(this.#server, paths);
    addHttp2Settings(this.#server, { initialWindowSize: STREAM_WINDOW_BYTES });
    // Whatever TLS there is has been taken off by our listener.
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    const http2Server = http2ServerOf(this.#server);
    this.#grpcJsListeners = http2Server.listeners('stream') as StreamListener[];
    http2Server.removeAllListeners('stream');
    http2Server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
      events.onStream(stream, headers, rawHeaders);
    });
    http2Server.on('session', (session: ServerHttp2Session) => {
      if (this.#accepting !== undefined) events.onSession(session, this.#accepting);
    });
  }

  /** Speaks HTTP/2 over a socket from now on. The session is announced before this returns. */
  inject(socket: Socket, peer: Peer): void {
    this.#accepting = { socket, peer };
    this.#injector.injectConnection(socket);
    this.#accepting = undefined;
  }

  /** Has grpc-js read and frame the call's messages; it sees only the headers given here. */
  deliver(carrier: GrpcJsCarrier, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    this.#interception.announce(carrier);
    for (const listener of this.#grpcJsListeners) listener(stream, headers, 0, []);
  }

  close(): void {
    this.#server.forceShutdown();
  }
}
