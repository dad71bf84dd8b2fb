import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import textformat from 'protobufjs/ext/textformat.js';
import { ModelConfig } from '../../src/gen/inference/model_config.js';
import { completeSpec } from '../../src/model/complete-spec.js';
import type { ModelSettings, ModelSignature, ModelSpec, TensorSettings, TensorSignature } from '../../src/model/spec.js';
import { parseModelConfig } from '../../src/wire/model-config.js';
import { formatModelConfig } from '../../src/wire/model-config-format.js';
import { modelSource } from '../support/model-source.js';
import { loadSchema } from '../support/wire-schema.js';

textformat.install();
const SCHEMA = loadSchema().lookupType('inference.ModelConfig');

const count = fc.nat(1000);
const word = fc.stringMatching(/^[a-z][a-z_]{0,8}$/);
const sized = fc.integer({ min: 1, max: 9 });

/** A tensor as an author writes it: with a reshape of as many elements, with dims alone, or with nothing but its name. */
const shapes = fc.oneof(
  fc.constant({}),
  fc.record({ dims: fc.array(fc.oneof(fc.constant(-1), sized), { minLength: 1, maxLength: 3 }) }),
  fc.tuple(sized, sized).map(([a, b]) => ({ dims: [a, -1, b], reshape: { shape: [a, 1, -1, 1, b] } })),
  fc.constant({ dims: [1], reshape: { shape: [] } }),
);
const tensor = fc
  .tuple(word, fc.constantFrom({}, { data_type: 'TYPE_FP32' }), shapes)
  .map((parts) => ({ name: parts[0], ...parts[1], ...parts[2] }));
const tensors = fc.uniqueArray(tensor, { maxLength: 3, selector: ({ name }) => name });
const inputs = fc
  .tuple(tensors, fc.boolean())
  .map(([all, optional]) => all.map((each) => (optional ? { ...each, optional, format: 0 } : each)));
const outputs = tensors.map((all) => all.map((each) => ({ ...each, label_filename: 'labels.txt' })));

const policy = fc.record(
  { timeout_action: fc.constant('DELAY'), default_timeout_microseconds: count, max_queue_size: count },
  { requiredKeys: [] },
);
const priorities = fc.record({
  priority_levels: fc.constant(9),
  default_priority_level: sized,
  priority_queue_policy: fc.dictionary(sized.map(String), policy, { maxKeys: 3 }),
});
const scheduling = fc.tuple(
  fc.record({ max_queue_delay_microseconds: count, default_queue_policy: policy }, { requiredKeys: [] }),
  fc.oneof(fc.constant({}), priorities),
);
const group = fc.record(
  { name: word, count: fc.nat(9), kind: fc.constantFrom('KIND_AUTO', 'KIND_CPU', 'KIND_MODEL') },
  { requiredKeys: [] },
);
const warmup = fc.record({
  name: word,
  batch_size: count,
  count,
  inputs: fc.constant({ x: { data_type: 'TYPE_FP32', dims: [2], zero_data: true } }),
});
const versionPolicy = fc.oneof(
  fc.constant({}),
  fc.record({ latest: fc.record({ num_versions: sized }) }),
  fc.constant({ all: {} }),
  fc.record({ specific: fc.record({ versions: fc.array(sized, { minLength: 1 }) }) }),
);

const authored: fc.Arbitrary<object> = fc.record(
  {
    name: fc.constant('m'),
    backend: fc.constantFrom('onnxruntime', 'identity'),
    max_batch_size: fc.nat(4),
    version_policy: versionPolicy,
    input: inputs,
    output: outputs,
    dynamic_batching: scheduling.map(([plain, more]) => ({ ...plain, ...more })),
    instance_group: fc.array(group, { maxLength: 3 }),
    default_model_filename: word,
    metric_tags: fc.dictionary(word, fc.string()),
    parameters: fc.dictionary(word, fc.record({ string_value: fc.string({ unit: 'grapheme' }) })),
    model_warmup: fc.array(warmup, { maxLength: 2 }),
    model_transaction_policy: fc.record({ decoupled: fc.boolean() }),
    response_cache: fc.record({ enable: fc.boolean() }),
    runtime: word,
  },
  { requiredKeys: [] },
);

function toText(config: ModelConfig): string {
  const message = SCHEMA.decode(ModelConfig.encode(config).finish()) as protobuf.Message & DecodedConfig;
  const { dynamic_batching: decoded } = message;
  // protobufjs decodes 64-bit keys to the characters of their bytes, which its text format cannot write.
  const levels = Object.entries(decoded?.priority_queue_policy ?? {});
  if (decoded != null) {
    decoded.priority_queue_policy = Object.fromEntries(
      levels.map(([key, value]) => [Number(protobuf.util.longFromHash(key, true)), value]),
    );
  }
  return SCHEMA.toText(message);
}

interface DecodedConfig {
  readonly dynamic_batching?: { priority_queue_policy: Readonly<Record<string, unknown>> } | null;
}

/** A model file that the settings fit, and that fixes each other of the axes that they leave open. */
function signatureOf({ inputs: some, outputs: others, maxBatchSize }: ModelSettings): ModelSignature {
  const whole = ({ name, dims = [-1, 3], reshape = dims }: TensorSettings): TensorSignature => {
    const own = reshape.map((size, axis) => (size === -1 && axis % 2 === 0 ? 7 : size));
    return { name, datatype: 'FP32', shape: maxBatchSize > 0 ? [-1, ...own] : own };
  };
  const more: TensorSignature = { name: 'MORE', datatype: 'INT64', shape: maxBatchSize > 0 ? [-1, 2] : [-1] };
  return { inputs: some.length === 0 ? [more] : some.map(whole), outputs: [...others.map(whole), more] };
}

interface Loaded {
  readonly settings: ModelSettings;
  readonly spec: ModelSpec;
}

function load(text: string, own?: ModelSignature): Loaded & { readonly signature: ModelSignature } {
  const settings = parseModelConfig(text, 'm');
  const signature = own ?? signatureOf(settings);
  return { settings, signature, spec: completeSpec(modelSource(settings), signature, { maxBatchSize: 32 }) };
}

describe('formatModelConfig', () => {
  it('is read back as the same model', () => {
    fc.assert(
      fc.property(authored, (config) => {
        const first = load(SCHEMA.toText(SCHEMA.fromObject(config)));
        const again = load(toText(formatModelConfig(first.spec)), first.signature);
        const { authored: _, ...spec } = first.spec;
        expect(again.spec).toMatchObject(spec);
        const { versionPolicy: versions, modelFilename, warmups, runtime, warnings } = first.settings;
        expect(again.settings).toMatchObject({ versionPolicy: versions, modelFilename, warmups, runtime, warnings });
      }),
      { numRuns: 300 },
    );
  });

  it('changes nothing more once it has been read back', () => {
    fc.assert(
      fc.property(authored, (config) => {
        const first = load(SCHEMA.toText(SCHEMA.fromObject(config)));
        const shown = formatModelConfig(first.spec);
        expect(formatModelConfig(load(toText(shown), first.signature).spec)).toEqual(shown);
      }),
      { numRuns: 100 },
    );
  });
});
