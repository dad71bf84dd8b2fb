import type { ServingError } from '../../error/serving-error.js';
import type { Admission } from '../call.js';

/** What the roster needs to know of a call. */
export interface RosterCall {
  readonly admission: Admission;
  /** It stays open as long as the client likes. */
  readonly lasting: boolean;
  abandon(reason: ServingError): void;
}

/** The calls under way on one server, as far as a drain needs to know them. */
export class CallRoster {
  #inference = 0;
  readonly #lasting = new Set<RosterCall>();
  /** Inference calls that have no request under way. */
  readonly #idle = new Set<RosterCall>();
  readonly #onQuiet: () => void;
  /** Set once connections are being destroyed: a call that breaks off then was not cancelled by its client. */
  closing = false;

  /** `onQuiet` is told each time that the last inference call has left, or that one has become idle. */
  constructor(onQuiet: () => void) {
    this.#onQuiet = onQuiet;
  }

  /** Inference calls under way. */
  get inference(): number {
    return this.#inference;
  }

  enter(call: RosterCall): void {
    if (call.admission === 'inference') this.#inference += 1;
    else if (call.lasting) this.#lasting.add(call);
  }

  leave(call: RosterCall): void {
    if (call.admission === 'open') {
      if (call.lasting) this.#lasting.delete(call);
      return;
    }
    this.#inference -= 1;
    this.#idle.delete(call);
    if (this.#inference === 0) this.#onQuiet();
  }

  /** For inference calls of many requests, between their `enter` and their `leave`. */
  rest(call: RosterCall, idle: boolean): void {
    if (call.admission === 'open') return;
    if (!idle) {
      this.#idle.delete(call);
      return;
    }
    this.#idle.add(call);
    this.#onQuiet();
  }

  /** Ends the inference calls that have no request under way. */
  abandonIdle(reason: ServingError): void {
    for (const call of this.#idle) call.abandon(reason);
  }

  /** Ends the open calls that would never end by themselves. */
  abandonLasting(reason: ServingError): void {
    for (const call of this.#lasting) call.abandon(reason);
  }
}
