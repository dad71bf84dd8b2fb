import type { Cap } from './batch-cap.js';
import { costBound } from './batch-cap.js';
import type { CostModel } from './cost-model.js';
import type { BatchLimits } from './decision.js';

/** Batches of a new model among which small ones are tried: how time grows with cost is known only once both ends are. */
const YOUNG_RUNS = 256;
const YOUNG_PERIOD = 8;
/** One of so many batches may later be larger than the cap: often enough to find out within a minute, too rare for a p99 to see. */
const PERIOD = 256;

/**
 * What the next batch may cost so that something is learned from it; undefined where it is an ordinary one. Of the sizes beyond the cap the
 * next power of two comes at every turn, the one after at every second, the one after that at every fourth: the larger, the rarer. It depends
 * on the number of runs alone, so that the same situation always gives the same answer.
 */
export function probeCost(costs: CostModel, limits: BatchLimits, cap: Cap, waiting: number): number | undefined {
  return costs.runs < YOUNG_RUNS ? smallerThanCap(costs, Math.min(cap.cap, waiting)) : largerThanCap(costs, limits, cap, waiting);
}

function smallerThanCap(costs: CostModel, below: number): number | undefined {
  if (costs.runs % YOUNG_PERIOD !== YOUNG_PERIOD - 1) return undefined;
  for (let cost = 1; cost < below; cost *= 4) {
    if (!costs.knows(cost)) return cost;
  }
  return undefined;
}

function largerThanCap(costs: CostModel, limits: BatchLimits, { cap, reason }: Cap, waiting: number): number | undefined {
  if (costs.runs % PERIOD !== 0) return undefined;
  const turn = costs.runs / PERIOD;
  // A latency target is overstepped by no more than it must.
  const doublings = reason === 'latency_target' ? 1 : 1 + trailingZeros(turn);
  const cost = Math.min(cap * 2 ** doublings, costBound(limits));
  return cap < cost && cost <= waiting ? cost : undefined;
}

function trailingZeros(turn: number): number {
  return 31 - Math.clz32(turn & -turn);
}
