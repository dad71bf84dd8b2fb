import { ServingError } from '../error/serving-error.js';
import type { Clock } from '../model/clock.js';
import type { Execution } from '../model/infer.js';
import type { Batch, BatchLayout, BatchTimes } from './batch.js';
import type { Lane } from './lane.js';

/**
 * What came of a batch's run. `ran`: it has outputs. `failed`: it may have begun, and gave none. `unstarted`: its instance died before the run began,
 * so that another may run it.
 */
export type BatchRun =
  | { readonly kind: 'ran'; readonly execution: Execution; readonly times: BatchTimes }
  | { readonly kind: 'failed' | 'unstarted'; readonly error: ServingError; readonly times: BatchTimes };

/**
 * Runs a batch on a lane. Never rejects. A run that waits behind another one on its instance counts as waiting, not as running: its times are as if its
 * inputs had been joined only just before it began.
 */
export async function runBatch(lane: Lane, batch: Batch, layout: BatchLayout, clock: Clock): Promise<BatchRun> {
  const dispatchedAt = clock.now();
  let assembledAt = dispatchedAt;
  const times = (): BatchTimes => {
    const waited = Math.max(0, lane.freeSince - assembledAt);
    return { dispatchedAt: dispatchedAt + waited, assembledAt: assembledAt + waited, executedAt: clock.now() };
  };
  try {
    // The instance reads the members' rows before `execute` returns: that is the copy, and joining them ends with it.
    const running = lane.execute(batch.assemble(layout), batch.signal);
    assembledAt = clock.now();
    const execution = await running;
    return { kind: 'ran', execution, times: times() };
  } catch (thrown) {
    const error = ServingError.from(thrown);
    return { kind: error.code === 'backend_unavailable' ? 'unstarted' : 'failed', error, times: times() };
  }
}
