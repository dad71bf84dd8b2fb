import { quote, quoteList } from '../error/quote.js';
import type { ModelConfig } from '../gen/inference/model_config.js';
import { BATCHING_PARAMETER } from '../model/complete-spec.js';

/** Fields that are read; `true` with all that is below them. */
interface ReadFields {
  readonly [field: string]: true | ReadFields;
}

/** An empty list of fields under a name has each of the fields below reported by itself. */
const READ_FIELDS: ReadFields = {
  name: true,
  platform: true,
  backend: true,
  version_policy: true,
  max_batch_size: true,
  input: { name: true, data_type: true, dims: true },
  output: { name: true, data_type: true, dims: true },
  optimization: {},
  dynamic_batching: true,
  instance_group: { kind: true, count: true },
  default_model_filename: true,
  parameters: true,
  model_transaction_policy: true,
};

/** Parameters under this prefix are ours; all others are for the model's backend, which alone knows them. */
const OWN_PREFIX = 'millrace.';
const OWN_PARAMETERS = [BATCHING_PARAMETER];

/**
 * A sentence for each field that is set to something but has no effect here, in the spelling of config.pbtxt. A field that is set to its default
 * says nothing that would be lost.
 */
export function findIneffectiveFields(config: ModelConfig): string[] {
  const paths: string[] = [];
  collect(config, READ_FIELDS, '', paths);
  return [
    ...paths.map((path) => `${path} has no effect`),
    ...unknownParameters(config),
    ...unknownPriorities(config),
    ...batchesOfUnbatched(config),
  ];
}

function unknownParameters({ parameters }: ModelConfig): string[] {
  const unknown = Object.keys(parameters).filter((key) => key.startsWith(OWN_PREFIX) && !OWN_PARAMETERS.includes(key));
  return unknown.map((key) => `parameter ${quote(key)} has no effect: known are ${quoteList(OWN_PARAMETERS)}`);
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

/** Of dynamic_batching only what it says of the queue holds without batches. A model that says nothing of its tensors may get a max batch size yet. */
function batchesOfUnbatched({ schedulingChoice, maxBatchSize, input, output }: ModelConfig): string[] {
  const isUnbatched = maxBatchSize === 0 && input.length + output.length > 0;
  if (!isUnbatched || schedulingChoice?.$case !== 'dynamicBatching') return [];
  const { maxQueueDelayMicroseconds, priorityLevels, preserveOrdering, defaultQueuePolicy } = schedulingChoice.value;
  const rulesQueue = priorityLevels > 0n || preserveOrdering || isSet(defaultQueuePolicy);
  return rulesQueue && maxQueueDelayMicroseconds === 0n ? [] : ['dynamic_batching makes no batches where max_batch_size is 0'];
}

function collect(message: object, read: ReadFields, prefix: string, paths: string[]): void {
  for (const [field, value] of fieldsOf(message)) {
    const below = Object.hasOwn(read, field) ? read[field] : undefined;
    if (below === true || !isSet(value)) continue;
    const path = `${prefix}${field}`;
    if (below === undefined) paths.push(path);
    else if (Array.isArray(value)) {
      for (const [at, item] of value.entries()) collect(item as object, below, `${path}[${at}].`, paths);
    } else if (typeof value === 'object' && value !== null) collect(value, below, `${path}.`, paths);
  }
}

/** A message's fields under their own names; the member of a oneof as the field that it is. */
function fieldsOf(message: object): [field: string, value: unknown][] {
  return Object.entries(message).map(([field, value]: [string, unknown]) =>
    isOneof(value) ? [snakeCase(value.$case), value.value] : [snakeCase(field), value],
  );
}

function isOneof(value: unknown): value is { $case: string; value: unknown } {
  return typeof value === 'object' && value !== null && '$case' in value;
}

function snakeCase(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.values(value).some(isSet);
  return Boolean(value);
}
