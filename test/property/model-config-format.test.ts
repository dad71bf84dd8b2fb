import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import textformat from 'protobufjs/ext/textformat.js';
import { ModelConfig } from '../../src/gen/inference/model_config.js';
import type { BatchingSpec, ModelSpec, QueuePolicy, TensorSpec } from '../../src/model/spec.js';
import { parseModelConfig } from '../../src/wire/model-config.js';
import { formatModelConfig } from '../../src/wire/model-config-format.js';
import { arbitraryDatatype } from '../support/arbitrary-tensors.js';
import { modelSpec } from '../support/model-spec.js';
import { loadSchema } from '../support/wire-schema.js';

textformat.install();
const SCHEMA = loadSchema().lookupType('inference.ModelConfig');

const count = fc.nat(1000);
const milliseconds = fc.nat(10_000_000).map((microseconds) => microseconds / 1000);
const size = fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: 99 }));
const tensor: fc.Arbitrary<TensorSpec> = fc.record({
  name: fc.string({ minLength: 1, maxLength: 6 }),
  datatype: arbitraryDatatype,
  dims: fc.array(size, { maxLength: 4 }),
});
const timeout = fc
  .record({ action: fc.constantFrom('reject' as const, 'delay' as const), defaultMs: milliseconds, allowOverride: fc.boolean() })
  .filter(({ defaultMs, allowOverride }) => defaultMs > 0 || allowOverride);
const policy: fc.Arbitrary<QueuePolicy> = fc.record({ maxQueueSize: count, timeout }, { requiredKeys: ['maxQueueSize'] });
const priorities = fc.integer({ min: 1, max: 9 }).chain((levels) =>
  fc.record({
    levels: fc.constant(levels),
    defaultLevel: fc.integer({ min: 1, max: levels }),
    policies: fc.array(fc.tuple(fc.integer({ min: 1, max: levels }), policy), { maxLength: 3 }).map((entries) => new Map(entries)),
  }),
);
const plain = { preferredBatchSizes: fc.array(count, { maxLength: 3 }), maxQueueDelayMs: milliseconds, maxQueueSize: count };
/** Answers in order go neither with priorities nor with delayed requests. */
const batching: fc.Arbitrary<BatchingSpec> = fc.oneof(
  fc.record({ ...plain, timeout, priorities }, { requiredKeys: ['preferredBatchSizes', 'maxQueueDelayMs', 'maxQueueSize'] }),
  fc.record({ ...plain, preserveOrdering: fc.constant(true) }),
  fc.constant({ preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0 }),
);
const spec: fc.Arbitrary<ModelSpec> = fc
  .record({
    backend: fc.constantFrom('onnxruntime', 'identity', 'repeat', 'remote'),
    maxBatchSize: count,
    inputs: fc.array(tensor, { maxLength: 3 }),
    outputs: fc.array(tensor, { maxLength: 3 }),
    batching,
    sharesBatches: fc.boolean(),
    instanceCount: fc.integer({ min: 1, max: 64 }),
    decoupled: fc.boolean(),
    parameters: fc
      .dictionary(fc.stringMatching(/^[a-z][a-z_]{0,8}$/), fc.string({ unit: 'grapheme' }))
      .map((all) => new Map(Object.entries(all))),
  })
  .map(modelSpec);

/** As an author would write it, by an implementation that is not the one under test. */
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

/** No dims are the model file's to say: text cannot tell a scalar from what was left out. */
function asSettings({ name, datatype, dims }: TensorSpec) {
  return { name, datatype, dims: dims.length === 0 ? undefined : dims };
}

describe('formatModelConfig', () => {
  it('is read back as the same model', () => {
    fc.assert(
      fc.property(spec, (given) => {
        const { backend, maxBatchSize, inputs, outputs, instanceCount, decoupled, parameters } = given;
        expect(parseModelConfig(toText(formatModelConfig(given)), given.model)).toMatchObject({
          backend,
          maxBatchSize,
          inputs: inputs.map(asSettings),
          outputs: outputs.map(asSettings),
          instanceCount,
          decoupled,
          parameters,
          batching: given.batching,
        });
      }),
      { numRuns: 300 },
    );
  });
});
