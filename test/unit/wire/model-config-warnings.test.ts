import { describe, expect, it } from '@jest/globals';
import { parseModelConfigText } from '../../../src/wire/model-config-text.js';
import { findIneffectiveFields } from '../../../src/wire/model-config-warnings.js';

const warningsOf = (text: string) => findIneffectiveFields(parseModelConfigText(text));

describe('findIneffectiveFields', () => {
  it('is silent about everything that is read', () => {
    expect(
      warningsOf(`
        name: "m" platform: "onnxruntime_onnx" backend: "onnxruntime" max_batch_size: 8 default_model_filename: "a.onnx"
        input { name: "x" data_type: TYPE_FP32 dims: 4 } output { name: "y" data_type: TYPE_FP32 dims: 4 }
        version_policy { latest { num_versions: 2 } } instance_group { kind: KIND_CPU count: 2 }
        dynamic_batching {
          preferred_batch_size: 4 max_queue_delay_microseconds: 10 preserve_ordering: true priority_levels: 1 default_priority_level: 1
          default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 5 allow_timeout_override: true max_queue_size: 9 }
          priority_queue_policy { key: 1 value { max_queue_size: 3 } }
        }
        parameters { key: "k" value { string_value: "v" } } model_transaction_policy { decoupled: true }`),
    ).toEqual([]);
  });

  it('names each field that is set without effect, where it stands', () => {
    expect(
      warningsOf(`
        max_batch_size: 4 input { name: "x" data_type: TYPE_FP32 dims: 4 }
        output { name: "y" data_type: TYPE_FP32 dims: 4 }
        optimization { cuda { graphs: true } eager_batching: true }
        instance_group { } instance_group { host_policy: "p" }
        response_cache { enable: true } cc_model_filenames { key: "7.0" value: "x" } runtime: "x" model_metrics { metric_control { } }
        dynamic_batching { default_priority_level: 2 priority_queue_policy { key: 1 value { max_queue_size: 3 } } }`),
    ).toEqual([
      'runtime has no effect',
      'optimization.cuda has no effect',
      'optimization.eager_batching has no effect',
      'instance_group[1].host_policy has no effect',
      'cc_model_filenames has no effect',
      'response_cache has no effect',
      'model_metrics has no effect',
      'dynamic_batching.default_priority_level has no effect where priority_levels is 0',
      'dynamic_batching.priority_queue_policy has no effect where priority_levels is 0',
    ]);
  });

  it.each([
    [
      'input { name: "a" } input { name: "x" allow_ragged_batch: true }',
      'input[1].allow_ragged_batch is not supported: requests of different',
    ],
    ['input { name: "x" is_shape_tensor: true }', 'input[0].is_shape_tensor is not supported: only TensorRT'],
    ['output { name: "y" is_non_linear_format_io: true }', 'output[0].is_non_linear_format_io is not supported: only TensorRT'],
    ['batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" }', 'batch_input is not supported: no input is made'],
    ['batch_output { target_name: "y" }', 'batch_output is not supported: outputs are parted by rows'],
    ['sequence_batching { }', 'sequence_batching is not supported: requests of a sequence'],
    ['ensemble_scheduling { step { model_name: "a" } }', 'ensemble_scheduling is not supported: a model cannot be made of'],
    ['model_operations { op_library_filename: "ops.so" }', 'model_operations.op_library_filename is not supported: custom operators'],
    ['model_repository_agents { agents { name: "checksum" } }', 'model_repository_agents is not supported: no agent'],
    ['instance_group { } instance_group { gpus: 0 }', 'instance_group[1].gpus is not supported: models run on the CPU'],
    [
      'optimization { execution_accelerators { cpu_execution_accelerator { name: "openvino" } } }',
      'optimization.execution_accelerators.cpu_execution_accelerator is not supported: the runtime has no such accelerator',
    ],
  ])('refuses what would change the answers if it had no effect: %s', (text, message) => {
    expect(() => warningsOf(text)).toThrow(message);
  });

  it('names accelerators on GPUs that nobody would use', () => {
    expect(
      warningsOf('optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } } graph { level: 1 } }'),
    ).toEqual(['optimization.execution_accelerators.gpu_execution_accelerator has no effect']);
  });

  it('names warm-ups that never run', () => {
    expect(warningsOf('model_warmup { name: "w" batch_size: 1 } model_warmup { name: "idle" }')).toEqual([
      'model_warmup[1] has no effect where its batch_size is 0',
    ]);
  });

  it('names parameters of our own that do nothing', () => {
    expect(warningsOf('parameters { key: "millrace.baching" value { string_value: "off" } }')).toEqual([
      expect.stringContaining("parameter 'millrace.baching' has no effect"),
    ]);
  });

  it('names what only fixed batches go by where they are learned', () => {
    const batching = 'dynamic_batching { preferred_batch_size: 4 max_queue_delay_microseconds: 10 } max_batch_size: 8';
    const learned = 'parameters { key: "millrace.batching" value { string_value: "learned" } }';
    expect(warningsOf(`${batching} ${learned}`)).toEqual([
      "dynamic_batching.preferred_batch_size has no effect where 'millrace.batching' is 'learned'",
      "dynamic_batching.max_queue_delay_microseconds has no effect where 'millrace.batching' is 'learned'",
    ]);
    expect([...warningsOf(batching), ...warningsOf(learned), ...warningsOf(`dynamic_batching {} ${learned}`)]).toEqual([]);
  });

  const unbatched = 'dynamic_batching makes no batches where max_batch_size is 0';
  it.each([
    ['input { name: "x" } dynamic_batching {}', [unbatched]],
    ['output { name: "y" } dynamic_batching { max_queue_delay_microseconds: 5 }', [unbatched]],
    ['input { name: "x" } dynamic_batching { max_queue_delay_microseconds: 5 default_queue_policy { max_queue_size: 9 } }', [unbatched]],
    ['input { name: "x" } dynamic_batching { default_queue_policy { max_queue_size: 9 } }', []],
    ['input { name: "x" } dynamic_batching { default_queue_policy { default_timeout_microseconds: 9 } }', []],
    ['input { name: "x" } dynamic_batching { priority_levels: 2 default_priority_level: 1 }', []],
    ['input { name: "x" } dynamic_batching { preserve_ordering: true }', []],
    ['input { name: "x" } dynamic_batching {} max_batch_size: 2', []],
    ['dynamic_batching {}', []],
  ])('tells who asks for batches of a model that has none: %s', (text, warnings) => {
    expect(warningsOf(text)).toEqual(warnings);
  });

  it('is silent about a field that is set to its default', () => {
    const defaults = 'response_cache { enable: false } dynamic_batching { preserve_ordering: false } optimization { cuda {} }';
    expect(warningsOf(`${defaults} max_batch_size: 2 input { name: "x" allow_ragged_batch: false } model_operations {}`)).toEqual([]);
  });
});
