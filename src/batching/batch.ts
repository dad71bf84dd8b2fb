import { ServingError } from '../error/serving-error.js';
import type { Execution } from '../model/infer.js';
import { concatRows, copyTensor, RowCursor } from '../tensor/rows.js';
import type { SlabTensor, Tensor } from '../tensor/tensor.js';
import type { AnswerOrder } from './answer-order.js';
import type { Entry, EntryOwner, EntryResult } from './entry.js';
import type { CloseReason } from './policy.js';

/** When the parts of a batch's life ended, in the clock's milliseconds. */
export interface BatchTimes {
  readonly dispatchedAt: number;
  readonly assembledAt: number;
  readonly executedAt: number;
}

/**
 * Entries that run together. It settles every member exactly once: with its own rows, or with the error that the run ended in.
 * Once all members have gone, `signal` aborts and the instance need not go on.
 */
export class Batch implements EntryOwner {
  readonly entries: readonly Entry[];
  readonly rows: number;
  readonly reason: CloseReason;
  readonly #abandonment = new AbortController();
  readonly #order: AnswerOrder | undefined;
  #waiting: number;

  /** `entries` are waiting, of one key, at least one, and out of the queue. With an `order`, which they have entered, answers keep to it. */
  constructor(entries: readonly Entry[], reason: CloseReason, order?: AnswerOrder) {
    this.entries = entries;
    this.reason = reason;
    this.#order = order;
    this.#waiting = entries.length;
    let rows = 0;
    for (const entry of entries) {
      rows += entry.rows;
      entry.ownedBy(this);
      entry.start();
    }
    this.rows = rows;
  }

  get signal(): AbortSignal {
    return this.#abandonment.signal;
  }

  abandoned(entry: Entry): void {
    this.#order?.leave(entry);
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#abandonment.abort(new ServingError('cancelled', 'every caller of the batch has gone'));
  }

  /** One slab per input, members in order along axis 0; an unbatched model's single member as it is. */
  assemble(batched: boolean): SlabTensor[] {
    const [first, ...others] = this.entries;
    if (first === undefined) return [];
    if (!batched) return first.inputs.map(copyTensor);
    return first.inputs.map((tensor, at) => concatRows([tensor, ...others.map((entry) => inputAt(entry, at))]));
  }

  /** Gives each member its rows of every output. Throws `backend_failed`, with nobody settled, when an output has another number of rows. */
  scatter(execution: Execution, batched: boolean, times: BatchTimes): void {
    const wrong = batched ? execution.outputs.find(({ shape }) => shape[0] !== this.rows) : undefined;
    if (wrong !== undefined) {
      throw new ServingError('backend_failed', `output '${wrong.name}' has ${wrong.shape[0] ?? 0} rows where ${this.rows} went in`);
    }
    const alone = this.entries.length === 1;
    const cursors = alone ? undefined : execution.outputs.map((output) => new RowCursor(output));
    for (const entry of this.entries) {
      const outputs = cursors === undefined ? execution.outputs : cursors.map((cursor) => cursor.take(entry.rows));
      this.#resolve(entry, { outputs, timings: this.#timings(entry, execution, times) });
    }
  }

  fail(error: ServingError): void {
    for (const entry of this.entries) {
      if (this.#order === undefined) entry.reject(error);
      else this.#order.answer(entry, () => entry.reject(error));
    }
  }

  #resolve(entry: Entry, result: EntryResult): void {
    if (this.#order === undefined) entry.resolve(result);
    else this.#order.answer(entry, () => entry.resolve(result));
  }

  #timings(entry: Entry, { executeUs }: Execution, { dispatchedAt, assembledAt }: BatchTimes) {
    return {
      queueUs: microseconds(dispatchedAt - entry.enqueuedAt),
      assembleUs: microseconds(assembledAt - dispatchedAt),
      executeUs,
      batchSize: this.rows,
    };
  }
}

function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000);
}

function inputAt(entry: Entry, at: number): Tensor {
  const tensor = entry.inputs[at];
  if (tensor === undefined) throw new RangeError(`entry has no input ${at}`);
  return tensor;
}
