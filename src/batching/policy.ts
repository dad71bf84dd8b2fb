import type { Choice, Decision, Situation } from './decision.js';
import { decideFixed } from './fixed-policy.js';
import { decideLearned } from './learned-policy.js';
import type { QueueView } from './queue.js';

export type { BatchLimits, Choice, CloseReason, LaneView, Situation } from './decision.js';

/**
 * What to do for a lane. Of the batches that are ready, the one whose head has waited longest goes first, so that no shape starves another of
 * its rank, and the smallest rank before all others; what still waits for company holds up none that is ready. Undefined when nothing waits,
 * or the lane has no room.
 */
export function chooseBatch(views: Iterable<QueueView>, situation: Situation): Choice | undefined {
  if (situation.lane.inFlight >= situation.lane.depth) return undefined;
  let choice: Choice | undefined;
  let first: QueueView | undefined;
  for (const view of views) {
    const decision = decide(view, situation);
    if (decision.kind === 'wait') {
      if (choice === undefined || (choice.kind === 'wait' && decision.untilMs < choice.untilMs)) choice = decision;
    } else if (first === undefined || goesBefore(view, first)) {
      choice = { kind: 'dispatch', key: view.key, bounds: decision.bounds, reason: decision.reason };
      first = view;
    }
  }
  return choice;
}

function goesBefore(a: QueueView, b: QueueView): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.headAt < b.headAt);
}

function decide(view: QueueView, situation: Situation): Decision {
  const { maxBatchSize, mode } = situation.limits;
  if (maxBatchSize === 0) return HEAD_ALONE;
  return mode === 'fixed' ? decideFixed(view, situation) : decideLearned(view, situation);
}

const HEAD_ALONE: Decision = {
  kind: 'dispatch',
  bounds: { maxRows: 0, maxCost: Number.POSITIVE_INFINITY, lookAhead: 0 },
  reason: 'unbatched',
};
