import { LOOK_AHEAD_PADDED } from './bounds.js';
import { latestStart } from './deadline-bound.js';
import type { BatchLimits, CloseReason, Decision, Dispatch, Situation } from './decision.js';
import type { QueueView } from './queue.js';

/** How long to wait for a lane whose runs take longer than was predicted, before another look; what ends them is looked at at once. */
const OVERDUE_MS = 1;

/**
 * What to do with the entries of one batch key. The rules are Triton's dynamic batcher's: until the oldest entry is max_queue_delay old, the
 * largest preferred size that the entries make up goes at once and less waits; from then on all goes that fits. Deadlines cut the wait. An
 * instance that is still busy is given only what can grow no further.
 */
export function decideFixed(view: QueueView, situation: Situation): Decision {
  const { limits, lane, now } = situation;
  const full = closeFull(view, limits, isDelayed(view, situation));
  if (full !== undefined) return full;
  if (lane.inFlight > 0) return { kind: 'wait', untilMs: Math.max(lane.freeAt, now + OVERDUE_MS) };
  return closePart(view, situation);
}

function isDelayed(view: QueueView, { limits, now }: Situation): boolean {
  return limits.maxQueueDelayMs > 0 && view.oldestAt + limits.maxQueueDelayMs <= now;
}

function closeFull(view: QueueView, limits: BatchLimits, delayed: boolean): Dispatch | undefined {
  const { maxBatchSize, maxBatchCost = 0 } = limits;
  const preferred = delayed ? undefined : largestPreferred(view, limits.preferredBatchSizes);
  if (preferred !== undefined) return dispatch(limits, 'preferred_batch_size', preferred);
  if (view.rows >= maxBatchSize) return dispatch(limits, 'max_batch_size');
  if (maxBatchCost > 0 && view.cost >= maxBatchCost) return dispatch(limits, 'max_batch_cost');
  return undefined;
}

function closePart(view: QueueView, situation: Situation): Decision {
  const { limits, lane, draining, now } = situation;
  if (isDelayed(view, situation)) return dispatch(limits, 'max_queue_delay');
  if (draining) return dispatch(limits, 'draining');
  if (limits.maxQueueDelayMs === 0) return dispatch(limits, 'instance_free');
  const startBy = latestStart(view, lane.costs, view.cost, now);
  if (startBy <= now) return dispatch(limits, 'deadline');
  return { kind: 'wait', untilMs: Math.min(view.oldestAt + limits.maxQueueDelayMs, startBy) };
}

function dispatch({ maxBatchSize, maxBatchCost = 0, padding }: BatchLimits, reason: CloseReason, maxRows = maxBatchSize): Dispatch {
  return {
    kind: 'dispatch',
    bounds: {
      maxRows,
      maxCost: maxBatchCost > 0 ? maxBatchCost : Number.POSITIVE_INFINITY,
      lookAhead: padding === undefined ? 0 : LOOK_AHEAD_PADDED * maxBatchSize,
    },
    reason,
  };
}

/** The largest size that entries make up exactly; the largest of all where they step over it and hit none, for no more can come. `sizes` ascend. */
function largestPreferred(view: QueueView, sizes: readonly number[]): number | undefined {
  const hit = sizes.findLast((size) => view.rowsWithin(size) === size);
  if (hit !== undefined) return hit;
  const largest = sizes.at(-1);
  return largest !== undefined && view.rows > largest ? largest : undefined;
}
