import type { ServingErrorCode } from '../error/code.js';
import { toEpochMs } from './epoch.js';

/** Why a request failed, in Triton's words. */
export const FAILURE_REASONS = ['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'] as const;

export type FailureReason = (typeof FAILURE_REASONS)[number];

/** How often something happened, and how long it took in all. */
export interface CountedTime {
  readonly count: number;
  readonly ms: number;
}

/** What the executions of one batch size took. */
export interface BatchSizeStatistics {
  readonly rows: number;
  readonly count: number;
  readonly inputMs: number;
  readonly inferMs: number;
  readonly outputMs: number;
}

/** What came of the responses at one position of a decoupled model's streams. */
export interface ResponseStatistics {
  readonly success: CountedTime;
  readonly fail: CountedTime;
  readonly cancel: CountedTime;
}

/** An execution that is over; ClosedBatch fits. Times are the clock's milliseconds. */
export interface ExecutedBatch {
  readonly entries: readonly { readonly enqueuedAt: number; readonly rows: number }[];
  readonly rows: number;
  readonly dispatchedAt: number;
  readonly assembledAt: number;
  readonly executedAt: number;
  /** Why it gave no results; undefined where it gave them. */
  readonly error?: { readonly code: ServingErrorCode } | undefined;
}

/** Positions of a stream that are told apart; what comes later in a longer stream is not counted by position. */
const MAX_RESPONSE_POSITIONS = 1024;

class Tally implements CountedTime {
  count = 0;
  ms = 0;

  add(ms: number): void {
    this.count += 1;
    this.ms += ms;
  }
}

class BatchSizeTally implements BatchSizeStatistics {
  readonly rows: number;
  count = 0;
  inputMs = 0;
  inferMs = 0;
  outputMs = 0;

  constructor(rows: number) {
    this.rows = rows;
  }
}

class ResponseTally implements ResponseStatistics {
  readonly success = new Tally();
  readonly fail = new Tally();
  readonly cancel = new Tally();
}

/**
 * What one model version has done since it was loaded, counted as Triton counts it: an execution once, if it gave results, and a request once,
 * as what became of its execution, whether or not its caller still waited, or as failed where it never ran. So the rows of all batches are
 * always the inference count. Writing is adding numbers; whoever reads makes of them what the reader needs.
 */
export class ModelStatistics {
  /** Rows of the requests that were executed; of an unbatched model each request is one. */
  inferenceCount = 0;
  executionCount = 0;
  readonly success = new Tally();
  readonly #failures = { REJECTED: new Tally(), CANCELED: new Tally(), BACKEND: new Tally(), OTHER: new Tally() };
  #queueMs = 0;
  #inputMs = 0;
  #inferMs = 0;
  #outputMs = 0;
  #lastExecutionEndedAt: number | undefined;
  readonly #batches = new Map<number, BatchSizeTally>();
  readonly #responses: ResponseTally[] = [];
  readonly #queues = new Set<() => number>();

  /** A request that never ran; `ms` from its arrival. */
  failed(reason: FailureReason, ms: number): void {
    this.#failures[reason].add(ms);
  }

  /** `settledAt`: when its members had their results. A batch's time is the time of each of its members. */
  executed(batch: ExecutedBatch, settledAt: number): void {
    const { entries, rows, dispatchedAt, assembledAt, executedAt, error } = batch;
    if (error !== undefined) {
      for (const { enqueuedAt } of entries) this.failed(executionFailure(error.code), settledAt - enqueuedAt);
      return;
    }
    const inputMs = assembledAt - dispatchedAt;
    const inferMs = executedAt - assembledAt;
    const outputMs = settledAt - executedAt;
    for (const entry of entries) {
      this.inferenceCount += entry.rows;
      this.success.add(settledAt - entry.enqueuedAt);
      this.#queueMs += dispatchedAt - entry.enqueuedAt;
    }
    this.#inputMs += inputMs * entries.length;
    this.#inferMs += inferMs * entries.length;
    this.#outputMs += outputMs * entries.length;
    this.executionCount += 1;
    this.#lastExecutionEndedAt = settledAt;
    const size = this.#batches.get(rows) ?? this.#createBatchSize(rows);
    size.count += 1;
    size.inputMs += inputMs;
    size.inferMs += inferMs;
    size.outputMs += outputMs;
  }

  /** One response of a decoupled model; `position` counts from 0 within its stream, `ms` from the response before. */
  responded(position: number, ms: number): void {
    this.#responseAt(position)?.success.add(ms);
  }

  /** A decoupled model's stream ended in place of the response at `position`. */
  responseFailed(position: number, ms: number, reason: FailureReason): void {
    const response = this.#responseAt(position);
    if (reason === 'CANCELED') response?.cancel.add(ms);
    else response?.fail.add(ms);
  }

  /** `waiting` is asked how many requests wait to be executed, until the returned function is called. */
  addQueue(waiting: () => number): () => void {
    this.#queues.add(waiting);
    return () => {
      this.#queues.delete(waiting);
    };
  }

  /** Requests that wait to be executed. */
  get pending(): number {
    let pending = 0;
    for (const waiting of this.#queues) pending += waiting();
    return pending;
  }

  /** Milliseconds since 1970 when the latest execution ended; 0 before the first. */
  get lastInferenceMs(): number {
    return this.#lastExecutionEndedAt === undefined ? 0 : toEpochMs(this.#lastExecutionEndedAt);
  }

  failures(reason: FailureReason): CountedTime {
    return this.#failures[reason];
  }

  /** Failed requests, whatever the reason. */
  get fail(): CountedTime {
    const sum = { count: 0, ms: 0 };
    for (const { count, ms } of Object.values(this.#failures)) {
      sum.count += count;
      sum.ms += ms;
    }
    return sum;
  }

  get queue(): CountedTime {
    return { count: this.success.count, ms: this.#queueMs };
  }

  get computeInput(): CountedTime {
    return { count: this.success.count, ms: this.#inputMs };
  }

  get computeInfer(): CountedTime {
    return { count: this.success.count, ms: this.#inferMs };
  }

  get computeOutput(): CountedTime {
    return { count: this.success.count, ms: this.#outputMs };
  }

  /** Ascending in rows; only sizes that were executed. */
  get batches(): readonly BatchSizeStatistics[] {
    return [...this.#batches.values()].sort((a, b) => a.rows - b.rows);
  }

  /** By position; empty unless the model is decoupled. */
  get responses(): readonly ResponseStatistics[] {
    return this.#responses;
  }

  #createBatchSize(rows: number): BatchSizeTally {
    const size = new BatchSizeTally(rows);
    this.#batches.set(rows, size);
    return size;
  }

  #responseAt(position: number): ResponseTally | undefined {
    if (position >= MAX_RESPONSE_POSITIONS) return undefined;
    while (this.#responses.length <= position) this.#responses.push(new ResponseTally());
    return this.#responses[position];
  }
}

/** A deadline that passes in the queue alone is the queue's refusal. */
const REASONS = {
  invalid_request: 'OTHER',
  model_not_found: 'OTHER',
  model_not_ready: 'OTHER',
  not_found: 'OTHER',
  already_exists: 'OTHER',
  overloaded: 'REJECTED',
  draining: 'REJECTED',
  deadline_exceeded: 'REJECTED',
  cancelled: 'CANCELED',
  unauthenticated: 'OTHER',
  permission_denied: 'OTHER',
  backend_unavailable: 'BACKEND',
  backend_failed: 'BACKEND',
  load_failed: 'OTHER',
  unsupported: 'OTHER',
  too_large: 'OTHER',
  internal: 'BACKEND',
} as const satisfies Record<ServingErrorCode, FailureReason>;

/** Why a request that never ran has failed. `callerGone`: the call was cancelled, or its deadline has passed. */
export function failureReason(code: ServingErrorCode, callerGone: boolean): FailureReason {
  return callerGone ? 'CANCELED' : REASONS[code];
}

/** Why an execution that ended with `code` gave no results. A deadline that passes while it runs is its caller's. */
export function executionFailure(code: ServingErrorCode): FailureReason {
  return code === 'deadline_exceeded' ? 'CANCELED' : REASONS[code];
}
