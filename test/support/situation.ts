import { CostModel } from '../../src/batching/cost-model.js';
import type { BatchLimits, LaneView, Situation } from '../../src/batching/decision.js';

export interface SituationOptions extends Partial<BatchLimits>, Partial<Omit<LaneView, 'costs'>> {
  readonly costs?: CostModel;
  readonly arrivalGapMs?: number;
  readonly draining?: boolean;
  readonly now?: number;
}

/** A model of up to 8 rows, an idle lane with room for two batches, of which nothing is known, and no arrivals. */
export function situation(options: SituationOptions = {}): Situation {
  const {
    costs = new CostModel(),
    inFlight = 0,
    depth = 2,
    freeAt = 0,
    arrivalGapMs = Number.POSITIVE_INFINITY,
    draining = false,
    now = 0,
    ...limits
  } = options;
  return {
    limits: { maxBatchSize: 8, preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0, ...limits },
    lane: { inFlight, depth, freeAt, costs },
    arrivalGapMs,
    draining,
    now,
  };
}

/** What is learned where each of `sizes` ran `times` times and took exactly what `executeMs` says. */
export function learned(executeMs: (cost: number) => number, sizes: readonly number[], times = 8): CostModel {
  const costs = new CostModel();
  for (let time = 0; time < times; time += 1) {
    for (const size of sizes) costs.observe(size, executeMs(size));
  }
  return costs;
}
