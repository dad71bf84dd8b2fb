import type { Execution } from '../model/infer.js';
import type { ModelSource } from '../model/source.js';
import type { ModelSignature, ModelSpec } from '../model/spec.js';
import type { GatheredTensor, SlabTensor, Tensor } from '../tensor/tensor.js';

/** Runs batches, one after the other. Ready from birth; once `broken` is set it never runs again and waits to be closed. */
export interface Instance {
  /** Unique in this process; names the instance in traces and logs. */
  readonly id: string;
  /** Why the instance cannot run any more (its worker died); undefined while it is well. */
  readonly broken: Error | undefined;
  /** Batches that it takes at a time, 1 or more: one runs, the others are at hand when it ends. */
  readonly depth: number;
  /**
   * Reads the inputs' parts before it returns. Rejects with `backend_failed` when the run failed or the worker died in it (a run that may have begun is
   * never repeated), `backend_unavailable` when the worker died before it began, or `invalid_request` when the data cannot be given to the runtime.
   */
  execute(inputs: readonly GatheredTensor[], signal: AbortSignal): Promise<Execution>;
  /** A decoupled model's own answers, as many as it likes, at the reader's pace. Ends early when `signal` aborts. */
  stream(inputs: readonly SlabTensor[], signal: AbortSignal): AsyncIterable<Execution>;
  /** Waits until no run is inside the runtime, then frees it. Idempotent. */
  close(): Promise<void>;
}

/** A factory of instances for one kind of runtime. */
export interface Backend {
  readonly name: string;
  /** Reads the model. Rejects with `load_failed` whose message is fit for an operator and holds no path. */
  open(source: ModelSource, signal: AbortSignal): Promise<OpenModel>;
}

/** What makes a model's instances. */
export interface InstanceSource {
  /** Batches that one instance takes at a time: 1 for anything that computes, many for what only waits. */
  readonly slotsPerInstance: number;
  createInstance(spec: ModelSpec, signal: AbortSignal): Promise<Instance>;
}

/** A model that was read once and can be instantiated many times. */
export interface OpenModel extends InstanceSource, AsyncDisposable {
  readonly signature: ModelSignature;
  /** Whether an execution may come without the inputs that config.pbtxt calls optional. Absent: it may not. */
  readonly takesOptionalInputs?: boolean;
  /**
   * Throws `invalid_request` for what the signature cannot say. Called with a request's validated inputs before they join a
   * batch, so that they cannot fail the others in it. Absent: the signature says it all.
   */
  checkInputs?(inputs: readonly Tensor[]): void;
}
