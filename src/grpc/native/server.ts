import type { Socket } from 'node:net';
import type { ConnectionLimits } from '../../http2/connection.js';
import type { Clock } from '../../model/clock.js';
import type { GrpcServer, Peer, Service } from '../call.js';
import type { Listener } from '../listener.js';
import { Arrivals, routesOf } from '../served/arrivals.js';
import { openListener } from '../served/open-listener.js';
import { ReceiveBudget } from '../served/receive-budget.js';
import { jittered, ServerConnections } from '../served/server-connections.js';
import type { GrpcServerDeps, GrpcServerOptions } from '../server-options.js';
import { Assemblies } from './assemblies.js';
import { Decompressor } from './compression.js';
import { MessageCompressors } from './message-compressor.js';
import { MessageMemory } from './message-memory.js';
import { NativeConnection, type NativeHost } from './native-connection.js';
import { connectionLimits, receiveLimits } from './transport-limits.js';
import { Turns } from './turns.js';

/** How late what time asks of a connection may be done: one timer serves all of them. */
const TICK_MS = 500;

/** Of an error that belongs to no call any more. */
const NO_PATH = 'unknown';

/** Binds the addresses and serves. Rejects with the error of node:net when an address cannot be bound. */
export async function createNativeServer(
  options: GrpcServerOptions,
  services: readonly Service[],
  deps: GrpcServerDeps,
): Promise<GrpcServer> {
  const server = new NativeServer(options, services, deps);
  await server.listen();
  return server;
}

/** gRPC over our own HTTP/2. */
class NativeServer implements GrpcServer, NativeHost {
  readonly arrivals: Arrivals;
  readonly limits: ConnectionLimits;
  readonly maxMessageBytes: number;
  readonly bodyTimeoutMs: number;
  readonly clock: Clock;
  readonly assemblies: Assemblies;
  readonly decompressor: Decompressor;
  readonly compressors: MessageCompressors | undefined;
  readonly memory = new MessageMemory();
  readonly #options: GrpcServerOptions;
  readonly #deps: GrpcServerDeps;
  readonly #receiveBudget: ReceiveBudget;
  readonly #connections = new ServerConnections();
  readonly #ticking = new Set<NativeConnection>();
  #listener: Listener | undefined;
  #cancelTick: (() => void) | undefined;
  #drained: Promise<void> | undefined;

  constructor(options: GrpcServerOptions, services: readonly Service[], deps: GrpcServerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.clock = deps.clock;
    this.maxMessageBytes = options.maxMessageBytes;
    this.bodyTimeoutMs = options.bodyTimeoutMs;
    this.limits = connectionLimits(options);
    this.#receiveBudget = new ReceiveBudget(options.receiveBudgetBytes);
    this.assemblies = new Assemblies(options.assemblyBudgetBytes, options.bodyTimeoutMs, deps.clock);
    const { maxMessageBytes, bodyTimeoutMs, answerTimeoutMs, responseCompression } = options;
    const turns = new Turns();
    this.decompressor = new Decompressor(maxMessageBytes, turns);
    this.compressors = responseCompression === 'none' ? undefined : new MessageCompressors(responseCompression, turns);
    const host = { ...deps, maxMessageBytes, bodyTimeoutMs, answerTimeoutMs, roster: this.#connections.roster, answerMemory: this.memory };
    this.arrivals = new Arrivals(host, routesOf(services));
  }

  get addresses(): readonly string[] {
    return this.#listener?.addresses ?? [];
  }

  async listen(): Promise<void> {
    this.#listener = await openListener(this.#options, this.#deps, (socket, peer) => this.#accept(socket, peer));
  }

  drain(signal: AbortSignal): Promise<void> {
    this.#drained ??= this.#drain(signal);
    return this.#drained;
  }

  async close(): Promise<void> {
    this.#connections.close();
    await this.#listener?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  onLeaving(): void {
    this.#connections.left();
  }

  onInternalError(error: unknown): void {
    this.#deps.onInternalError(error, NO_PATH);
  }

  onClosed(connection: NativeConnection): void {
    this.#receiveBudget.giveBack(connection.windowBytes);
    this.#ticking.delete(connection);
    this.#connections.forget(connection);
    if (this.#ticking.size > 0) return;
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    this.memory.clear();
  }

  async #drain(signal: AbortSignal): Promise<void> {
    this.#listener?.stop();
    await this.#connections.drain(signal);
    await this.close();
  }

  #accept(socket: Socket, peer: Peer): void {
    const windows = receiveLimits(this.#receiveBudget.take() ?? 0);
    const limits = { ...this.limits, ...windows, maxAgeMs: jittered(this.limits.maxAgeMs, Math.random()) };
    const connection = new NativeConnection(socket, peer, this, limits);
    this.#cancelTick ??= this.clock.after(TICK_MS, this.#tick);
    this.#ticking.add(connection);
    // Where the server is closed already, this is the connection's end.
    this.#connections.add(connection);
  }

  readonly #tick = (): void => {
    this.#cancelTick = this.clock.after(TICK_MS, this.#tick);
    for (const connection of this.#ticking) connection.tick();
    this.assemblies.expire();
    this.memory.trim();
  };
}
