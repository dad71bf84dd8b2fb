import type { MessagePort } from 'node:worker_threads';
import type { ModelSignature, RuntimeSettings } from '../../model/spec.js';
import type { SlabTensor } from '../../tensor/tensor.js';

/**
 * What the main thread says to an instance's worker. `load` comes first and once; after `loaded` comes `serve`, and from then on
 * the ring has the word (ring-control.ts). `close` ends a worker that was not told to serve.
 */
export type ToWorker =
  | { readonly kind: 'load'; readonly path: string; readonly runtime: RuntimeSettings }
  | { readonly kind: 'serve'; readonly ring: Ring; readonly port: MessagePort }
  | { readonly kind: 'close' };

/** The memory that both sides share: the control words, and one frame for each run that may be under way. */
export interface Ring {
  readonly control: SharedArrayBuffer;
  readonly frames: readonly SharedArrayBuffer[];
}

/** By the port of `serve`. The worker takes one when a command of the ring says that there is one, so that order is kept. */
export type ToRing =
  | { readonly kind: 'frame'; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'run'; readonly inputs: readonly SlabTensor[] };

/**
 * What a worker answers: to `load` one of the first two, to each run whose result is not in its frame one of the others; to either close it exits
 * with code 0.
 */
export type FromWorker =
  | { readonly kind: 'loaded'; readonly signature: ModelSignature }
  | { readonly kind: 'load_failed'; readonly reason: string }
  | RunAnswer;

export type RunAnswer = ({ readonly kind: 'ran' } & RunResult) | RunFailed;

export interface RunResult {
  /** In the model's order. */
  readonly outputs: readonly SlabTensor[];
  /** Time inside the runtime, in microseconds. */
  readonly executeUs: number;
}

export type RunFailed =
  | { readonly kind: 'run_failed'; readonly code: 'backend_failed'; readonly runtimeText: string }
  | { readonly kind: 'run_failed'; readonly code: 'invalid_request'; readonly message: string };

/** The buffers of `tensors`, to be handed over instead of copied. */
export function transferList(tensors: readonly SlabTensor[]): ArrayBuffer[] {
  return tensors.map(({ data }) => data.buffer);
}
