import type { BatchingSpec } from '../model/spec.js';
import type { QueueView } from './queue.js';

/** Why a batch closed: it says in traces and metrics what to change. */
export type CloseReason =
  /** The model's max batch size was reached. */
  | 'max_batch_size'
  /** One of its preferred batch sizes was reached. */
  | 'preferred_batch_size'
  /** The oldest entry had waited for max_queue_delay. */
  | 'max_queue_delay'
  /** An instance was free and the model asks for no delay: whatever had gathered went. */
  | 'instance_free'
  /** The model is being drained: nobody waits for company. */
  | 'draining'
  /** The model takes one request at a time. */
  | 'unbatched';

export interface BatchLimits extends BatchingSpec {
  /** Rows of one execution; 0: one request at a time, whatever its rows. */
  readonly maxBatchSize: number;
}

interface Dispatch {
  readonly kind: 'dispatch';
  readonly maxRows: number;
  readonly reason: CloseReason;
}

interface Wait {
  readonly kind: 'wait';
  readonly untilMs: number;
}

/** What to do with the entries of one batch key. */
export type Decision = Dispatch | Wait;

/** What to do with the whole queue. */
export type Choice = (Dispatch & { readonly key: string }) | Wait;

/**
 * What to do now that an instance is free. Of the batches that are ready, the one whose head has waited longest goes first, so that no shape
 * starves another of its rank, and the smallest rank before all others; what still waits for company holds up none that is ready. Undefined
 * when nothing waits.
 */
export function chooseBatch(views: Iterable<QueueView>, limits: BatchLimits, draining: boolean, now: number): Choice | undefined {
  let choice: Choice | undefined;
  let first: QueueView | undefined;
  for (const view of views) {
    const decision = decide(view, limits, draining, now);
    if (decision.kind === 'wait') {
      if (choice === undefined || (choice.kind === 'wait' && decision.untilMs < choice.untilMs)) choice = decision;
    } else if (first === undefined || goesBefore(view, first)) {
      choice = { ...decision, key: view.key };
      first = view;
    }
  }
  return choice;
}

function goesBefore(a: QueueView, b: QueueView): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.headAt < b.headAt);
}

/**
 * What to do with the entries of one batch key now that an instance is free. The rules are Triton's dynamic batcher's: until the oldest entry is
 * max_queue_delay old, the largest preferred size that the entries make up goes at once and less waits; from then on all goes that fits.
 */
export function decide(view: QueueView, limits: BatchLimits, draining: boolean, now: number): Decision {
  const { maxBatchSize, preferredBatchSizes, maxQueueDelayMs } = limits;
  if (maxBatchSize === 0) return { kind: 'dispatch', maxRows: 0, reason: 'unbatched' };
  const untilMs = view.oldestAt + maxQueueDelayMs;
  const delayed = maxQueueDelayMs > 0 && untilMs <= now;
  const preferred = delayed ? undefined : largestPreferred(view, preferredBatchSizes);
  if (preferred !== undefined) return { kind: 'dispatch', maxRows: preferred, reason: 'preferred_batch_size' };
  if (view.rows >= maxBatchSize) return { kind: 'dispatch', maxRows: maxBatchSize, reason: 'max_batch_size' };
  if (delayed) return { kind: 'dispatch', maxRows: maxBatchSize, reason: 'max_queue_delay' };
  if (draining) return { kind: 'dispatch', maxRows: maxBatchSize, reason: 'draining' };
  if (maxQueueDelayMs === 0) return { kind: 'dispatch', maxRows: maxBatchSize, reason: 'instance_free' };
  return { kind: 'wait', untilMs };
}

/** The largest size that entries make up exactly; the largest of all where they step over it and hit none, for no more can come. `sizes` ascend. */
function largestPreferred(view: QueueView, sizes: readonly number[]): number | undefined {
  const hit = sizes.findLast((size) => view.rowsWithin(size) === size);
  if (hit !== undefined) return hit;
  const largest = sizes.at(-1);
  return largest !== undefined && view.rows > largest ? largest : undefined;
}
