import type { Tracer } from '@opentelemetry/api';
import type { BatchObserver, ClosedBatch } from '../batching/scheduler.js';
import type { ServingError } from '../error/serving-error.js';
import type { Clock } from '../model/clock.js';
import type { VersionId } from '../model/id.js';
import { recordBatch } from '../telemetry/batch-trace.js';
import type { Instruments, ModelInstruments } from '../telemetry/instruments.js';
import type { BoundCounter } from '../telemetry/metric.js';

/** Counts and traces the batches of one model version. */
export class BatchTelemetry implements BatchObserver {
  readonly #id: VersionId;
  readonly #instruments: ModelInstruments;
  readonly #queueFull: BoundCounter;
  readonly #clock: Clock;
  readonly #tracer: Tracer | undefined;
  readonly #onFailure: (id: VersionId, error: ServingError) => void;

  /** `tracer` is undefined where nothing is traced. `onFailure` is told of each failed run, for the log. */
  constructor(
    id: VersionId,
    instruments: Instruments,
    clock: Clock,
    tracer: Tracer | undefined,
    onFailure: (id: VersionId, error: ServingError) => void,
  ) {
    this.#id = id;
    this.#instruments = instruments.model(id);
    this.#queueFull = instruments.shed('queue_full');
    this.#clock = clock;
    this.#tracer = tracer;
    this.#onFailure = onFailure;
  }

  closed(batch: ClosedBatch): void {
    const { batchRows, batchRequests, batchCostReal, batchCostPadding, queueSeconds, executeSeconds, statistics } = this.#instruments;
    statistics.executed(batch, this.#clock.now());
    batchRows.observe(batch.rows);
    batchRequests.observe(batch.entries.length);
    this.#instruments.batches(batch.reason).add();
    batchCostReal.add(batch.ownCost);
    batchCostPadding.add(batch.cost - batch.ownCost);
    for (const { enqueuedAt } of batch.entries) queueSeconds.observe((batch.dispatchedAt - enqueuedAt) / 1000);
    executeSeconds.observe((batch.executedAt - batch.assembledAt) / 1000);
    if (batch.error !== undefined && isBackendsOwn(batch.error)) this.#onFailure(this.#id, batch.error);
    if (this.#tracer !== undefined) recordBatch(this.#tracer, batch.entries, { ...batch, ...this.#id });
  }

  refused(): void {
    this.#queueFull.add();
  }

  split(): void {
    this.#instruments.batchSplits.add();
  }
}

/** A caller's mistake, or his leaving, is no failure of the model. */
function isBackendsOwn({ code }: ServingError): boolean {
  return code === 'backend_failed' || code === 'internal';
}
