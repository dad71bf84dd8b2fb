/**
 * What becomes of a field that is set to something: it is honoured, it has no effect and its author is warned, or the model is refused, as it would
 * answer otherwise than its author expects. A message is decided on as a whole or field by field; a map is one field.
 */
export type FieldDecision = 'honoured' | 'warned' | `refused: ${string}` | FieldDecisions;

export interface FieldDecisions {
  readonly [field: string]: FieldDecision;
}

const QUEUE_POLICY: FieldDecisions = {
  timeout_action: 'honoured',
  default_timeout_microseconds: 'honoured',
  allow_timeout_override: 'honoured',
  max_queue_size: 'honoured',
};

const RESHAPE: FieldDecisions = { shape: 'honoured' };

/** Every field of inference.ModelConfig, in the order of its .proto. */
export const MODEL_CONFIG_DECISIONS: FieldDecisions = {
  name: 'honoured',
  platform: 'honoured',
  backend: 'honoured',
  runtime: 'warned',
  version_policy: { latest: { num_versions: 'honoured' }, all: {}, specific: { versions: 'honoured' } },
  max_batch_size: 'honoured',
  input: {
    name: 'honoured',
    data_type: 'honoured',
    format: 'honoured',
    dims: 'honoured',
    reshape: RESHAPE,
    is_shape_tensor: 'refused: only TensorRT has shape tensors',
    allow_ragged_batch: 'refused: requests of different shapes share a batch only where millrace.pad_inputs pads them',
    optional: 'honoured',
    is_non_linear_format_io: 'refused: only TensorRT has tensors of such a layout',
  },
  output: {
    name: 'honoured',
    data_type: 'honoured',
    dims: 'honoured',
    label_filename: 'honoured',
    reshape: RESHAPE,
    is_shape_tensor: 'refused: only TensorRT has shape tensors',
    is_non_linear_format_io: 'refused: only TensorRT has tensors of such a layout',
  },
  batch_input: 'refused: no input is made from the make-up of a batch',
  batch_output: 'refused: outputs are parted by rows alone',
  optimization: {
    graph: { level: 'honoured' },
    priority: 'warned',
    cuda: 'warned',
    execution_accelerators: {
      // Where it would be used, parseRuntimeSettings refuses it.
      gpu_execution_accelerator: 'warned',
      cpu_execution_accelerator: 'refused: the runtime has no such accelerator',
    },
    input_pinned_memory: 'warned',
    output_pinned_memory: 'warned',
    gather_kernel_buffer_threshold: 'warned',
    eager_batching: 'warned',
  },
  dynamic_batching: {
    preferred_batch_size: 'honoured',
    max_queue_delay_microseconds: 'honoured',
    preserve_ordering: 'honoured',
    priority_levels: 'honoured',
    default_priority_level: 'honoured',
    default_queue_policy: QUEUE_POLICY,
    priority_queue_policy: 'honoured',
  },
  sequence_batching: 'refused: requests of a sequence are not kept together',
  ensemble_scheduling: 'refused: a model cannot be made of other models',
  instance_group: {
    name: 'honoured',
    count: 'honoured',
    gpus: 'refused: models run on the CPU',
    kind: 'honoured',
    profile: 'warned',
    rate_limiter: 'warned',
    passive: 'warned',
    secondary_devices: 'warned',
    host_policy: 'warned',
  },
  default_model_filename: 'honoured',
  cc_model_filenames: 'warned',
  metric_tags: 'honoured',
  parameters: 'honoured',
  model_warmup: {
    name: 'honoured',
    batch_size: 'honoured',
    inputs: 'honoured',
    count: 'honoured',
  },
  model_operations: { op_library_filename: 'refused: custom operators cannot be loaded' },
  model_transaction_policy: { decoupled: 'honoured' },
  model_repository_agents: 'refused: no agent would see the model',
  response_cache: 'warned',
  model_metrics: 'warned',
};
