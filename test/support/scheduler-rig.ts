import type { EntryResult } from '../../src/batching/entry.js';
import type { BatchLimits } from '../../src/batching/policy.js';
import { type BatchObserver, BatchScheduler, type ClosedBatch } from '../../src/batching/scheduler.js';
import { ServingError } from '../../src/error/serving-error.js';
import type { CallContext } from '../../src/model/call-context.js';
import { ModelStatistics } from '../../src/telemetry/model-statistics.js';
import { callContext } from './call-context.js';
import { turns } from './event-loop.js';
import { type Execute, FakeSlotSource, HeldRuns } from './fake-slot-source.js';
import { ManualClock } from './manual-clock.js';
import { int32Rows, readInt32 } from './row-tensors.js';

export interface RigOptions extends Partial<BatchLimits> {
  readonly slots?: number;
  /** Batches that one instance takes at a time. */
  readonly depth?: number;
  /** Where runs should not wait for the test. */
  readonly execute?: Execute;
}

interface SubmitOptions extends Partial<CallContext> {
  readonly key?: string;
  readonly priority?: number;
  readonly queueTimeoutUs?: number;
}

/** How one submission ended, once it has. */
export class Outcome {
  state: 'pending' | 'fulfilled' | 'rejected' = 'pending';
  result: EntryResult | undefined;
  error: ServingError | undefined;
  settlements = 0;
  /** Resolves behind either end. */
  readonly settled: Promise<void>;

  constructor(promise: Promise<EntryResult>) {
    this.settled = promise.then(
      (result) => {
        this.state = 'fulfilled';
        this.result = result;
        this.settlements += 1;
      },
      (error: unknown) => {
        this.state = 'rejected';
        this.error = ServingError.from(error);
        this.settlements += 1;
      },
    );
  }

  /** Values of the first output. */
  get values(): number[] {
    return readInt32(this.result?.outputs[0]);
  }

  get code(): string | undefined {
    return this.error?.code;
  }
}

/** A scheduler on fake slots and a manual clock. By default one slot, whose runs end when the test says so, and batches of up to 8 rows. */
export class SchedulerRig implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly runs = new HeldRuns();
  readonly closed: ClosedBatch[] = [];
  /** Batches that failed and were run again in parts. */
  splits = 0;
  /** Submissions that found the queue full. */
  refused = 0;
  /** Of all that ran. */
  readonly statistics = new ModelStatistics();
  readonly observer: BatchObserver = {
    closed: (batch) => {
      this.closed.push(batch);
      this.statistics.executed(batch, this.clock.now());
    },
    refused: () => (this.refused += 1),
    split: () => (this.splits += 1),
  };
  readonly limits: BatchLimits;
  readonly slots: FakeSlotSource;
  readonly scheduler: BatchScheduler;

  constructor({ slots = 1, depth = 1, execute, ...limits }: RigOptions = {}) {
    this.slots = new FakeSlotSource(slots, execute ?? this.runs.execute, depth);
    const isFixed = (limits.maxQueueDelayMs ?? 0) > 0 || (limits.preferredBatchSizes ?? []).length > 0;
    const mode = isFixed ? 'fixed' : 'learned';
    this.limits = { mode, maxBatchSize: 8, preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0, ...limits };
    this.scheduler = new BatchScheduler({
      limits: this.limits,
      slots: this.slots,
      clock: this.clock,
      observer: this.observer,
    });
  }

  /** Rows of one INT32 value each. */
  submit(values: readonly number[], { key = '', priority = 0, queueTimeoutUs = 0, ...context }: SubmitOptions = {}): Outcome {
    const submission = { inputs: [int32Rows(values)], rows: values.length, key, priority, queueTimeoutUs };
    return new Outcome(this.scheduler.submit(submission, callContext(context)));
  }

  /** A submission that has the only slot by the time this resolves; run number 0 is its run. */
  async occupy(): Promise<Outcome> {
    const outcome = this.submit([-1]);
    await turns();
    return outcome;
  }

  /** Values that each run so far was given. */
  get executed(): number[][] {
    return this.runs.all.map(({ inputs }) => readInt32(inputs[0]));
  }

  /** Ends the runs that are still open, then closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.runs.open) run.finish();
    await this.scheduler.close();
  }
}
