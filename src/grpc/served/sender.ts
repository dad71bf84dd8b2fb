import type { ServingError } from '../../error/serving-error.js';
import type { CancelListener, CancelSignal } from '../../model/cancel-signal.js';

/** Where the messages of one call go. */
export interface Outlet {
  readonly signal: CancelSignal;
  /** Hands one message to the transport; `written` is called when it is out. False: the call is answered already. */
  write(message: Uint8Array, written: () => void): boolean;
  /** The transport's buffer is full until a `written` finds it empty. */
  readonly full: boolean;
}

interface Waiting {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: ServingError) => void;
}

const ROOM = Promise.resolve();

/** Back-pressure: writes at once and makes the writer wait while the transport is full. Allocates nothing while it has room. */
export class Sender implements CancelListener {
  readonly #outlet: Outlet;
  #waiting: Waiting | undefined;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  /** Resolves when the next message may be written; rejects with the signal's reason once the call is cancelled. */
  send(message: Uint8Array): Promise<void> {
    const { signal } = this.#outlet;
    if (signal.reason !== undefined) return Promise.reject(signal.reason);
    if (!this.#outlet.write(message, this.#written)) return Promise.reject(new Error('message sent after the end of the call'));
    return this.#outlet.full ? this.#room() : ROOM;
  }

  onCancel(reason: ServingError): void {
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
  }

  #room(): Promise<void> {
    if (this.#waiting !== undefined) return this.#waiting.promise;
    let resolve: () => void = ignore;
    let reject: (reason: ServingError) => void = ignore;
    const promise = new Promise<void>((onRoom, onCancel) => {
      resolve = onRoom;
      reject = onCancel;
    });
    this.#waiting = { promise, resolve, reject };
    this.#outlet.signal.subscribe(this);
    return promise;
  }

  readonly #written = (): void => {
    if (this.#waiting === undefined || this.#outlet.full) return;
    this.#outlet.signal.unsubscribe(this);
    this.#waiting.resolve();
    this.#waiting = undefined;
  };
}

function ignore(): void {}
