import type { ExecutedBatch } from '../../src/telemetry/model-statistics.js';

/** A batch of one request that came, ran and was answered in the same moment. */
export function executedAlone(rows: number): ExecutedBatch {
  return { entries: [{ enqueuedAt: 0, rows }], rows, dispatchedAt: 0, assembledAt: 0, executedAt: 0 };
}
