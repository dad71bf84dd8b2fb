import { type BatchKeyOf, batchKeyFor, type RequestLengthOf, requestLength } from '../batching/compatibility.js';
import type { EntryResult, Submission } from '../batching/entry.js';
import type { BatchObserver, BatchScheduler } from '../batching/scheduler.js';
import { ServingError } from '../error/serving-error.js';
import type { CallContext } from '../model/call-context.js';
import type { Clock } from '../model/clock.js';
import type { Execution, InferRequest } from '../model/infer.js';
import type { ModelSpec } from '../model/spec.js';
import { executionFailure, failureReason, ModelStatistics } from '../telemetry/model-statistics.js';
import { copyTensor } from '../tensor/rows.js';
import type { SlabTensor, Tensor } from '../tensor/tensor.js';

/** A pool's loan as a servable uses it: a slot that can also stream. */
export interface StreamLease extends AsyncDisposable {
  /** Names the instance in traces and logs. */
  readonly instance: string;
  stream(inputs: readonly SlabTensor[], signal: AbortSignal): AsyncIterable<Execution>;
}

/** What a servable needs of its instance pool. backend/pool.ts fits. */
export interface Instances extends AsyncDisposable {
  acquire(signal: AbortSignal): Promise<StreamLease>;
  drain(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What only a model's backend can tell of a request. OpenModel of backend/backend.ts fits. */
export interface InputCheck {
  checkInputs?(inputs: readonly Tensor[]): void;
}

export interface ServableParts {
  readonly spec: ModelSpec;
  readonly scheduler: BatchScheduler;
  readonly instances: Instances;
  readonly observer: BatchObserver;
  readonly clock: Clock;
  /** Where its requests are counted that never run, and its streams' responses; its own where absent. What runs is the observer's to count. */
  readonly statistics?: ModelStatistics;
  readonly model?: InputCheck;
  /** Ends what was opened for the servable alone; the last step of its close. */
  readonly release?: () => Promise<void>;
}

/** What a request says of its place in the queue. */
export type QueueWish = Pick<InferRequest, 'priority' | 'queueTimeoutUs'>;

/** One loaded model version, runnable: its spec, its batch accumulator and its instances. Knows nothing of other versions. */
export class Servable {
  readonly spec: ModelSpec;
  readonly statistics: ModelStatistics;
  readonly #scheduler: BatchScheduler;
  readonly #instances: Instances;
  readonly #observer: BatchObserver;
  readonly #clock: Clock;
  readonly #model: InputCheck;
  readonly #release: (() => Promise<void>) | undefined;
  readonly #batchKey: BatchKeyOf;
  readonly #length: RequestLengthOf;

  constructor({ spec, scheduler, instances, observer, clock, statistics = new ModelStatistics(), model = {}, release }: ServableParts) {
    this.spec = spec;
    this.statistics = statistics;
    this.#scheduler = scheduler;
    this.#instances = instances;
    this.#observer = observer;
    this.#clock = clock;
    this.#model = model;
    this.#release = release;
    this.#batchKey = batchKeyFor(spec);
    this.#length = requestLength(spec);
  }

  /** Throws `invalid_request` for validated inputs that the backend cannot take: they must not fail the batch that they would join. */
  checkInputs(inputs: readonly Tensor[]): void {
    this.#model.checkInputs?.(inputs);
  }

  /** Runs `inputs`, which are validated, checked and in the model's order, in some batch. */
  async execute(inputs: readonly Tensor[], rows: number, wish: QueueWish, context: CallContext): Promise<EntryResult> {
    const submission = this.#submission(inputs, rows, wish);
    const arrivedAt = this.#clock.now();
    try {
      return await this.#scheduler.submit(submission, context);
    } catch (error) {
      // What ran, or still runs, is counted with its batch.
      if (submission.dispatched !== true) this.#failed(ServingError.from(error), context, arrivedAt);
      throw error;
    }
  }

  /** A decoupled model's own responses, made at the reader's pace. To metrics and traces it is a batch of one, as long as the reader takes. */
  async *stream(inputs: readonly Tensor[], context: CallContext): AsyncGenerator<Execution> {
    const signal = context.signal.abortSignal;
    const enqueuedAt = this.#clock.now();
    await using lease = await this.#acquire(context, enqueuedAt);
    const dispatchedAt = this.#clock.now();
    let executeUs = 0;
    let error: ServingError | undefined;
    let responses = 0;
    let waitingSince = dispatchedAt;
    try {
      for await (const execution of lease.stream(inputs.map(copyTensor), signal)) {
        executeUs += execution.executeUs;
        this.statistics.responded(responses, this.#clock.now() - waitingSince);
        responses += 1;
        yield execution;
        waitingSince = this.#clock.now();
      }
      if (context.signal.reason !== undefined) throw context.signal.reason;
    } catch (thrown) {
      error = ServingError.from(thrown);
      throw error;
    } finally {
      const times = { dispatchedAt, assembledAt: dispatchedAt, executedAt: this.#clock.now() };
      const entries = [{ span: context.span, enqueuedAt, rows: 1, key: '' }];
      error ??= context.signal.reason;
      this.#observer.closed({
        entries,
        rows: 1,
        cost: 1,
        ownCost: 1,
        reason: 'unbatched',
        instance: lease.instance,
        executeUs,
        error,
        ...times,
      });
      if (error !== undefined) this.statistics.responseFailed(responses, times.executedAt - waitingSince, executionFailure(error.code));
    }
  }

  #submission(inputs: readonly Tensor[], rows: number, { priority, queueTimeoutUs }: QueueWish): Submission {
    return { inputs, rows, length: this.#length(inputs), key: this.#batchKey(inputs), priority, queueTimeoutUs };
  }

  async drain(signal: AbortSignal): Promise<void> {
    await this.#scheduler.drain(signal);
    await this.#instances.drain(signal);
  }

  async close(): Promise<void> {
    await this.#scheduler.close();
    await this.#instances.close();
    await this.#release?.();
  }

  async #acquire(context: CallContext, enqueuedAt: number): Promise<StreamLease> {
    try {
      return await this.#instances.acquire(context.signal.abortSignal);
    } catch (error) {
      this.#failed(ServingError.from(error), context, enqueuedAt);
      throw error;
    }
  }

  #failed({ code }: ServingError, context: CallContext, arrivedAt: number): void {
    const now = this.#clock.now();
    this.statistics.failed(failureReason(code, context.signal.reason !== undefined || context.deadline <= now), now - arrivedAt);
  }
}

/** Refuses a call kind that the model cannot carry, in Triton's words. */
export function assertOneResponse(spec: ModelSpec): void {
  if (!spec.decoupled) return;
  throw new ServingError(
    'unsupported',
    `ModelInfer RPC doesn't support models with decoupled transaction policy; stream '${spec.model}' instead`,
  );
}
