import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../../model/clock.js';
import type { Peer } from '../call.js';
import type { ReceiveBudget } from '../served/receive-budget.js';

/**
 * GOAWAY that refuses no stream: length 8, type 7, no flags, stream 0; last stream 2^31-1, NO_ERROR. Written by hand, because
 * `session.goaway` makes nghttp2 ignore every stream from then on, whatever last stream it names: a call on its way would be
 * neither served nor refused.
 */
const GOAWAY_NOTICE = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/** How long a client may take to answer the ping between the two GOAWAYs. */
const PING_TIMEOUT_MS = 1000;

/**
 * `preface`: the client has not said that it speaks HTTP/2. `retiring`: to be told to go away, new streams are still served.
 * `leaving`: the final GOAWAY is out, what was accepted is being answered.
 */
type State = 'preface' | 'open' | 'retiring' | 'leaving' | 'closed';

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly prefaceTimeoutMs: number;
  /** Infinity: any age. */
  readonly maxAgeMs: number;
  /** From `retire` on, for what is still under way. Infinity: as long as it takes. */
  readonly graceMs: number;
  /** Without a stream. Infinity: for ever. */
  readonly idleMs: number;
  readonly receiveBudget: ReceiveBudget;
}

/** Where a session came from. */
export interface Accepted {
  readonly socket: Socket;
  readonly peer: Peer;
}

export interface ConnectionObserver {
  /** The final GOAWAY is out: no new call will come over this connection. */
  onLeaving(): void;
}

/** One client's HTTP/2 session, from its socket to its last stream. */
export class Connection {
  readonly peer: Peer;
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #observer: ConnectionObserver;
  readonly #graceMs: number;
  readonly #idleMs: number;
  #state: State = 'preface';
  #cancelTimers: (() => void)[] = [];
  #streams = 0;
  #cancelIdle: (() => void) | undefined;

  constructor(session: ServerHttp2Session, { socket, peer }: Accepted, options: ConnectionOptions, observer: ConnectionObserver) {
    this.peer = peer;
    this.#session = session;
    this.#socket = socket;
    this.#clock = options.clock;
    this.#observer = observer;
    this.#graceMs = options.graceMs;
    this.#idleMs = options.idleMs;
    const window = widen(session, options.receiveBudget);
    const cancelPreface = options.clock.after(options.prefaceTimeoutMs, () => session.destroy());
    this.#cancelTimers.push(cancelPreface);
    if (options.maxAgeMs !== Infinity) this.#cancelTimers.push(options.clock.after(options.maxAgeMs, () => this.retire()));
    this.#awaitStream();
    session.once('remoteSettings', () => {
      cancelPreface();
      if (this.#state === 'preface') this.#state = 'open';
      else this.#giveNotice();
    });
    session.once('close', () => {
      this.#close();
      options.receiveBudget.giveBack(window);
    });
  }

  /** True when no new call can come over this connection. */
  get leaving(): boolean {
    return this.#state === 'leaving' || this.#state === 'closed';
  }

  /** A stream has come; the connection is not idle while there is one. */
  onStream(stream: ServerHttp2Stream): void {
    if (this.#idleMs === Infinity) return;
    this.#streams += 1;
    this.#cancelIdle?.();
    stream.once('close', () => {
      this.#streams -= 1;
      this.#awaitStream();
    });
  }

  /**
   * Sends the client away without losing a call: GOAWAY that refuses nothing, a ping, and when it is answered (everything that
   * was sent before the client knew has come in by then) the GOAWAY that names the last stream. Idempotent.
   */
  retire(): void {
    const state = this.#state;
    if (state !== 'preface' && state !== 'open') return;
    this.#state = 'retiring';
    this.#cancelTimers.push(this.#clock.after(PING_TIMEOUT_MS, () => this.#leave()));
    if (this.#graceMs !== Infinity) this.#cancelTimers.push(this.#clock.after(this.#graceMs, () => this.destroy()));
    if (state === 'open') this.#giveNotice();
  }

  /** Now, whatever is under way. */
  destroy(): void {
    this.#session.destroy();
  }

  #awaitStream(): void {
    if (this.#idleMs === Infinity || this.#streams > 0 || this.#state === 'closed') return;
    this.#cancelIdle = this.#clock.after(this.#idleMs, () => this.retire());
  }

  /** In an immediate: by then our SETTINGS, which must come before any other frame, are out even where the client's came just now. */
  #giveNotice(): void {
    setImmediate(() => {
      if (this.#state !== 'retiring' || this.#session.destroyed) return;
      // Everything that node:http2 writes is whole frames, so that one more fits between.
      this.#socket.write(GOAWAY_NOTICE);
      this.#session.ping(() => this.#leave());
    });
  }

  #leave(): void {
    if (this.#state !== 'retiring') return;
    this.#state = 'leaving';
    this.#session.close();
    this.#observer.onLeaving();
  }

  #close(): void {
    this.#state = 'closed';
    for (const cancel of this.#cancelTimers) cancel();
    this.#cancelTimers = [];
    this.#cancelIdle?.();
  }
}

/** Returns what was taken from the budget. */
function widen(session: ServerHttp2Session, budget: ReceiveBudget): number {
  const window = budget.take();
  if (window === undefined) return 0;
  session.setLocalWindowSize(window);
  return window;
}
