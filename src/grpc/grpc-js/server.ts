import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { ServingError } from '../../error/serving-error.js';
import type { GrpcServer, Service } from '../call.js';
import { Listener } from '../listener.js';
import type { GrpcServerDeps, GrpcServerOptions } from '../server-options.js';
import { Arrivals, routesOf } from './arrivals.js';
import { CallRoster } from './call-roster.js';
import { type Accepted, Connection, type ConnectionObserver } from './connection.js';
import { ReceiveBudget } from './receive-budget.js';
import { Transport, type TransportEvents } from './transport.js';

/** A client whose long-lived stream a drain ended should find another server first. */
const DRAIN_RETRY_MS = 100;

type State = 'serving' | 'draining' | 'closed';

/** Binds the addresses and serves. Rejects with the error of node:net when an address cannot be bound. */
export async function createGrpcJsServer(
  options: GrpcServerOptions,
  services: readonly Service[],
  deps: GrpcServerDeps,
): Promise<GrpcServer> {
  const server = new GrpcJsServer(options, services, deps);
  await server.listen();
  return server;
}

class GrpcJsServer implements GrpcServer, TransportEvents, ConnectionObserver {
  readonly #options: GrpcServerOptions;
  readonly #deps: GrpcServerDeps;
  readonly #roster = new CallRoster(() => this.#releaseLasting());
  readonly #receiveBudget: ReceiveBudget;
  readonly #transport: Transport;
  readonly #arrivals: Arrivals;
  readonly #connections = new Map<ServerHttp2Session, Connection>();
  #listener: Listener | undefined;
  #state: State = 'serving';
  #onEmpty: (() => void) | undefined;
  #drained: Promise<void> | undefined;

  constructor(options: GrpcServerOptions, services: readonly Service[], deps: GrpcServerDeps) {
    const routes = routesOf(services);
    this.#options = options;
    this.#deps = deps;
    this.#receiveBudget = new ReceiveBudget(options.receiveBudgetBytes);
    this.#transport = new Transport(options, routes.keys(), this);
    const host = { ...deps, maxMessageBytes: options.maxMessageBytes, roster: this.#roster };
    this.#arrivals = new Arrivals(host, routes, (call, stream, headers) => this.#transport.deliver(call, stream, headers));
  }

  get addresses(): readonly string[] {
    return this.#listener?.addresses ?? [];
  }

  async listen(): Promise<void> {
    const { listen, maxConnections, prefaceTimeoutMs, tls } = this.#options;
    this.#listener = await Listener.listen(
      {
        listen,
        maxConnections,
        handshakeTimeoutMs: prefaceTimeoutMs / 2,
        onRefused: () => this.#deps.observer.connectionRefused(),
        ...(tls !== undefined && { tls }),
      },
      (socket, peer) => this.#transport.inject(socket, peer),
    );
  }

  onSession(session: ServerHttp2Session, accepted: Accepted): void {
    const { prefaceTimeoutMs, maxConnectionAgeMs, tls } = this.#options;
    const connection = new Connection(
      session,
      accepted,
      {
        clock: this.#deps.clock,
        // With TLS, the handshake had the other half.
        prefaceTimeoutMs: tls === undefined ? prefaceTimeoutMs : prefaceTimeoutMs / 2,
        maxAgeMs: jittered(maxConnectionAgeMs, Math.random()),
        receiveBudget: this.#receiveBudget,
      },
      this,
    );
    this.#connections.set(session, connection);
    session.once('close', () => this.#forget(session));
    if (this.#state === 'draining') connection.retire();
  }

  onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
    const connection = stream.session === undefined ? undefined : this.#connections.get(stream.session as ServerHttp2Session);
    if (connection !== undefined) this.#arrivals.onStream(stream, headers, rawHeaders, connection.peer);
  }

  onLeaving(): void {
    this.#releaseLasting();
  }

  drain(signal: AbortSignal): Promise<void> {
    this.#drained ??= this.#drain(signal);
    return this.#drained;
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#roster.closing = true;
    for (const connection of this.#connections.values()) connection.destroy();
    await this.#listener?.close();
    this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #drain(signal: AbortSignal): Promise<void> {
    if (this.#state === 'serving') this.#state = 'draining';
    this.#listener?.stop();
    for (const connection of this.#connections.values()) connection.retire();
    await this.#empty(signal);
    await this.close();
  }

  /** Resolves when the last connection is closed, or the signal aborts. */
  #empty(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      if (this.#connections.size === 0 || signal.aborted) return done();
      this.#onEmpty = done;
      signal.addEventListener('abort', done);
    });
  }

  #forget(session: ServerHttp2Session): void {
    this.#connections.delete(session);
    this.#releaseLasting();
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  /**
   * Ends what would never end by itself, once no connection can bring another call: inference streams that are idle, and when no inference
   * call is under way any more, the open ones. In an immediate, so that a request that has come in already is not overtaken.
   */
  #releaseLasting(): void {
    if (this.#state !== 'draining') return;
    for (const connection of this.#connections.values()) if (!connection.leaving) return;
    setImmediate(() => this.#roster.abandonIdle(draining()));
    if (this.#roster.inference === 0) this.#roster.abandonLasting(draining());
  }
}

function draining(): ServingError {
  return new ServingError('draining', 'the server is draining', { retryAfterMs: DRAIN_RETRY_MS });
}

/** Within a tenth of `ageMs` either way, so that connections opened together do not come back together. `random` in [0, 1). */
function jittered(ageMs: number, random: number): number {
  return ageMs * (0.9 + 0.2 * random);
}
