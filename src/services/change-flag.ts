import type { ServingError } from '../error/serving-error.js';
import type { CancelListener, CancelSignal } from '../model/cancel-signal.js';

interface Waiting {
  readonly signal: CancelSignal;
  readonly resolve: () => void;
  readonly reject: (reason: ServingError) => void;
}

/** Says that something changed, once, however often it did since it was last asked. For one waiter. */
export class ChangeFlag implements CancelListener {
  #raised = false;
  #waiting: Waiting | undefined;

  raise(): void {
    this.#raised = true;
    this.#settle()?.resolve();
  }

  onCancel(reason: ServingError): void {
    this.#settle()?.reject(reason);
  }

  /** Resolves after the next `raise`, at once if there was one since the last wait; rejects with the signal's reason. */
  async wait(signal: CancelSignal): Promise<void> {
    if (!this.#raised) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting = { signal, resolve, reject };
        signal.subscribe(this);
      });
    }
    this.#raised = false;
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.signal.unsubscribe(this);
    return waiting;
  }
}
