import { type ModelDynamicBatching, type ModelQueuePolicy, ModelQueuePolicy_TimeoutAction } from '../gen/inference/model_config.js';
import type { BatchingSpec, PrioritySpec, QueuePolicy, QueueTimeout } from '../model/spec.js';

/** As many as the priority of a request can tell apart. */
const MAX_PRIORITY_LEVELS = 0xffff_ffff;

/** Reads dynamic_batching. Throws where Triton would refuse it; preferred sizes are left to whoever knows the max batch size. */
export function parseDynamicBatching(batching: ModelDynamicBatching): BatchingSpec {
  const spec: BatchingSpec = {
    preferredBatchSizes: batching.preferredBatchSize,
    maxQueueDelayMs: toMs(batching.maxQueueDelayMicroseconds),
    ...parseQueuePolicy(batching.defaultQueuePolicy, 'default_queue_policy'),
  };
  const priorities = parsePriorities(batching);
  const withPriorities = priorities === undefined ? spec : { ...spec, priorities };
  if (!batching.preserveOrdering) return withPriorities;
  assertOrderable(withPriorities);
  return { ...withPriorities, preserveOrdering: true };
}

function parsePriorities({ priorityLevels, defaultPriorityLevel, priorityQueuePolicy }: ModelDynamicBatching): PrioritySpec | undefined {
  if (priorityLevels === 0n) return undefined;
  if (priorityLevels > MAX_PRIORITY_LEVELS) {
    throw new Error(`dynamic_batching.priority_levels is ${priorityLevels}, expected at most ${MAX_PRIORITY_LEVELS}`);
  }
  if (defaultPriorityLevel < 1n || defaultPriorityLevel > priorityLevels) {
    const expected = `expected a level from 1 to priority_levels, which is ${priorityLevels}`;
    throw new Error(`dynamic_batching.default_priority_level is ${defaultPriorityLevel}, ${expected}`);
  }
  const policies = new Map<number, QueuePolicy>();
  for (const [level, policy] of priorityQueuePolicy) {
    if (level < 1n || level > priorityLevels) {
      const expected = `expected levels from 1 to priority_levels, which is ${priorityLevels}`;
      throw new Error(`dynamic_batching.priority_queue_policy has level ${level}, ${expected}`);
    }
    policies.set(Number(level), parseQueuePolicy(policy, `priority_queue_policy of level ${level}`));
  }
  return { levels: Number(priorityLevels), defaultLevel: Number(defaultPriorityLevel), policies };
}

function parseQueuePolicy(policy: ModelQueuePolicy | undefined, where: string): QueuePolicy {
  if (policy === undefined) return { maxQueueSize: 0 };
  const { maxQueueSize, defaultTimeoutMicroseconds, allowTimeoutOverride } = policy;
  const action = parseTimeoutAction(policy, where);
  if (defaultTimeoutMicroseconds === 0n && !allowTimeoutOverride) return { maxQueueSize };
  return { maxQueueSize, timeout: { action, defaultMs: toMs(defaultTimeoutMicroseconds), allowOverride: allowTimeoutOverride } };
}

function parseTimeoutAction({ timeoutAction }: ModelQueuePolicy, where: string): QueueTimeout['action'] {
  switch (timeoutAction) {
    case ModelQueuePolicy_TimeoutAction.REJECT:
      return 'reject';
    case ModelQueuePolicy_TimeoutAction.DELAY:
      return 'delay';
    default:
      throw new Error(`dynamic_batching.${where} has timeout_action ${Number(timeoutAction)}, expected REJECT or DELAY`);
  }
}

/** Answers in the order of their requests would hold up what the queue lets pass. */
function assertOrderable({ timeout, priorities }: BatchingSpec): void {
  if (priorities !== undefined && priorities.levels > 1) {
    throw new Error(`dynamic_batching.preserve_ordering allows one of priority_levels, got ${priorities.levels}`);
  }
  const timeouts = [timeout, ...[...(priorities?.policies.values() ?? [])].map((policy) => policy.timeout)];
  if (timeouts.some((one) => one?.action === 'delay')) {
    throw new Error('dynamic_batching.preserve_ordering allows no queue policy with timeout_action DELAY');
  }
}

function toMs(microseconds: bigint): number {
  return Number(microseconds) / 1000;
}
