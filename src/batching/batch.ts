import { ServingError } from '../error/serving-error.js';
import type { Execution, Timings } from '../model/infer.js';
import { gatherRows, gatherWhole, RowCursor } from '../tensor/rows.js';
import type { GatheredTensor, Tensor } from '../tensor/tensor.js';
import type { AnswerOrder } from './answer-order.js';
import type { Entry, EntryOwner, EntryResult } from './entry.js';
import type { BatchPadding } from './padding.js';
import type { CloseReason } from './policy.js';

/** When the parts of a batch's life ended, in the clock's milliseconds. */
export interface BatchTimes {
  /** Until then its members waited. */
  readonly dispatchedAt: number;
  /** Its inputs were joined, and the run began. */
  readonly assembledAt: number;
  readonly executedAt: number;
}

/** How the members of a batch become one execution and its outputs theirs again. */
export interface BatchLayout {
  /** False: one member, whose tensors are taken as they are. */
  readonly batched: boolean;
  /** Absent: all members are of one shape. */
  readonly padding?: BatchPadding | undefined;
}

/**
 * Entries that run together. It settles every member exactly once: with its own rows, or with the error that the run ended in.
 * Once all members have gone, `signal` aborts and the instance need not go on.
 */
export class Batch implements EntryOwner {
  readonly entries: readonly Entry[];
  readonly rows: number;
  /** That of its longest member, to which the others are padded; 1 where nothing is. */
  readonly length: number;
  readonly reason: CloseReason;
  readonly #abandonment = new AbortController();
  readonly #order: AnswerOrder | undefined;
  #waiting: number;

  /** `entries` are of one key, at least one, and out of the queue. With an `order`, which they have entered, answers keep to it. */
  constructor(entries: readonly Entry[], reason: CloseReason, order?: AnswerOrder) {
    this.entries = entries;
    this.reason = reason;
    this.#order = order;
    this.#waiting = entries.length;
    let rows = 0;
    let length = 0;
    for (const entry of entries) {
      rows += entry.rows;
      if (entry.length > length) length = entry.length;
      entry.ownedBy(this);
      entry.start();
    }
    this.rows = rows;
    this.length = length;
  }

  get signal(): AbortSignal {
    return this.#abandonment.signal;
  }

  /** What the run's time depends on, 1 or more: rows, each of the batch's length. */
  get cost(): number {
    return this.rows * Math.max(1, this.length);
  }

  /** The part of `cost` that is no padding. */
  get ownCost(): number {
    return this.length <= 1 ? this.rows : this.entries.reduce((sum, { cost }) => sum + cost, 0);
  }

  /**
   * The members that still wait, in two batches, or one where only one is left: what fails again is in one of them. Who has expired by `now` is
   * settled with that.
   */
  split(now: number): Batch[] {
    for (const entry of this.entries) {
      if (entry.state === 'settled' || !entry.isExpired(now)) continue;
      this.#order?.leave(entry);
      entry.expire();
    }
    const left = this.entries.filter(({ state }) => state !== 'settled');
    const middle = left.length >> 1;
    const halves = [left.slice(0, middle), left.slice(middle)].filter((half) => half.length > 0);
    return halves.map((half) => new Batch(half, 'isolating_failure', this.#order));
  }

  abandoned(entry: Entry): void {
    this.#order?.leave(entry);
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#abandonment.abort(new ServingError('cancelled', 'every caller of the batch has gone'));
  }

  /** The inputs, members in order along axis 0: views of what the members brought. */
  assemble({ batched, padding }: BatchLayout): GatheredTensor[] {
    const [first] = this.entries;
    if (first === undefined) return [];
    if (!batched) return first.inputs.map(gatherWhole);
    if (padding !== undefined) return padding.gather(this.entries, this.length);
    return first.inputs.map((_, at) => gatherRows(this.entries.map((entry) => inputAt(entry, at))));
  }

  /** Gives each member its rows of every output. Throws `backend_failed`, with nobody settled, when an output has another number of rows, or length. */
  scatter(execution: Execution, { batched, padding }: BatchLayout, times: BatchTimes): void {
    const { outputs } = execution;
    const wrong = batched ? outputs.find(({ shape }) => shape[0] !== this.rows) : undefined;
    if (wrong !== undefined) {
      throw new ServingError('backend_failed', `output '${wrong.name}' has ${wrong.shape[0] ?? 0} rows where ${this.rows} went in`);
    }
    padding?.assertLength(outputs, this.length);
    const [only] = this.entries;
    if (this.entries.length === 1 && only !== undefined) {
      this.#resolve(only, { outputs, timings: this.#timings(only, execution, times) });
      return;
    }
    const cursors = outputs.map((output) => new RowCursor(output));
    for (const entry of this.entries) {
      const own = cursors.map((cursor) => cursor.take(entry.rows));
      const cut = padding === undefined ? own : padding.unpad(own, entry.length);
      this.#resolve(entry, { outputs: cut, timings: this.#timings(entry, execution, times) });
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

  #timings(entry: Entry, { executeUs }: Execution, { dispatchedAt, assembledAt }: BatchTimes): Timings {
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
