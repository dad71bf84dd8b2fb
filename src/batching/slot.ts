import type { Execution } from '../model/infer.js';
import type { SlabTensor } from '../tensor/tensor.js';

/** The right to run one batch on an instance. Disposing gives it back, whatever state the instance is in; it never rejects. */
export interface Slot extends AsyncDisposable {
  /** Names the instance in traces and logs. */
  readonly instance: string;
  /** Rejects with a ServingError. `signal` aborts when nobody waits for the answer any more. */
  execute(inputs: readonly SlabTensor[], signal: AbortSignal): Promise<Execution>;
}

/** The port through which batching reaches a pool of instances. */
export interface SlotSource {
  /** Waits for a free instance. Rejects with `backend_unavailable` while none can be made, or with the signal's reason. */
  acquire(signal: AbortSignal): Promise<Slot>;
}
