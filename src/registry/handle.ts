import type { VersionId } from '../model/id.js';

/** Whom a handle goes back to. */
export interface Lender {
  takeBack(): void;
}

/** The right to use a servable: as long as it is out, the servable is not closed. Held shortly, returned by disposing. */
export class Handle<S> implements Disposable {
  readonly servable: S;
  /** The same object for every handle of one loaded version, so that it can key a WeakMap. */
  readonly id: VersionId;
  #lender: Lender | undefined;

  constructor(servable: S, id: VersionId, lender: Lender) {
    this.servable = servable;
    this.id = id;
    this.#lender = lender;
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    const lender = this.#lender;
    this.#lender = undefined;
    lender?.takeBack();
  }
}
