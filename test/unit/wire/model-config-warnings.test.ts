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
        input { name: "z" data_type: TYPE_FP32 dims: 4 reshape { shape: 2 } }
        output { name: "y" data_type: TYPE_FP32 dims: 4 label_filename: "labels.txt" }
        optimization { cuda { graphs: true } graph { level: 1 } }
        instance_group { gpus: 0 }
        metric_tags { key: "a" value: "b" }
        model_warmup { name: "w" }
        dynamic_batching { default_priority_level: 2 priority_queue_policy { key: 1 value { max_queue_size: 3 } } }`),
    ).toEqual([
      'input[1].reshape has no effect',
      'output[0].label_filename has no effect',
      'optimization.graph has no effect',
      'optimization.cuda has no effect',
      'instance_group[0].gpus has no effect',
      'metric_tags has no effect',
      'model_warmup has no effect',
      'dynamic_batching.default_priority_level has no effect where priority_levels is 0',
      'dynamic_batching.priority_queue_policy has no effect where priority_levels is 0',
    ]);
  });

  it('names parameters of our own prefix that nobody reads', () => {
    expect(
      warningsOf(`
        parameters { key: "millrace.batching" value { string_value: "off" } }
        parameters { key: "millrace.baching" value { string_value: "off" } }
        parameters { key: "millrace." value { string_value: "" } }
        parameters { key: "other.batching" value { string_value: "off" } }`),
    ).toEqual([
      "parameter 'millrace.baching' has no effect: known are ['millrace.batching']",
      "parameter 'millrace.' has no effect: known are ['millrace.batching']",
    ]);
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
    expect(warningsOf('response_cache { enable: false } dynamic_batching { preserve_ordering: false } optimization { cuda {} }')).toEqual(
      [],
    );
  });
});
