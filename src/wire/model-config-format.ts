import {
  ModelConfig,
  type ModelDynamicBatching,
  ModelInput,
  ModelInstanceGroup,
  ModelInstanceGroup_Kind,
  ModelOutput,
  type ModelQueuePolicy,
  ModelQueuePolicy_TimeoutAction,
} from '../gen/inference/model_config.js';
import type { BatchingSpec, ModelSpec, QueuePolicy, TensorSpec } from '../model/spec.js';
import { numberOfDatatype } from './datatype-number.js';
import { toWireShape } from './wire-shape.js';

/** Triton's platforms of backends that had one before there were backends; the others have none. */
const PLATFORMS: ReadonlyMap<string, string> = new Map([['onnxruntime', 'onnxruntime_onnx']]);

const NOTHING = new Uint8Array(0);

/** The completed configuration of a version that is served. Read as a config.pbtxt it means the same model. */
export function formatModelConfig(spec: ModelSpec): ModelConfig {
  return {
    ...ModelConfig.decode(NOTHING),
    name: spec.model,
    platform: PLATFORMS.get(spec.backend) ?? '',
    backend: spec.backend,
    maxBatchSize: spec.maxBatchSize,
    input: spec.inputs.map((tensor) => ({ ...ModelInput.decode(NOTHING), ...formatTensor(tensor) })),
    output: spec.outputs.map((tensor) => ({ ...ModelOutput.decode(NOTHING), ...formatTensor(tensor) })),
    schedulingChoice: isScheduled(spec) ? { $case: 'dynamicBatching', value: formatBatching(spec.batching) } : undefined,
    instanceGroup: [formatInstances(spec)],
    parameters: Object.fromEntries(Array.from(spec.parameters, ([key, stringValue]) => [key, { stringValue }])),
    modelTransactionPolicy: { decoupled: spec.decoupled },
  };
}

function formatTensor({ name, datatype, dims }: TensorSpec) {
  return { name, dataType: numberOfDatatype(datatype), dims: toWireShape(dims) };
}

/** Without shared batches dynamic_batching still says how the requests wait. */
function isScheduled({ sharesBatches, batching }: ModelSpec): boolean {
  const { preferredBatchSizes, maxQueueDelayMs, maxQueueSize, timeout, priorities, preserveOrdering } = batching;
  if (sharesBatches || preferredBatchSizes.length > 0 || maxQueueDelayMs > 0 || maxQueueSize > 0) return true;
  return timeout !== undefined || priorities !== undefined || preserveOrdering === true;
}

function formatBatching(batching: BatchingSpec): ModelDynamicBatching {
  const { preferredBatchSizes, maxQueueDelayMs, maxQueueSize, timeout, priorities, preserveOrdering = false } = batching;
  const policies = Array.from(priorities?.policies ?? [], ([level, policy]) => [BigInt(level), formatQueuePolicy(policy)] as const);
  return {
    preferredBatchSize: [...preferredBatchSizes],
    maxQueueDelayMicroseconds: toMicroseconds(maxQueueDelayMs),
    preserveOrdering,
    priorityLevels: BigInt(priorities?.levels ?? 0),
    defaultPriorityLevel: BigInt(priorities?.defaultLevel ?? 0),
    defaultQueuePolicy: maxQueueSize > 0 || timeout !== undefined ? formatQueuePolicy(batching) : undefined,
    priorityQueuePolicy: new Map(policies),
  };
}

function formatQueuePolicy({ maxQueueSize, timeout }: QueuePolicy): ModelQueuePolicy {
  return {
    timeoutAction: timeout?.action === 'delay' ? ModelQueuePolicy_TimeoutAction.DELAY : ModelQueuePolicy_TimeoutAction.REJECT,
    defaultTimeoutMicroseconds: toMicroseconds(timeout?.defaultMs ?? 0),
    allowTimeoutOverride: timeout?.allowOverride ?? false,
    maxQueueSize,
  };
}

function formatInstances({ instanceCount }: ModelSpec): ModelInstanceGroup {
  return { ...ModelInstanceGroup.decode(NOTHING), count: instanceCount, kind: ModelInstanceGroup_Kind.KIND_CPU };
}

function toMicroseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000));
}
