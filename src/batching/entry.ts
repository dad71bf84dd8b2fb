import type { Span } from '@opentelemetry/api';
import { ServingError } from '../error/serving-error.js';
import type { CallContext } from '../model/call-context.js';
import type { CancelListener, CancelSignal } from '../model/cancel-signal.js';
import type { Timings } from '../model/infer.js';
import type { Tensor } from '../tensor/tensor.js';

/** What a member of a batch gets back: its own rows of every output, as views, in the model's order. */
export interface EntryResult {
  readonly outputs: readonly Tensor[];
  readonly timings: Timings;
}

/** What is handed to the scheduler for one execution, or a share of one. */
export interface Submission {
  /** In the model's order. */
  readonly inputs: readonly Tensor[];
  /** Size of axis 0; 1 for an unbatched model. */
  readonly rows: number;
  /** Of the axes that are padded; absent: 1, nothing is. */
  readonly length?: number;
  /** Entries of equal key may share a batch. */
  readonly key: string;
  /** As the client asks for it; absent or 0: the model's default. */
  readonly priority?: number;
  /** The longest wait that the client asks for, in microseconds; absent or 0: the model's own. */
  readonly queueTimeoutUs?: number | undefined;
  /** Set as soon as it is in a batch: from then on it shares the batch's fate, whether or not its caller waits for that. */
  dispatched?: boolean;
}

interface Settle {
  readonly resolve: (result: EntryResult) => void;
  readonly reject: (error: ServingError) => void;
}

/** Where an entry is: it only ever moves to the right, and `settled` exactly once. */
export type EntryState = 'waiting' | 'running' | 'settled';

/** Who must know when an entry's caller has gone. */
export interface EntryOwner {
  abandoned(entry: Entry): void;
}

/** One request waiting for, or in, a batch. The promise settles exactly once, at once when its call is cancelled. */
export class Entry implements CancelListener {
  readonly inputs: readonly Tensor[];
  readonly rows: number;
  /** Of the axes that are padded, before they are; 1 where nothing is. */
  readonly length: number;
  readonly key: string;
  readonly deadline: number;
  readonly span: Span | undefined;
  readonly enqueuedAt: number;
  /** Priority level, 1 the first; 0 where the model has none. */
  readonly level: number;
  /** Whether it has waited too long and goes behind the others of its level; the queue alone sets it. */
  delayed = false;
  readonly result: Promise<EntryResult>;
  /** Neighbours in the queue's list; the queue alone touches them. */
  next: Entry | undefined;
  previous: Entry | undefined;

  #state: EntryState = 'waiting';
  #owner: EntryOwner | undefined;
  readonly #submission: Submission;
  readonly #signal: CancelSignal;
  /** Present until settled, so that a settled entry holds on to nothing. */
  #promise: Settle | undefined;

  constructor(submission: Submission, context: CallContext, enqueuedAt: number, level = 0) {
    this.#submission = submission;
    this.inputs = submission.inputs;
    this.rows = submission.rows;
    this.length = submission.length ?? 1;
    this.key = submission.key;
    this.deadline = context.deadline;
    this.span = context.span;
    this.enqueuedAt = enqueuedAt;
    this.level = level;
    this.#signal = context.signal;
    let settle: Settle | undefined;
    this.result = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.#promise = settle;
  }

  /** Who goes first: the smaller rank, and the earlier of equal rank. */
  get rank(): number {
    return 2 * this.level + (this.delayed ? 1 : 0);
  }

  /** What it adds to a batch of its own length. */
  get cost(): number {
    return this.rows * this.length;
  }

  get state(): EntryState {
    return this.#state;
  }

  /** From now on `owner` is told when the call is cancelled; a call that is cancelled already settles now. */
  ownedBy(owner: EntryOwner): void {
    if (this.#owner === undefined) {
      this.#owner = owner;
      this.#signal.subscribe(this);
    } else {
      this.#owner = owner;
    }
  }

  start(): void {
    this.#submission.dispatched = true;
    if (this.#state === 'waiting') this.#state = 'running';
  }

  resolve(result: EntryResult): void {
    this.#settle()?.resolve(result);
  }

  reject(error: ServingError): void {
    this.#settle()?.reject(error);
  }

  /** Whether the deadline has passed at `now`; the deadline timer is coarser than this look. */
  isExpired(now: number): boolean {
    return this.deadline <= now;
  }

  expire(): void {
    this.reject(new ServingError('deadline_exceeded', 'deadline exceeded while waiting for an instance'));
  }

  /** The wait was longer than the model's queue policy lets it be. */
  timeOut(): void {
    this.reject(new ServingError('deadline_exceeded', 'Request timeout expired', { queueTimeout: true }));
  }

  onCancel(reason: ServingError): void {
    if (this.#state === 'settled') return;
    this.#owner?.abandoned(this);
    this.reject(reason);
  }

  #settle(): Settle | undefined {
    const promise = this.#promise;
    if (promise === undefined) return undefined;
    this.#promise = undefined;
    this.#state = 'settled';
    this.#signal.unsubscribe(this);
    return promise;
  }
}
