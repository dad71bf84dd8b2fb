import type { BatchingSpec } from '../model/spec.js';
import type { BatchBounds } from './bounds.js';
import type { CostModel } from './cost-model.js';

/** Why a batch closed: it says in traces and metrics what to change. */
export type CloseReason =
  /** The model's max batch size was reached. */
  | 'max_batch_size'
  /** One of its preferred batch sizes was reached. */
  | 'preferred_batch_size'
  /** The oldest entry had waited for max_queue_delay. */
  | 'max_queue_delay'
  /** A larger batch would hardly give more rows per second, as far as its instance is known. */
  | 'learned_cap'
  /** A larger batch would break the model's latency target. */
  | 'latency_target'
  /** The model's bound on rows times padded length was reached. */
  | 'max_batch_cost'
  /** A larger batch, or a longer wait, would have broken a member's deadline. */
  | 'deadline'
  /** An instance was free, or about to be, and waiting would not have paid: whatever had gathered went. */
  | 'instance_free'
  /** Its size was chosen to learn what such a batch takes. */
  | 'probe'
  /** It is part of a batch that failed, run again to find the member that made it fail. */
  | 'isolating_failure'
  /** The model is being drained: nobody waits for company. */
  | 'draining'
  /** The model takes one request at a time. */
  | 'unbatched';

export interface BatchLimits extends BatchingSpec {
  /** Rows of one execution; 0: one request at a time, whatever its rows. */
  readonly maxBatchSize: number;
}

/** An instance that could take a batch, as the policy sees it. */
export interface LaneView {
  /** Batches given to it that are not over. */
  readonly inFlight: number;
  /** Batches that it takes at a time. */
  readonly depth: number;
  /** When what is under way will be over, as far as is known; at or before now where nothing is. */
  readonly freeAt: number;
  readonly costs: CostModel;
}

/** All that a decision rests on, besides what waits. */
export interface Situation {
  readonly limits: BatchLimits;
  readonly lane: LaneView;
  /** The mean gap between submissions lately; Infinity where there is none to speak of. */
  readonly arrivalGapMs: number;
  readonly draining: boolean;
  readonly now: number;
}

export interface Dispatch {
  readonly kind: 'dispatch';
  readonly bounds: BatchBounds;
  readonly reason: CloseReason;
}

export interface Wait {
  readonly kind: 'wait';
  /** Always after now. Whatever changes before then calls for a new decision. */
  readonly untilMs: number;
}

/** What to do with the entries of one batch key. */
export type Decision = Dispatch | Wait;

/** What to do with the whole queue. */
export type Choice = (Dispatch & { readonly key: string }) | Wait;
