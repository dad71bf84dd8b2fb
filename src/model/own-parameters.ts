/** Parameters of config.pbtxt under this prefix are ours; all others are for the model's backend, which alone knows them. */
export const OWN_PREFIX = 'millrace.';

export const OWN_PARAMETER = {
  batching: 'millrace.batching',
  latencyTargetMs: 'millrace.latency_target_ms',
  maxBatchCost: 'millrace.max_batch_cost',
  pipelineDepth: 'millrace.pipeline_depth',
  split: 'millrace.split',
  refuseNonFinite: 'millrace.refuse_non_finite',
  padInputs: 'millrace.pad_inputs',
  padOutputs: 'millrace.pad_outputs',
  padMask: 'millrace.pad_mask',
} as const;

/** One batch runs, one is at hand when it ends: more would only leave later arrivals out of the next batch. */
export const DEFAULT_PIPELINE_DEPTH = 2;
/** More would only be a queue that knows neither priorities nor deadlines. */
export const MAX_PIPELINE_DEPTH = 16;
