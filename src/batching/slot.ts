import type { Execution } from '../model/infer.js';
import type { GatheredTensor } from '../tensor/tensor.js';

/** The right to run batches on an instance. Disposing gives it back, whatever state the instance is in; it never rejects. */
export interface Slot extends AsyncDisposable {
  /** Names the instance in traces and logs. */
  readonly instance: string;
  /** Batches that `execute` takes at a time, 1 or more: one runs, the others are at hand when it ends. They run in the order in which they were given. */
  readonly depth: number;
  /** Whether the instance will never run again: the slot is to be given back. */
  readonly broken: boolean;
  /**
   * Reads the inputs' parts before it returns. Rejects with a ServingError: `backend_unavailable` where the run never began, so that it can be
   * tried on another instance; anything else once it may have begun. `signal` aborts when nobody waits for the answer any more.
   */
  execute(inputs: readonly GatheredTensor[], signal: AbortSignal): Promise<Execution>;
}

/** The port through which batching reaches a pool of instances. */
export interface SlotSource {
  /** Slots that there are while all instances are well. */
  readonly size: number;
  /** Waits for a free instance. Rejects with `backend_unavailable` while none can be made, or with the signal's reason. */
  acquire(signal: AbortSignal): Promise<Slot>;
}
