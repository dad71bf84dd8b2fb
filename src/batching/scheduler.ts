import { ServingError } from '../error/serving-error.js';
import type { CallContext } from '../model/call-context.js';
import type { Clock } from '../model/clock.js';
import type { Execution } from '../model/infer.js';
import type { QueueTimeout } from '../model/spec.js';
import { AnswerOrder } from './answer-order.js';
import { Batch, type BatchTimes } from './batch.js';
import { Entry, type EntryOwner, type EntryResult, type Submission } from './entry.js';
import { type BatchLimits, type CloseReason, chooseBatch } from './policy.js';
import { BatchQueue } from './queue.js';
import { hasTimeouts, levelOf, policyOf, timeoutMsOf } from './queue-level.js';
import type { Slot, SlotSource } from './slot.js';
import type { WaitLimit } from './wait-limits.js';
import { WaitWatch } from './wait-watch.js';

/** Told about each batch once it is over, and about what never got into one; how metrics and traces see batching. Must not throw. */
export interface BatchObserver {
  closed(batch: ClosedBatch): void;
  /** A submission found the queue full. */
  refused(): void;
}

/** What is told of an entry once it is over. */
export type ClosedEntry = Pick<Entry, 'span' | 'enqueuedAt' | 'rows' | 'key'>;

export interface ClosedBatch extends BatchTimes {
  readonly entries: readonly ClosedEntry[];
  readonly rows: number;
  readonly reason: CloseReason;
  readonly instance: string;
  /** Time inside the runtime, in microseconds; 0 where the run failed. */
  readonly executeUs: number;
  readonly error: ServingError | undefined;
}

export interface SchedulerParts {
  readonly limits: BatchLimits;
  readonly slots: SlotSource;
  readonly clock: Clock;
  readonly observer: BatchObserver;
}

/** How an execution ended. */
type Run =
  | { readonly kind: 'ran'; readonly execution: Execution; readonly assembledAt: number }
  | { readonly kind: 'failed'; readonly error: ServingError; readonly assembledAt: number };

/** Where the scheduler is in its life: it only moves to the right. */
type State = 'open' | 'draining' | 'closed';

/**
 * The batch accumulator's loop: wait for work, take an instance, and only then decide what runs on it. So the batch is as late,
 * and as large, as it can be: it grew while the instances were busy.
 */
export class BatchScheduler implements EntryOwner {
  readonly #limits: BatchLimits;
  readonly #slots: SlotSource;
  readonly #clock: Clock;
  readonly #observer: BatchObserver;
  readonly #queue = new BatchQueue();
  /** Undefined where the model limits nobody's wait. */
  readonly #watch: WaitWatch | undefined;
  /** Undefined where answers leave as they come. */
  readonly #order: AnswerOrder | undefined;
  readonly #life = new AbortController();
  readonly #loop: Promise<void>;
  #state: State = 'open';
  #running = 0;
  #wake: (() => void) | undefined;
  #onIdle: (() => void)[] = [];
  /** Moving average of one batch's time; what retry hints are reckoned from. */
  #batchMs = 0;

  constructor(parts: SchedulerParts) {
    this.#limits = parts.limits;
    this.#slots = parts.slots;
    this.#clock = parts.clock;
    this.#observer = parts.observer;
    this.#watch = hasTimeouts(parts.limits) ? new WaitWatch(parts.clock, (limit) => this.#timeOut(limit)) : undefined;
    this.#order = parts.limits.preserveOrdering === true ? new AnswerOrder() : undefined;
    this.#loop = this.#run();
  }

  /** Entries waiting for an instance. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Queues one entry. Rejects with `overloaded` when its level of the queue is full, `draining` when it is closing, `deadline_exceeded` when
   * it waits too long, the signal's reason as soon as the call is cancelled, or what its run ended in.
   */
  submit(submission: Submission, context: CallContext): Promise<EntryResult> {
    if (this.#state !== 'open') {
      return Promise.reject(new ServingError('draining', 'the model is being unloaded', { retryAfterMs: 0 }));
    }
    const level = levelOf(this.#limits, submission.priority ?? 0);
    const policy = policyOf(this.#limits, level);
    const { maxQueueSize } = policy;
    if (maxQueueSize > 0 && this.#queue.sizeOf(level) >= maxQueueSize) {
      this.#observer.refused();
      const text = `Exceeds maximum queue size of ${maxQueueSize}`;
      return Promise.reject(new ServingError('overloaded', text, { retryAfterMs: this.#retryAfterMs() }));
    }
    const entry = new Entry(submission, context, this.#clock.now(), level);
    this.#queue.push(entry);
    this.#order?.enter(entry);
    if (policy.timeout !== undefined) this.#limitWait(entry, policy.timeout, submission.queueTimeoutUs ?? 0);
    entry.ownedBy(this);
    this.#ring();
    return entry.result;
  }

  /** A waiting entry's caller has gone: it leaves the queue at once. */
  abandoned(entry: Entry): void {
    this.#remove(entry);
    this.#ring();
    this.#notifyIdle();
  }

  /**
   * Takes no new entry and waits until the last one is settled. Once the signal aborts, who still waits is settled with `draining` and
   * this resolves; running batches end by themselves.
   */
  async drain(signal: AbortSignal): Promise<void> {
    if (this.#state === 'open') this.#state = 'draining';
    this.#ring();
    await this.#idle(signal);
    if (signal.aborted) this.#rejectWaiting(unloaded());
  }

  /** Settles what still waits with `draining` and ends the loop. Running batches end by themselves. Idempotent. */
  async close(): Promise<void> {
    this.#state = 'closed';
    const reason = unloaded();
    this.#rejectWaiting(reason);
    this.#life.abort(reason);
    this.#ring();
    this.#watch?.close();
    await this.#loop;
    await this.#idle();
  }

  async #run(): Promise<void> {
    while (this.#state !== 'closed') {
      if (this.#queue.size === 0) {
        await this.#work();
        // What came in the same turn of the event loop travels together.
        await nextTurn();
        continue;
      }
      const slot = await this.#acquire();
      if (slot !== undefined) await this.#fill(slot);
    }
  }

  /** Undefined when no instance can be had: everyone who waits has then been told so. */
  async #acquire(): Promise<Slot | undefined> {
    try {
      return await this.#slots.acquire(this.#life.signal);
    } catch (error) {
      this.#rejectWaiting(ServingError.from(error));
      return undefined;
    }
  }

  /** Gives the slot a batch as soon as one closes, or back when everybody left meanwhile. */
  async #fill(slot: Slot): Promise<void> {
    for (;;) {
      const now = this.#clock.now();
      this.#watch?.sweep(now);
      const choice = chooseBatch(this.#queue.views(), this.#limits, this.#state !== 'open', now);
      if (choice === undefined) break;
      if (choice.kind === 'wait') {
        await this.#work(choice.untilMs);
        continue;
      }
      const entries = this.#take(choice.key, choice.maxRows);
      if (entries.length === 0) continue;
      this.#running += 1;
      void this.#execute(slot, new Batch(entries, choice.reason, this.#order));
      return;
    }
    await slot[Symbol.asyncDispose]();
  }

  /** An expired entry is never run, even where its timer has not fired yet. */
  #take(key: string, maxRows: number): Entry[] {
    const now = this.#clock.now();
    const taken = this.#queue.take(key, maxRows);
    if (this.#watch !== undefined) for (const entry of taken) this.#watch.remove(entry);
    if (!taken.some((entry) => entry.isExpired(now))) return taken;
    return taken.filter((entry) => {
      if (!entry.isExpired(now)) return true;
      this.#order?.leave(entry);
      entry.expire();
      return false;
    });
  }

  async #execute(slot: Slot, batch: Batch): Promise<void> {
    const dispatchedAt = this.#clock.now();
    const run = await this.#runOn(slot, batch, dispatchedAt);
    const times = { dispatchedAt, assembledAt: run.assembledAt, executedAt: this.#clock.now() };
    // Before anybody is answered: the instance's next batch need not wait for that.
    void slot[Symbol.asyncDispose]();
    const error = this.#settle(batch, run, times);
    this.#batchMs += (times.executedAt - dispatchedAt - this.#batchMs) / 8;
    const { entries, rows, reason } = batch;
    const executeUs = error === undefined && run.kind === 'ran' ? run.execution.executeUs : 0;
    this.#observer.closed({ entries, rows, reason, instance: slot.instance, executeUs, error, ...times });
    this.#running -= 1;
    this.#notifyIdle();
  }

  /** Never rejects. */
  async #runOn(slot: Slot, batch: Batch, dispatchedAt: number): Promise<Run> {
    let assembledAt = dispatchedAt;
    try {
      const inputs = batch.assemble(this.#limits.maxBatchSize > 0);
      assembledAt = this.#clock.now();
      return { kind: 'ran', execution: await slot.execute(inputs, batch.signal), assembledAt };
    } catch (error) {
      return { kind: 'failed', error: ServingError.from(error), assembledAt };
    }
  }

  /** Answers every member; what it returns is why not with results. */
  #settle(batch: Batch, run: Run, times: BatchTimes): ServingError | undefined {
    try {
      if (run.kind === 'failed') throw run.error;
      batch.scatter(run.execution, this.#limits.maxBatchSize > 0, times);
      return undefined;
    } catch (error) {
      const failure = ServingError.from(error);
      batch.fail(failure);
      return failure;
    }
  }

  #limitWait(entry: Entry, timeout: QueueTimeout, askedUs: number): void {
    const timeoutMs = timeoutMsOf(timeout, askedUs);
    if (timeoutMs !== undefined) this.#watch?.add({ entry, at: entry.enqueuedAt + timeoutMs, action: timeout.action });
  }

  #timeOut({ entry, action }: WaitLimit): void {
    if (action === 'delay') {
      this.#queue.delay(entry);
      this.#ring();
    } else {
      this.#remove(entry);
      entry.timeOut();
      this.#ring();
      this.#notifyIdle();
    }
  }

  /** A waiting entry leaves the queue without having run. */
  #remove(entry: Entry): void {
    this.#queue.remove(entry);
    this.#watch?.remove(entry);
    this.#order?.leave(entry);
  }

  /** Waits until something changes, or until `untilMs`. */
  async #work(untilMs?: number): Promise<void> {
    const { promise, resolve } = deferred();
    this.#wake = resolve;
    const cancel = untilMs === undefined ? undefined : this.#clock.after(untilMs - this.#clock.now(), resolve);
    this.#notifyIdle();
    await promise;
    this.#wake = undefined;
    cancel?.();
  }

  #ring(): void {
    this.#wake?.();
  }

  #rejectWaiting(reason: ServingError): void {
    for (const entry of this.#queue) {
      this.#remove(entry);
      entry.reject(reason);
    }
    this.#notifyIdle();
  }

  /** How long the present queue will take: batches ahead times what one has been taking. */
  #retryAfterMs(): number {
    const batches = Math.ceil(this.#queue.rows / Math.max(1, this.#limits.maxBatchSize));
    return Math.max(1, Math.round(batches * this.#batchMs));
  }

  get #isIdle(): boolean {
    return this.#queue.size === 0 && this.#running === 0;
  }

  #notifyIdle(): void {
    if (!this.#isIdle || this.#onIdle.length === 0) return;
    const listeners = this.#onIdle;
    this.#onIdle = [];
    for (const listener of listeners) listener();
  }

  async #idle(signal?: AbortSignal): Promise<void> {
    while (!this.#isIdle && signal?.aborted !== true) {
      const { promise, resolve } = deferred();
      this.#onIdle.push(resolve);
      signal?.addEventListener('abort', resolve, { once: true });
      await promise;
      signal?.removeEventListener('abort', resolve);
    }
  }
}

function unloaded(): ServingError {
  return new ServingError('draining', 'the model was unloaded', { retryAfterMs: 0 });
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
