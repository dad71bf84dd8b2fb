import type { ModelSpec } from '../../src/model/spec.js';

/** A batched model with one input and one output, unless told otherwise. */
export function modelSpec(overrides: Partial<ModelSpec> = {}): ModelSpec {
  return {
    model: 'm',
    version: '1',
    backend: 'onnxruntime',
    maxBatchSize: 32,
    inputs: [{ name: 'x', datatype: 'FP32', dims: [4] }],
    outputs: [{ name: 'y', datatype: 'FP32', dims: [2] }],
    batching: { preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0 },
    sharesBatches: true,
    instanceCount: 1,
    decoupled: false,
    parameters: new Map(),
    metricTags: new Map(),
    authored: new Uint8Array(0),
    ...overrides,
  };
}
