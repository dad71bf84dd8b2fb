import { ServingError } from '../../error/serving-error.js';
import { CallRoster } from './call-roster.js';

/** A client's connection, as far as stopping a server is concerned. */
export interface ServerConnection {
  /** No new call can come over it. */
  readonly leaving: boolean;
  /** Sends the client away without losing a call; the connection closes when its last call is over. Idempotent. */
  retire(): void;
  /** Now, whatever is under way. */
  destroy(): void;
}

type State = 'serving' | 'draining' | 'closed';

/** A client whose long-lived stream a drain ended should find another server first. */
const DRAIN_RETRY_MS = 100;

/** The connections of one server and the calls on them, from the first to the last: what every transport's drain has in common. */
export class ServerConnections {
  readonly roster = new CallRoster(() => this.left());
  readonly #connections = new Set<ServerConnection>();
  #state: State = 'serving';
  #onEmpty: (() => void) | undefined;

  add(connection: ServerConnection): void {
    this.#connections.add(connection);
    if (this.#state === 'draining') connection.retire();
    if (this.#state === 'closed') connection.destroy();
  }

  /** It is closed. */
  forget(connection: ServerConnection): void {
    this.#connections.delete(connection);
    this.left();
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  /**
   * A connection brings no more calls, or a call has ended. Ends what would never end by itself, once no connection can bring another call: inference
   * streams that are idle, and when no inference call is under way any more, the open ones. In an immediate, so that a request that has come in already is
   * not overtaken.
   */
  left(): void {
    if (this.#state !== 'draining') return;
    for (const connection of this.#connections) if (!connection.leaving) return;
    setImmediate(() => this.roster.abandonIdle(draining()));
    if (this.roster.inference === 0) this.roster.abandonLasting(draining());
  }

  /** Sends every client away; resolves when the last connection is closed or the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    if (this.#state === 'serving') this.#state = 'draining';
    for (const connection of this.#connections) connection.retire();
    await this.#empty(signal);
  }

  /** Destroys every connection, those included that are still to come. */
  close(): void {
    this.#state = 'closed';
    this.roster.closing = true;
    for (const connection of this.#connections) connection.destroy();
  }

  /** Every connection that is there. */
  [Symbol.iterator](): Iterator<ServerConnection> {
    return this.#connections.values();
  }

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
}

function draining(): ServingError {
  return new ServingError('draining', 'the server is draining', { retryAfterMs: DRAIN_RETRY_MS });
}

/** Within a tenth of `ageMs` either way, so that connections opened together do not come back together. `random` in [0, 1). */
export function jittered(ageMs: number, random: number): number {
  return ageMs * (0.9 + 0.2 * random);
}
