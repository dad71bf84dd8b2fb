import { ServingError } from '../error/serving-error.js';
import type { CallContext } from '../model/call-context.js';
import type { Clock } from '../model/clock.js';
import type { QueueTimeout } from '../model/spec.js';
import { AnswerOrder } from './answer-order.js';
import { Arrivals } from './arrivals.js';
import { Batch, type BatchLayout, type BatchTimes } from './batch.js';
import { explainCap } from './batch-cap.js';
import { type BatchRun, runBatch } from './batch-run.js';
import { Entry, type EntryOwner, type EntryResult, type Submission } from './entry.js';
import type { Lane } from './lane.js';
import { Lanes } from './lanes.js';
import type { BatchPadding } from './padding.js';
import { type BatchLimits, type CloseReason, chooseBatch } from './policy.js';
import { BatchQueue } from './queue.js';
import { hasTimeouts, levelOf, policyOf, timeoutMsOf } from './queue-level.js';
import type { SlotSource } from './slot.js';
import type { WaitLimit } from './wait-limits.js';
import { WaitWatch } from './wait-watch.js';

/** Told about each batch once it is over, and about what never got into one; how metrics and traces see batching. Must not throw. */
export interface BatchObserver {
  closed(batch: ClosedBatch): void;
  /** A submission found the queue full. */
  refused(): void;
  /** A failed batch is run again, in parts. */
  split(): void;
}

/** What is told of an entry once it is over. */
export type ClosedEntry = Pick<Entry, 'span' | 'enqueuedAt' | 'rows' | 'key'>;

export interface ClosedBatch extends BatchTimes {
  readonly entries: readonly ClosedEntry[];
  readonly rows: number;
  /** Rows times the length of the batch; as many as the rows where nothing is padded. */
  readonly cost: number;
  /** The part of `cost` that is no padding. */
  readonly ownCost: number;
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
  /** Present where requests of different lengths share batches. */
  readonly padding?: BatchPadding | undefined;
}

/** The scheduler's life: it only moves to the right. */
type State = 'open' | 'draining' | 'closed';

/**
 * The batch accumulator: takes an instance, and only then decides what runs on it. So a batch is as late, and as large, as it can be: it grew while the
 * instances were busy. It looks again whenever something came, ended or has waited long enough; all that it decides is policy.ts's to say.
 */
export class BatchScheduler implements EntryOwner {
  readonly #limits: BatchLimits;
  readonly #layout: BatchLayout;
  readonly #clock: Clock;
  readonly #observer: BatchObserver;
  readonly #queue = new BatchQueue();
  readonly #arrivals = new Arrivals();
  readonly #lanes: Lanes;
  /** Undefined where the model limits nobody's wait. */
  readonly #watch: WaitWatch | undefined;
  /** Undefined where answers leave as they come. */
  readonly #order: AnswerOrder | undefined;
  /** Batches that have closed and are to be run, before all that waits: their instance died, or they are parts of one that failed. */
  #again: Batch[] = [];
  #state: State = 'open';
  #running = 0;
  #lookIsDue = false;
  #timerAt = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;
  #onIdle: (() => void)[] = [];
  /** Moving average of one batch's time; what retry hints are reckoned from. */
  #batchMs = 0;

  constructor(parts: SchedulerParts) {
    const { limits, slots, clock, observer, padding } = parts;
    this.#limits = limits;
    this.#layout = { batched: limits.maxBatchSize > 0, padding };
    this.#clock = clock;
    this.#observer = observer;
    this.#lanes = new Lanes(slots, { onLane: () => this.#look(), onUnavailable: (error) => this.#rejectWaiting(error) });
    this.#watch = hasTimeouts(limits) ? new WaitWatch(clock, (limit) => this.#timeOut(limit)) : undefined;
    this.#order = limits.preserveOrdering === true ? new AnswerOrder() : undefined;
  }

  /** Entries waiting for an instance. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** The cost at which a batch closes by what is known of the model now; undefined where nothing is, or other rules hold. */
  get cap(): number | undefined {
    const costs = this.#lanes.newestCosts;
    return costs === undefined || this.#limits.mode === 'fixed' ? undefined : explainCap(costs, this.#limits).cap;
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
    const now = this.#clock.now();
    this.#arrivals.came(now);
    const entry = new Entry(submission, context, now, level);
    this.#queue.push(entry);
    this.#order?.enter(entry);
    if (policy.timeout !== undefined) this.#limitWait(entry, policy.timeout, submission.queueTimeoutUs ?? 0);
    entry.ownedBy(this);
    this.#lookSoon();
    return entry.result;
  }

  /** A waiting entry's caller has gone: it leaves the queue at once. */
  abandoned(entry: Entry): void {
    this.#remove(entry);
    this.#lookSoon();
    this.#notifyIdle();
  }

  /**
   * Takes no new entry and waits until the last one is settled. Once the signal aborts, who still waits is settled with `draining` and
   * this resolves; running batches end by themselves.
   */
  async drain(signal: AbortSignal): Promise<void> {
    if (this.#state === 'open') this.#state = 'draining';
    this.#lookSoon();
    await this.#idle(signal);
    if (signal.aborted) this.#rejectWaiting(unloaded());
  }

  /** Settles what still waits with `draining` and takes no instance any more. Running batches end by themselves. Idempotent. */
  async close(): Promise<void> {
    this.#state = 'closed';
    const reason = unloaded();
    this.#rejectWaiting(reason);
    this.#watch?.close();
    this.#cancelTimer?.();
    await this.#lanes.close(reason);
    await this.#idle();
  }

  /** What came in the same turn of the event loop travels together. */
  #lookSoon(): void {
    if (this.#lookIsDue) return;
    this.#lookIsDue = true;
    setImmediate(this.#lookNow);
  }

  readonly #lookNow = (): void => {
    this.#lookIsDue = false;
    this.#look();
  };

  /** Gives every instance that is held what it should have now, and takes or gives back instances. */
  #look(): void {
    const now = this.#clock.now();
    this.#watch?.sweep(now);
    let wakeAt = Number.POSITIVE_INFINITY;
    let hasIdle = false;
    for (const lane of this.#lanes) {
      if (lane.inFlight > 0) continue;
      wakeAt = Math.min(wakeAt, this.#fill(lane, now));
      hasIdle ||= lane.inFlight === 0;
    }
    // An instance that is free goes before a place behind another batch.
    if (!this.#lanes.canGrow) for (const lane of this.#lanes) if (lane.inFlight > 0) this.#fill(lane, now);
    if (!this.#hasWork || this.#state === 'closed') this.#lanes.releaseIdle();
    else if (!hasIdle) this.#lanes.want();
    this.#wakeBy(wakeAt);
    // All that waited may have expired.
    this.#notifyIdle();
  }

  get #hasWork(): boolean {
    return this.#queue.size > 0 || this.#again.length > 0;
  }

  /** Gives the lane batches while it has room. When to look again at the latest, where one waits for company: Infinity where none does. */
  #fill(lane: Lane, now: number): number {
    while (lane.hasRoom && this.#state !== 'closed') {
      const batch = this.#nextAgain() ?? this.#close(lane, now);
      if (batch === undefined) return Number.POSITIVE_INFINITY;
      if (typeof batch === 'number') return batch;
      this.#running += 1;
      lane.enter(batch.cost, now);
      void this.#run(lane, batch);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Skips those that everybody has left. */
  #nextAgain(): Batch | undefined {
    for (let batch = this.#again.shift(); batch !== undefined; batch = this.#again.shift()) if (!batch.signal.aborted) return batch;
    return undefined;
  }

  /** A batch for the lane, or when to look again; undefined when nothing waits. An expired entry is never run, even where its timer has not fired yet. */
  #close(lane: Lane, now: number): Batch | number | undefined {
    const arrivalGapMs = this.#arrivals.gapMs(now);
    for (;;) {
      const draining = this.#state !== 'open';
      const choice = chooseBatch(this.#queue.views(), { limits: this.#limits, lane, arrivalGapMs, draining, now });
      if (choice === undefined) return undefined;
      if (choice.kind === 'wait') return choice.untilMs;
      const { entries } = this.#queue.take(choice.key, choice.bounds);
      if (this.#watch !== undefined) for (const entry of entries) this.#watch.remove(entry);
      const live = this.#withoutExpired(entries, now);
      if (live.length > 0) return new Batch(live, choice.reason, this.#order);
    }
  }

  #withoutExpired(entries: readonly Entry[], now: number): readonly Entry[] {
    if (!entries.some((entry) => entry.isExpired(now))) return entries;
    return entries.filter((entry) => {
      if (!entry.isExpired(now)) return true;
      this.#order?.leave(entry);
      entry.expire();
      return false;
    });
  }

  /** The instance gets its next batch before anybody is answered. */
  async #run(lane: Lane, batch: Batch): Promise<void> {
    const run = await runBatch(lane, batch, this.#layout, this.#clock);
    lane.leave(run.times.executedAt);
    this.#lanes.dropBroken(lane);
    if (run.kind === 'ran') lane.costs.observe(batch.cost, run.execution.executeUs / 1000);
    const isOver = !this.#runsAgain(batch, run);
    this.#look();
    if (isOver) this.#finish(lane, batch, run);
    this.#running -= 1;
    this.#notifyIdle();
  }

  /** Whether the members that still wait get another run: on another instance where this one never began, in parts where the batch itself made it fail. */
  #runsAgain(batch: Batch, run: BatchRun): boolean {
    if (run.kind === 'ran' || this.#state === 'closed' || batch.signal.aborted) return false;
    if (run.kind === 'unstarted') {
      this.#again.push(batch);
      return true;
    }
    if (!run.error.isRunFailure || batch.entries.length === 1) return false;
    this.#again.push(...batch.split(run.times.executedAt));
    this.#observer.split();
    return true;
  }

  #finish({ instance }: Lane, batch: Batch, run: BatchRun): void {
    const error = this.#settle(batch, run);
    const { times } = run;
    this.#batchMs += (times.executedAt - times.dispatchedAt - this.#batchMs) / 8;
    const { entries, rows, cost, ownCost, reason } = batch;
    const executeUs = error === undefined && run.kind === 'ran' ? run.execution.executeUs : 0;
    this.#observer.closed({ entries, rows, cost, ownCost, reason, instance, executeUs, error, ...times });
  }

  /** Answers every member; what it returns is why not with results. */
  #settle(batch: Batch, run: BatchRun): ServingError | undefined {
    try {
      if (run.kind !== 'ran') throw run.error;
      batch.scatter(run.execution, this.#layout, run.times);
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
    } else {
      this.#remove(entry);
      entry.timeOut();
      this.#notifyIdle();
    }
    this.#lookSoon();
  }

  /** A waiting entry leaves the queue without having run. */
  #remove(entry: Entry): void {
    this.#queue.remove(entry);
    this.#watch?.remove(entry);
    this.#order?.leave(entry);
  }

  /** One timer, for the batch that has waited for company longest; what comes or ends meanwhile leads to a look by itself. */
  #wakeBy(time: number): void {
    if (time === this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = time;
    this.#cancelTimer =
      time === Number.POSITIVE_INFINITY ? undefined : this.#clock.after(Math.max(0, time - this.#clock.now()), this.#wake);
  }

  readonly #wake = (): void => {
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#cancelTimer = undefined;
    this.#look();
  };

  #rejectWaiting(reason: ServingError): void {
    for (const entry of this.#queue) {
      this.#remove(entry);
      entry.reject(reason);
    }
    for (const batch of this.#again.splice(0)) batch.fail(reason);
    this.#notifyIdle();
  }

  /** How long the present queue will take: batches ahead times what one has been taking. */
  #retryAfterMs(): number {
    const batches = Math.ceil(this.#queue.rows / Math.max(1, this.#limits.maxBatchSize));
    return Math.max(1, Math.round(batches * this.#batchMs));
  }

  get #isIdle(): boolean {
    return !this.#hasWork && this.#running === 0;
  }

  #notifyIdle(): void {
    if (!this.#isIdle || this.#onIdle.length === 0) return;
    const listeners = this.#onIdle;
    this.#onIdle = [];
    for (const listener of listeners) listener();
  }

  async #idle(signal?: AbortSignal): Promise<void> {
    while (!this.#isIdle && signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        const done = () => {
          signal?.removeEventListener('abort', done);
          resolve();
        };
        this.#onIdle.push(done);
        signal?.addEventListener('abort', done, { once: true });
      });
    }
  }
}

function unloaded(): ServingError {
  return new ServingError('draining', 'the model was unloaded', { retryAfterMs: 0 });
}
