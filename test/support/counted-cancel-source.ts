import { type CancelListener, CancelSource } from '../../src/model/cancel-signal.js';

/** Counts who listens. */
export class CountedCancelSource extends CancelSource {
  listeners = 0;

  override subscribe(listener: CancelListener): void {
    this.listeners += 1;
    super.subscribe(listener);
  }

  override unsubscribe(listener: CancelListener): void {
    this.listeners -= 1;
    super.unsubscribe(listener);
  }
}
