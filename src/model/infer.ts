import type { ServingError } from '../error/serving-error.js';
import type { Tensor } from '../tensor/tensor.js';
import type { VersionReference } from './id.js';

/** The payload of one call, whichever facade it came by. Tensors are as the client sent them until model/validate.ts has seen them. */
export interface InferRequest {
  readonly model: string;
  readonly version: VersionReference;
  readonly requestId: string;
  readonly inputs: readonly Tensor[];
  /** Outputs asked for, in the order of the answer; empty: all, in the model's order. */
  readonly outputNames: readonly string[];
  /** Outputs that are answered as their most likely classes, and how many of them. Absent: none, the common case. */
  readonly classCounts?: ReadonlyMap<string, number> | undefined;
  /** 1 is the highest, 0 the model's default. */
  readonly priority: number;
  /** The longest wait in the queue that the client wants, in microseconds; absent or 0: the model's own. */
  readonly queueTimeoutUs?: number;
}

/** Where the time of one execution went, in microseconds, and how many rows shared it. */
export interface Timings {
  readonly queueUs: number;
  readonly assembleUs: number;
  readonly executeUs: number;
  /** Rows of the executed batch; 1 for an unbatched model. */
  readonly batchSize: number;
}

export interface InferResponse {
  readonly version: string;
  readonly outputs: readonly Tensor[];
  readonly timings: Timings;
}

/** How a stream of a tensor model's rows is cut, ordered and treated when a piece fails. */
export interface StreamOptions {
  /** Rows a message; 0: the server chooses. Never more than the model's max batch size. */
  readonly rowsPerMessage: number;
  readonly ordering: 'in_order' | 'as_ready';
  readonly onError: 'fail_stream' | 'continue';
}

/** One message of a stream. `error` and `outputs` exclude each other. */
export interface StreamPiece {
  readonly version: string;
  readonly rowOffset: number;
  readonly rowCount: number;
  readonly outputs: readonly Tensor[];
  readonly error: ServingError | undefined;
  readonly timings: Timings | undefined;
  readonly final: boolean;
}

/** What one run of an instance gave. */
export interface Execution {
  /** In the model's own order and, for a batched model, with as many rows on axis 0 as went in. */
  readonly outputs: readonly Tensor[];
  /** Time inside the runtime, in microseconds. */
  readonly executeUs: number;
}
