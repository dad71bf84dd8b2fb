import { describe, expect, it } from '@jest/globals';
import type { ModelSpec } from '../../../src/model/spec.js';
import { formatModelMetadata, formatServerMetadata } from '../../../src/wire/oip-metadata.js';

function spec(fields: Partial<ModelSpec>): ModelSpec {
  return {
    model: 'm',
    version: '1',
    backend: 'onnxruntime',
    maxBatchSize: 0,
    inputs: [{ name: 'text', datatype: 'BYTES', dims: [-1, 2] }],
    outputs: [{ name: 'y', datatype: 'FP32', dims: [] }],
    batching: { preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0 },
    instanceCount: 1,
    decoupled: false,
    parameters: new Map(),
    ...fields,
  } as ModelSpec;
}

describe('formatModelMetadata', () => {
  it('shows an unbatched model as it is declared', () => {
    expect(formatModelMetadata(spec({}), ['1', '3'])).toEqual({
      name: 'm',
      versions: ['1', '3'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1n, 2n] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [] }],
      properties: {},
    });
  });

  it('puts the batch axis in front where there is one', () => {
    const { inputs, outputs } = formatModelMetadata(spec({ maxBatchSize: 8 }), ['1']);
    expect(inputs[0]?.shape).toEqual([-1n, -1n, 2n]);
    expect(outputs[0]?.shape).toEqual([-1n]);
  });

  it('names other backends as they are', () => {
    expect(formatModelMetadata(spec({ backend: 'identity' }), []).platform).toBe('identity');
  });
});

describe('formatServerMetadata', () => {
  it('says who the server is', () => {
    expect(formatServerMetadata('millrace', '0.1.0', ['statistics'])).toEqual({
      name: 'millrace',
      version: '0.1.0',
      extensions: ['statistics'],
    });
  });
});
