import { quote } from '../error/quote.js';
import type { ModelConfig } from '../gen/inference/model_config.js';
import { OWN_PARAMETER, OWN_PREFIX } from '../model/own-parameters.js';
import type { Datatype } from '../tensor/datatype.js';
import { datatypeOfNumber } from './datatype-number.js';
import { parameterOf } from './parameter-value.js';

const KNOWN: readonly string[] = Object.values(OWN_PARAMETER);

const FLOATS: readonly (Datatype | undefined)[] = ['FP16', 'BF16', 'FP32', 'FP64'];

/** A sentence for each of our own parameters that is without effect in the model of this configuration, and for those under our prefix that nobody knows. */
export function findIneffectiveParameters(config: ModelConfig): string[] {
  const unknown = Object.keys(config.parameters).filter((name) => name.startsWith(OWN_PREFIX) && !KNOWN.includes(name));
  return [
    ...unknown.map((name) => `parameter ${quote(name)} has no effect: known are ${KNOWN.join(', ')}`),
    ...KNOWN.filter((name) => Object.hasOwn(config.parameters, name)).flatMap((name) => {
      const where = whereIneffective(name, config);
      return where === undefined ? [] : [`parameter ${quote(name)} has no effect where ${where}`];
    }),
  ];
}

function whereIneffective(name: string, config: ModelConfig): string | undefined {
  if (name === OWN_PARAMETER.batching) return undefined;
  if (name === OWN_PARAMETER.refuseNonFinite) return hasOnlyOtherInputs(config) ? 'no input is of a floating-point type' : undefined;
  if (config.modelTransactionPolicy?.decoupled === true) return 'the model is decoupled';
  if (name === OWN_PARAMETER.pipelineDepth) return undefined;
  if (isUnbatched(config)) return 'max_batch_size is 0';
  if (name === OWN_PARAMETER.split) return undefined;
  return whereUnshared(name, config);
}

/** The others need requests that share executions. */
function whereUnshared(name: string, config: ModelConfig): string | undefined {
  const policy = parameterOf(config, OWN_PARAMETER.batching);
  if (policy === 'off') return `${quote(OWN_PARAMETER.batching)} is 'off'`;
  const isFixed = policy !== 'learned' && hasFixedBatches(config);
  return name === OWN_PARAMETER.latencyTargetMs && isFixed ? 'dynamic_batching has a delay or preferred sizes' : undefined;
}

/** A model that says nothing of its tensors may get a max batch size yet. */
function isUnbatched({ maxBatchSize, input, output }: ModelConfig): boolean {
  return maxBatchSize === 0 && input.length + output.length > 0;
}

function hasFixedBatches({ schedulingChoice }: ModelConfig): boolean {
  if (schedulingChoice?.$case !== 'dynamicBatching') return false;
  const { preferredBatchSize, maxQueueDelayMicroseconds } = schedulingChoice.value;
  return preferredBatchSize.length > 0 || maxQueueDelayMicroseconds > 0n;
}

/** An input without a datatype may have one in the model file. */
function hasOnlyOtherInputs({ input }: ModelConfig): boolean {
  const datatypes = input.map(({ dataType }) => datatypeOfNumber(dataType));
  return input.length > 0 && datatypes.every((datatype) => datatype !== undefined && !FLOATS.includes(datatype));
}
