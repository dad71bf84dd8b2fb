import { throughput } from './batch-cap.js';
import type { CostModel } from './cost-model.js';
import type { QueueView } from './queue.js';

/** Throughput that a deadline may cost while more waits than one batch takes. */
const WORTH = 0.5;

/** The cost of one row: of the longest, where rows are padded. */
export function rowCost(view: QueueView): number {
  return view.maxLength;
}

/** When a batch of `cost` must begin so that it is over by the earliest deadline; Infinity where none could be met even by a row alone. */
export function latestStart(view: QueueView, costs: CostModel, cost: number, startsAt: number): number {
  const deadline = reachableDeadline(view, costs, startsAt);
  return deadline - (costs.executeMs(cost) ?? 0);
}

/**
 * The largest cost, of those up to `wanted`, that is over by the earliest deadline if it begins at `startsAt`. While more waits than `wanted`, a
 * deadline that would cost half the throughput bounds nothing: under overload every head is about to be late, and batches cut to meet that
 * would make everybody later.
 */
export function costInTime(view: QueueView, costs: CostModel, wanted: number, isBacklog: boolean, startsAt: number): number {
  const budget = reachableDeadline(view, costs, startsAt) - startsAt;
  if ((costs.executeMs(wanted) ?? 0) <= budget) return wanted;
  const cost = Math.min(wanted, Math.max(rowCost(view), costs.largestWithin(budget, wanted)));
  return isBacklog && throughput(costs, cost) < WORTH * throughput(costs, wanted) ? wanted : cost;
}

function reachableDeadline(view: QueueView, costs: CostModel, startsAt: number): number {
  const { earliestDeadline } = view;
  const aloneMs = costs.executeMs(rowCost(view)) ?? 0;
  return startsAt + aloneMs <= earliestDeadline ? earliestDeadline : Number.POSITIVE_INFINITY;
}
