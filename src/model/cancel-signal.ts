import type { ServingError } from '../error/serving-error.js';

/** Told once, synchronously, when its signal is cancelled. */
export interface CancelListener {
  onCancel(reason: ServingError): void;
}

/** The reading side: why a call was given up, if it was, and a way to be told. */
export interface CancelSignal {
  /** Set for good once the call is cancelled: `cancelled`, `deadline_exceeded` or `draining`. */
  readonly reason: ServingError | undefined;
  subscribe(listener: CancelListener): void;
  unsubscribe(listener: CancelListener): void;
  /** The same as a standard signal, made on first use; aborts with `reason`. */
  readonly abortSignal: AbortSignal;
}

/**
 * One call's cancellation. Not an AbortController, because every call has one and nearly none is cancelled: an
 * EventTarget with a listener costs microseconds a call, an array of at most two listeners nothing to speak of. Code that
 * waits on standard APIs asks for `abortSignal`.
 */
export class CancelSource implements CancelSignal {
  #reason: ServingError | undefined;
  #listeners: CancelListener[] | undefined;
  #controller: AbortController | undefined;

  get reason(): ServingError | undefined {
    return this.#reason;
  }

  get abortSignal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  subscribe(listener: CancelListener): void {
    if (this.#reason !== undefined) listener.onCancel(this.#reason);
    else if (this.#listeners === undefined) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  unsubscribe(listener: CancelListener): void {
    const at = this.#listeners?.indexOf(listener) ?? -1;
    if (at >= 0) this.#listeners?.splice(at, 1);
  }

  /** The first reason stays; later ones are ignored. */
  cancel(reason: ServingError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (let next = this.#listeners?.shift(); next !== undefined; next = this.#listeners?.shift()) next.onCancel(reason);
    this.#controller?.abort(reason);
  }
}
