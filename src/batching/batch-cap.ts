import { bucketStart, costBucket } from './cost-bucket.js';
import type { CostModel } from './cost-model.js';
import type { BatchLimits, CloseReason } from './decision.js';

/** What a run costs outside the runtime: assembling, the way to the instance and back. As measured for small models. */
const OVERHEAD_MS = 0.03;
/**
 * Throughput that smaller batches may cost, as they answer sooner: so much where batching hardly pays, less by the square of what it pays, and
 * as little as estimates are worth where it pays most.
 */
const TOLERANCE = 0.05;
const LEAST_TOLERANCE = 0.01;

/** How large batches are let grow, and what keeps them from growing further. */
export interface Cap {
  /** In the unit of costs: rows, or rows times padded length. Infinity: only the rows are bounded. */
  readonly cap: number;
  readonly reason: Extract<CloseReason, 'max_batch_size' | 'max_batch_cost' | 'latency_target' | 'learned_cap'>;
  /** What such a batch is predicted to take; undefined while that is unknown. */
  readonly executeMs: number | undefined;
}

interface Explained {
  readonly limits: BatchLimits;
  readonly revision: number;
  readonly cap: Cap;
}

/** The last answer for each cost model: decisions are far more frequent than changes of what they rest on. */
const EXPLAINED = new WeakMap<CostModel, Explained>();

/** The smallest cost whose predicted throughput is near the best that the limits allow; all that they allow while too little is known. */
export function explainCap(costs: CostModel, limits: BatchLimits): Cap {
  const known = EXPLAINED.get(costs);
  const { revision } = costs;
  if (known?.revision === revision && known.limits === limits) return known.cap;
  const cap = findCap(costs, limits);
  EXPLAINED.set(costs, { limits, revision, cap });
  return cap;
}

/** What the author of the model allows one batch to cost; Infinity where only the rows are bounded. */
export function costBound({ maxBatchSize, maxBatchCost = 0, padding }: BatchLimits): number {
  const most = maxBatchCost > 0 ? maxBatchCost : Number.POSITIVE_INFINITY;
  return padding === undefined ? Math.min(Math.max(1, maxBatchSize), most) : most;
}

/** Cost per millisecond. */
export function throughput(costs: CostModel, cost: number): number {
  return cost / ((costs.executeMs(cost) ?? 0) + OVERHEAD_MS);
}

function findCap(costs: CostModel, limits: BatchLimits): Cap {
  const bound = costBound(limits);
  const best = isKnown(costs) ? bestCost(costs, limits, bound) : bound;
  const { latencyTargetMs = 0 } = limits;
  const inTime = latencyTargetMs > 0 ? costs.largestWithin(latencyTargetMs / 2, best) : best;
  return { cap: inTime, reason: capReason(inTime, best, bound, limits), executeMs: executeMs(costs, inTime) };
}

function capReason(cap: number, best: number, bound: number, limits: BatchLimits): Cap['reason'] {
  if (cap < best) return 'latency_target';
  if (best < bound) return 'learned_cap';
  return bound === limits.maxBatchCost ? 'max_batch_cost' : 'max_batch_size';
}

function executeMs(costs: CostModel, cost: number): number | undefined {
  return cost === Number.POSITIVE_INFINITY ? undefined : costs.executeMs(cost);
}

/** Two sizes that are far enough apart to tell how time grows with cost. */
function isKnown(costs: CostModel): boolean {
  const { leastCost, largestCost } = costs;
  return largestCost >= 2 * leastCost && costs.knows(leastCost);
}

function bestCost(costs: CostModel, limits: BatchLimits, bound: number): number {
  // Without a bound nothing is said of what is larger than anything that ran.
  const most = bound === Number.POSITIVE_INFINITY ? costs.largestCost : bound;
  const first = limits.padding === undefined ? 1 : costs.leastCost;
  const least = throughput(costs, Math.min(first, most));
  const best = bestThroughput(costs, first, most);
  const near = best * (1 - Math.max(LEAST_TOLERANCE, TOLERANCE * (least / best) ** 2));
  const found = firstOf(costs, first, most, near);
  return found < most ? found : bound;
}

function bestThroughput(costs: CostModel, first: number, most: number): number {
  let best = throughput(costs, most);
  for (let bucket = costBucket(first); bucketStart(bucket) < most; bucket += 1) {
    best = Math.max(best, throughput(costs, bucketStart(bucket)));
  }
  return best;
}

/** The smallest cost of at least that throughput. */
function firstOf(costs: CostModel, first: number, most: number, near: number): number {
  for (let bucket = costBucket(first); bucketStart(bucket) < most; bucket += 1) {
    const cost = bucketStart(bucket);
    if (throughput(costs, cost) >= near) return cost;
  }
  return most;
}
