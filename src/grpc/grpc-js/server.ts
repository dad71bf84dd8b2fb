import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { GrpcServer, Service } from '../call.js';
import type { Listener } from '../listener.js';
import { Arrivals, routesOf } from '../served/arrivals.js';
import { openListener } from '../served/open-listener.js';
import { ReceiveBudget } from '../served/receive-budget.js';
import { jittered, ServerConnections } from '../served/server-connections.js';
import type { GrpcServerDeps, GrpcServerOptions } from '../server-options.js';
import { type Accepted, Connection, type ConnectionObserver } from './connection.js';
import { FrontDoor } from './front-door.js';
import { Transport, type TransportEvents } from './transport.js';

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
  readonly #receiveBudget: ReceiveBudget;
  readonly #transport: Transport;
  readonly #frontDoor: FrontDoor;
  readonly #connections = new ServerConnections();
  readonly #bySession = new Map<ServerHttp2Session, Connection>();
  #listener: Listener | undefined;
  #drained: Promise<void> | undefined;

  constructor(options: GrpcServerOptions, services: readonly Service[], deps: GrpcServerDeps) {
    const routes = routesOf(services);
    this.#options = options;
    this.#deps = deps;
    this.#receiveBudget = new ReceiveBudget(options.receiveBudgetBytes);
    this.#transport = new Transport(options, routes.keys(), this);
    const { maxMessageBytes, bodyTimeoutMs, answerTimeoutMs } = options;
    const host = { ...deps, maxMessageBytes, bodyTimeoutMs, answerTimeoutMs, roster: this.#connections.roster };
    this.#frontDoor = new FrontDoor(new Arrivals(host, routes), (carrier, stream, headers) =>
      this.#transport.deliver(carrier, stream, headers),
    );
  }

  get addresses(): readonly string[] {
    return this.#listener?.addresses ?? [];
  }

  async listen(): Promise<void> {
    this.#listener = await openListener(this.#options, this.#deps, (socket, peer) => this.#transport.inject(socket, peer));
  }

  onSession(session: ServerHttp2Session, accepted: Accepted): void {
    const { prefaceTimeoutMs, maxConnectionAgeMs, maxConnectionAgeGraceMs, maxConnectionIdleMs, tls } = this.#options;
    const connection = new Connection(
      session,
      accepted,
      {
        clock: this.#deps.clock,
        // With TLS, the handshake had the other half.
        prefaceTimeoutMs: tls === undefined ? prefaceTimeoutMs : prefaceTimeoutMs / 2,
        maxAgeMs: jittered(maxConnectionAgeMs, Math.random()),
        graceMs: maxConnectionAgeGraceMs,
        idleMs: maxConnectionIdleMs,
        receiveBudget: this.#receiveBudget,
      },
      this,
    );
    this.#bySession.set(session, connection);
    session.once('close', () => {
      this.#bySession.delete(session);
      this.#connections.forget(connection);
    });
    this.#connections.add(connection);
  }

  onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
    const connection = stream.session === undefined ? undefined : this.#bySession.get(stream.session as ServerHttp2Session);
    if (connection === undefined) return;
    connection.onStream(stream);
    this.#frontDoor.onStream(stream, headers, rawHeaders, connection.peer);
  }

  onLeaving(): void {
    this.#connections.left();
  }

  drain(signal: AbortSignal): Promise<void> {
    this.#drained ??= this.#drain(signal);
    return this.#drained;
  }

  async close(): Promise<void> {
    this.#connections.close();
    await this.#listener?.close();
    this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #drain(signal: AbortSignal): Promise<void> {
    this.#listener?.stop();
    await this.#connections.drain(signal);
    await this.close();
  }
}
