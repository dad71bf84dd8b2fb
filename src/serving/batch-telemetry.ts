import type { Tracer } from '@opentelemetry/api';
import type { BatchObserver, ClosedBatch } from '../batching/scheduler.js';
import type { VersionId } from '../model/id.js';
import { recordBatch } from '../telemetry/batch-trace.js';
import type { Instruments, ModelInstruments } from '../telemetry/instruments.js';
import type { BoundCounter } from '../telemetry/metric.js';

/** Counts and traces the batches of one model version. */
export class BatchTelemetry implements BatchObserver {
  readonly #id: VersionId;
  readonly #instruments: ModelInstruments;
  readonly #queueFull: BoundCounter;
  readonly #tracer: Tracer | undefined;

  /** `tracer` is undefined where nothing is traced. */
  constructor(id: VersionId, instruments: Instruments, tracer: Tracer | undefined) {
    this.#id = id;
    this.#instruments = instruments.model(id);
    this.#queueFull = instruments.shed('queue_full');
    this.#tracer = tracer;
  }

  closed(batch: ClosedBatch): void {
    const { batchRows, batchRequests, queueSeconds, executeSeconds } = this.#instruments;
    batchRows.observe(batch.rows);
    batchRequests.observe(batch.entries.length);
    for (const { enqueuedAt } of batch.entries) queueSeconds.observe((batch.dispatchedAt - enqueuedAt) / 1000);
    executeSeconds.observe((batch.executedAt - batch.assembledAt) / 1000);
    if (this.#tracer !== undefined) recordBatch(this.#tracer, batch.entries, { ...batch, ...this.#id });
  }

  refused(): void {
    this.#queueFull.add();
  }
}
