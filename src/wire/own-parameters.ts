import type { ModelConfig } from '../gen/inference/model_config.js';
import { MAX_PIPELINE_DEPTH, OWN_PARAMETER } from '../model/own-parameters.js';
import type { BatchingSpec, ModelSettings } from '../model/spec.js';
import { parsePadding } from './padding-parameters.js';
import { badValue, parameterOf, parseIntegerUpTo, parseOnOff, parsePositiveInteger, parsePositiveNumber } from './parameter-value.js';

/** What our own parameters say; what is not there is absent. */
export interface OwnSettings {
  readonly batching: Pick<BatchingSpec, 'latencyTargetMs' | 'maxBatchCost' | 'pipelineDepth' | 'padding'>;
  readonly switches: Pick<ModelSettings, 'splitsRequests' | 'refusesNonFinite'>;
}

/** Throws an Error that names the parameter, its value and what is expected. Parameters that nobody knows are not looked at. */
export function parseOwnParameters(config: ModelConfig): OwnSettings {
  return {
    batching: {
      ...given('latencyTargetMs', parsePositiveNumber(config, OWN_PARAMETER.latencyTargetMs)),
      ...given('maxBatchCost', parsePositiveInteger(config, OWN_PARAMETER.maxBatchCost)),
      ...given('pipelineDepth', parseIntegerUpTo(config, OWN_PARAMETER.pipelineDepth, MAX_PIPELINE_DEPTH)),
      ...given('padding', parsePadding(config)),
    },
    switches: {
      ...given('splitsRequests', parseOnOff(config, OWN_PARAMETER.split)),
      ...given('refusesNonFinite', parseOnOff(config, OWN_PARAMETER.refuseNonFinite)),
    },
  };
}

/** What rules the batches of a model whose dynamic_batching is `batching`: explicit settings mean what they mean in Triton, unless their author says otherwise. */
export function parseBatchingMode(config: ModelConfig, { preferredBatchSizes, maxQueueDelayMs }: BatchingSpec): 'fixed' | 'learned' {
  const value = parameterOf(config, OWN_PARAMETER.batching);
  if (value !== undefined && value !== 'off' && value !== 'learned') throw badValue(OWN_PARAMETER.batching, value, "'off' or 'learned'");
  const isExplicit = preferredBatchSizes.length > 0 || maxQueueDelayMs > 0;
  return isExplicit && value !== 'learned' ? 'fixed' : 'learned';
}

function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}
