import type { BatchingSpec, QueuePolicy, QueueTimeout } from '../model/spec.js';

/** The priority level of a request; 0 where the model has none. One that asks for no level that there is gets the default, as in Triton. */
export function levelOf({ priorities }: BatchingSpec, priority: number): number {
  if (priorities === undefined) return 0;
  return priority >= 1 && priority <= priorities.levels ? priority : priorities.defaultLevel;
}

export function policyOf(batching: BatchingSpec, level: number): QueuePolicy {
  return batching.priorities?.policies.get(level) ?? batching;
}

/** How long an entry may wait. A request may shorten the wait where the model lets it, never lengthen it. Undefined: as long as it takes. */
export function timeoutMsOf({ defaultMs, allowOverride }: QueueTimeout, askedUs: number): number | undefined {
  const asked = allowOverride && askedUs > 0 ? askedUs / 1000 : Number.POSITIVE_INFINITY;
  const own = defaultMs > 0 ? defaultMs : Number.POSITIVE_INFINITY;
  const timeoutMs = Math.min(asked, own);
  return timeoutMs === Number.POSITIVE_INFINITY ? undefined : timeoutMs;
}

/** Whether any entry's wait can be limited. */
export function hasTimeouts(batching: BatchingSpec): boolean {
  if (batching.timeout !== undefined) return true;
  for (const { timeout } of batching.priorities?.policies.values() ?? []) if (timeout !== undefined) return true;
  return false;
}
