import { type Cap, explainCap } from './batch-cap.js';
import { type BatchBounds, LOOK_AHEAD_PADDED } from './bounds.js';
import { costInTime, latestStart, rowCost } from './deadline-bound.js';
import type { BatchLimits, CloseReason, Decision, LaneView, Situation } from './decision.js';
import { probeCost } from './probe.js';
import type { QueueView } from './queue.js';

/**
 * A batch that may still grow is given to a busy instance so shortly before it is free: what assembling and the way to it take, but no large
 * share of its own time, in which more could have come.
 */
const HAND_OVER_MS = 0.15;
const HAND_OVER_SHARE = 0.25;
/** A wait must pay so many times over: arrivals are a guess. */
const CLEARLY = 2;
/** Of a batch's time: neither a gap that is worth waiting for nor the whole wait is longer. */
const WAIT_SHARE = 0.25;
const WAIT_GAPS = 2;
/** Timers are a millisecond coarse: a shorter wait would not be a short one. */
const LEAST_WAIT_MS = 1;
/** Entries looked at, in batches: more where the best fit by length is looked for. */
const LOOK_AHEAD = 2;
const LEAST_LOOK_AHEAD = 16;

/** What to do with the entries of one batch key, from what the instance takes for a batch as far as it is known. */
export function decideLearned(view: QueueView, situation: Situation): Decision {
  const { limits, lane, now } = situation;
  const cap = explainCap(lane.costs, limits);
  const full = fullReason(view, limits, cap);
  if (full === undefined) {
    const untilMs = lane.inFlight > 0 ? handOverAt(view, lane) : companyUntil(view, situation);
    if (untilMs > now) return { kind: 'wait', untilMs };
  }
  return close(view, situation, cap, full ?? (situation.draining ? 'draining' : 'instance_free'));
}

function handOverAt(view: QueueView, { costs, freeAt }: LaneView): number {
  const ms = costs.executeMs(view.cost);
  return freeAt - (ms === undefined ? HAND_OVER_MS : Math.min(HAND_OVER_MS, HAND_OVER_SHARE * ms));
}

/** What keeps the batch from growing; undefined where it may. */
function fullReason(view: QueueView, { maxBatchSize }: BatchLimits, { cap, reason }: Cap): CloseReason | undefined {
  if (view.cost >= cap) return reason;
  return view.rows >= maxBatchSize ? 'max_batch_size' : undefined;
}

function close(view: QueueView, { limits, lane, now }: Situation, cap: Cap, reason: CloseReason): Decision {
  const startsAt = lane.inFlight > 0 ? Math.max(now, lane.freeAt) : now;
  const probe = probeCost(lane.costs, limits, cap, view.cost);
  const wanted = Math.min(view.cost, probe ?? cap.cap);
  const cost = costInTime(view, lane.costs, wanted, view.cost > wanted, startsAt);
  if (cost < wanted) return { kind: 'dispatch', bounds: boundsOf(limits, cost), reason: 'deadline' };
  if (probe !== undefined) return { kind: 'dispatch', bounds: boundsOf(limits, probe), reason: 'probe' };
  return { kind: 'dispatch', bounds: boundsOf(limits, cap.cap), reason };
}

function boundsOf({ maxBatchSize, padding }: BatchLimits, cost: number): BatchBounds {
  if (padding !== undefined) return { maxRows: maxBatchSize, maxCost: cost, lookAhead: lookAhead(maxBatchSize, LOOK_AHEAD_PADDED) };
  return { maxRows: cost, maxCost: Number.POSITIVE_INFINITY, lookAhead: lookAhead(maxBatchSize, LOOK_AHEAD) };
}

function lookAhead(maxBatchSize: number, batches: number): number {
  return Math.max(LEAST_LOOK_AHEAD, batches * maxBatchSize);
}

/**
 * Until when an idle instance is better left idle; now where it is not. With n rows at hand, t(n) predicted and one more to come in g, going
 * now costs all n + 1 together n t(n) + (t(n) - g) + t(1), and waiting costs n (g + t(n+1)) + t(n+1): the wait pays while
 * (n + 1) (g + t(n+1) - t(n)) < t(1).
 */
function companyUntil(view: QueueView, situation: Situation): number {
  const { lane, arrivalGapMs, draining, now } = situation;
  const row = rowCost(view);
  const ms = lane.costs.executeMs(view.cost);
  const moreMs = lane.costs.executeMs(view.cost + row);
  const aloneMs = lane.costs.executeMs(row);
  if (draining || ms === undefined || moreMs === undefined || aloneMs === undefined) return now;
  if (arrivalGapMs > WAIT_SHARE * ms || CLEARLY * (view.rows + 1) * (arrivalGapMs + moreMs - ms) >= aloneMs) return now;
  const waited = view.oldestAt + Math.min(WAIT_GAPS * arrivalGapMs, WAIT_SHARE * ms);
  const untilMs = Math.min(waited, latestStart(view, lane.costs, view.cost + row, now));
  return untilMs - now < LEAST_WAIT_MS ? now : untilMs;
}
