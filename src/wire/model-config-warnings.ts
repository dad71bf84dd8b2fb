import type { ModelConfig } from '../gen/inference/model_config.js';
import { OWN_PARAMETER } from '../model/own-parameters.js';
import { type FieldDecision, type FieldDecisions, MODEL_CONFIG_DECISIONS } from './model-config-decisions.js';
import { findIneffectiveParameters } from './own-parameter-warnings.js';
import { parameterOf } from './parameter-value.js';

const REFUSED = 'refused: ';

/**
 * A sentence for each field that is set to something but has no effect here, in the spelling of config.pbtxt. A field that is set to its default
 * says nothing that would be lost. Throws an Error at the first field without which the model would not be what its author means.
 */
export function findIneffectiveFields(config: ModelConfig): string[] {
  const paths: string[] = [];
  collect(config, MODEL_CONFIG_DECISIONS, '', paths);
  return [
    ...paths.map((path) => `${path} has no effect`),
    ...findIneffectiveParameters(config),
    ...unknownPriorities(config),
    ...fixedOfLearned(config),
    ...batchesOfUnbatched(config),
    ...idleWarmups(config),
  ];
}

function unknownPriorities({ schedulingChoice }: ModelConfig): string[] {
  if (schedulingChoice?.$case !== 'dynamicBatching' || schedulingChoice.value.priorityLevels > 0n) return [];
  const { defaultPriorityLevel, priorityQueuePolicy } = schedulingChoice.value;
  const fields = [
    ...(defaultPriorityLevel > 0n ? ['default_priority_level'] : []),
    ...(priorityQueuePolicy.size > 0 ? ['priority_queue_policy'] : []),
  ];
  return fields.map((field) => `dynamic_batching.${field} has no effect where priority_levels is 0`);
}

/** Who asks for learned batches asks for no others. */
function fixedOfLearned(config: ModelConfig): string[] {
  const { schedulingChoice } = config;
  if (schedulingChoice?.$case !== 'dynamicBatching' || parameterOf(config, OWN_PARAMETER.batching) !== 'learned') return [];
  const { preferredBatchSize, maxQueueDelayMicroseconds } = schedulingChoice.value;
  const fields = [
    ...(preferredBatchSize.length > 0 ? ['preferred_batch_size'] : []),
    ...(maxQueueDelayMicroseconds > 0n ? ['max_queue_delay_microseconds'] : []),
  ];
  return fields.map((field) => `dynamic_batching.${field} has no effect where '${OWN_PARAMETER.batching}' is 'learned'`);
}

/** Of dynamic_batching only what it says of the queue holds without batches. A model that says nothing of its tensors may get a max batch size yet. */
function batchesOfUnbatched({ schedulingChoice, maxBatchSize, input, output }: ModelConfig): string[] {
  const isUnbatched = maxBatchSize === 0 && input.length + output.length > 0;
  if (!isUnbatched || schedulingChoice?.$case !== 'dynamicBatching') return [];
  const { maxQueueDelayMicroseconds, priorityLevels, preserveOrdering, defaultQueuePolicy } = schedulingChoice.value;
  const rulesQueue = priorityLevels > 0n || preserveOrdering || isSet(defaultQueuePolicy);
  return rulesQueue && maxQueueDelayMicroseconds === 0n ? [] : ['dynamic_batching makes no batches where max_batch_size is 0'];
}

function idleWarmups({ modelWarmup }: ModelConfig): string[] {
  return modelWarmup.flatMap(({ batchSize }, at) =>
    batchSize === 0 ? [`model_warmup[${at}] has no effect where its batch_size is 0`] : [],
  );
}

function collect(message: object, decisions: FieldDecisions, prefix: string, paths: string[]): void {
  for (const { field, value, chosen } of fieldsOf(message)) {
    if (!chosen && !isSet(value)) continue;
    decide(value, Object.hasOwn(decisions, field) ? decisions[field] : undefined, `${prefix}${field}`, paths);
  }
}

/** A field that nobody has decided on has no effect. */
function decide(value: unknown, decision: FieldDecision | undefined, path: string, paths: string[]): void {
  if (decision === 'honoured') return;
  if (decision === undefined || decision === 'warned') paths.push(path);
  else if (typeof decision === 'string') throw new Error(`${path} is not supported: ${decision.slice(REFUSED.length)}`);
  else if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) collect(item as object, decision, `${path}[${at}].`, paths);
  } else if (typeof value === 'object' && value !== null) collect(value, decision, `${path}.`, paths);
}

interface FieldValue {
  readonly field: string;
  readonly value: unknown;
  /** A member of a oneof: there even where it is empty. */
  readonly chosen: boolean;
}

/** A message's fields under their own names; the member of a oneof as the field that it is. */
function fieldsOf(message: object): FieldValue[] {
  return Object.entries(message).map(([field, value]: [string, unknown]) =>
    isOneof(value)
      ? { field: snakeCase(value.$case), value: value.value, chosen: true }
      : { field: snakeCase(field), value, chosen: false },
  );
}

function isOneof(value: unknown): value is { $case: string; value: unknown } {
  return typeof value === 'object' && value !== null && '$case' in value;
}

function snakeCase(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function isSet(value: unknown): boolean {
  if (value instanceof Map) return value.size > 0;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.values(value).some(isSet);
  return Boolean(value);
}
