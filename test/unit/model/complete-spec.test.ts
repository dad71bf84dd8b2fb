import { describe, expect, it } from '@jest/globals';
import { completeSpec } from '../../../src/model/complete-spec.js';
import type { ModelSettings, ModelSignature, ModelSpec, TensorSpec } from '../../../src/model/spec.js';
import { modelSource } from '../../support/model-source.js';

const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 16] }],
  outputs: [
    { name: 'label', datatype: 'INT64', shape: [-1] },
    { name: 'scores', datatype: 'FP32', shape: [-1, 10] },
  ],
};

const X: TensorSpec = { name: 'x', datatype: 'FP32', dims: [16] };

function complete(settings: Partial<ModelSettings>, signature = SIGNATURE): ModelSpec {
  return completeSpec(modelSource({ backend: 'onnxruntime', ...settings }), signature, { maxBatchSize: 32 });
}

function failure(settings: Partial<ModelSettings>, signature = SIGNATURE): unknown {
  try {
    return complete(settings, signature);
  } catch (error) {
    return error;
  }
}

const loadFailed = (...texts: string[]) => {
  const message = expect.stringMatching(new RegExp(texts.map((text) => text.replace(/[[\]]/g, '\\$&')).join('.*')));
  return expect.objectContaining({ code: 'load_failed', message });
};

describe('completeSpec without a signature in the settings', () => {
  it('takes a symbolic axis 0 all over for the batch axis', () => {
    expect(complete({})).toMatchObject({
      model: 'm',
      version: '1',
      backend: 'onnxruntime',
      maxBatchSize: 32,
      sharesBatches: true,
      inputs: [X],
      outputs: [
        { name: 'label', datatype: 'INT64', dims: [] },
        { name: 'scores', datatype: 'FP32', dims: [10] },
      ],
    });
  });

  it.each([
    ['a fixed axis 0', { name: 'y', datatype: 'FP32', shape: [1, 4] } as const],
    ['a scalar', { name: 'y', datatype: 'FP32', shape: [] } as const],
  ])('leaves a model with %s unbatched, shapes whole', (_, tensor) => {
    const spec = complete({}, { inputs: [...SIGNATURE.inputs, tensor], outputs: SIGNATURE.outputs });
    expect(spec).toMatchObject({ maxBatchSize: 0, sharesBatches: false });
    expect(spec.inputs.map(({ dims }) => dims)).toEqual([[-1, 16], tensor.shape]);
  });

  it('looks at the outputs too', () => {
    const outputs = [{ name: 'sum', datatype: 'FP32', shape: [1] } as const];
    expect(complete({}, { inputs: SIGNATURE.inputs, outputs }).maxBatchSize).toBe(0);
  });

  it('leaves a model without inputs unbatched', () => {
    expect(complete({}, { inputs: [], outputs: SIGNATURE.outputs }).maxBatchSize).toBe(0);
  });

  it('leaves the model unbatched where batching is off', () => {
    const spec = complete({ parameters: new Map([['millrace.batching', 'off']]) });
    expect(spec).toMatchObject({ maxBatchSize: 0, sharesBatches: false });
    expect(spec.inputs).toEqual([{ ...X, dims: [-1, 16] }]);
  });
});

describe('completeSpec with max_batch_size', () => {
  it('keeps it and takes the batch axis off', () => {
    expect(complete({ maxBatchSize: 8 })).toMatchObject({ maxBatchSize: 8, sharesBatches: true, inputs: [X] });
  });

  it('keeps it as the bound of a request where batching is off', () => {
    const spec = complete({ maxBatchSize: 8, parameters: new Map([['millrace.batching', 'off']]) });
    expect(spec).toMatchObject({ maxBatchSize: 8, sharesBatches: false, inputs: [X] });
  });

  it('refuses a model whose axis 0 is fixed', () => {
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 16] } as const];
    expect(failure({ maxBatchSize: 8 }, { ...SIGNATURE, inputs })).toEqual(loadFailed("model 'm': input 'x'", '8', '-1', '[1,16]'));
    const outputs = [{ name: 'scores', datatype: 'FP32', shape: [] } as const];
    expect(failure({ maxBatchSize: 8 }, { ...SIGNATURE, outputs })).toEqual(loadFailed("output 'scores'", '8', '[]'));
  });
});

describe('completeSpec with inputs and outputs', () => {
  it('takes 0 for the max batch size that is not given', () => {
    expect(complete({ inputs: [{ ...X, dims: [-1, 16] }] })).toMatchObject({ maxBatchSize: 0, inputs: [{ dims: [-1, 16] }] });
  });

  it('orders inputs and outputs as configured, what is left out behind', () => {
    const inputs = [...SIGNATURE.inputs, { name: 'w', datatype: 'INT32', shape: [-1] } as const];
    const spec = complete(
      {
        maxBatchSize: 4,
        inputs: [{ name: 'w', datatype: 'INT32', dims: [] }, X],
        outputs: [{ name: 'scores', datatype: 'FP32', dims: [10] }],
      },
      { ...SIGNATURE, inputs },
    );
    expect(spec.inputs.map(({ name }) => name)).toEqual(['w', 'x']);
    expect(spec.outputs.map(({ name }) => name)).toEqual(['scores', 'label']);
  });

  it('takes the more specific of two dims', () => {
    const signature: ModelSignature = { ...SIGNATURE, inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1, 3, -1] }] };
    const spec = complete({ maxBatchSize: 4, inputs: [{ ...X, dims: [16, -1, -1] }] }, signature);
    expect(spec.inputs[0]?.dims).toEqual([16, 3, -1]);
  });

  it('takes from the file what an input leaves out', () => {
    const spec = complete({ maxBatchSize: 4, inputs: [{ name: 'x', datatype: undefined, dims: undefined }] });
    expect(spec.inputs).toEqual([X]);
  });

  it.each<[string, Partial<ModelSettings>, string[]]>([
    ['an input that is not there', { inputs: [{ ...X, name: 'z' }] }, ["input 'z'", "['x']"]],
    ['an output that is not there', { outputs: [{ ...X, name: 'z' }] }, ["output 'z'", "['label','scores']"]],
    ['another datatype', { inputs: [{ ...X, datatype: 'INT32' }] }, ["input 'x'", 'INT32', 'FP32']],
    ['another rank', { inputs: [{ ...X, dims: [4, 4] }] }, ["input 'x'", '[4,4]', '[16]']],
    ['another size', { outputs: [{ name: 'scores', datatype: 'FP32', dims: [9] }] }, ["output 'scores'", '[9]', '[10]']],
    ['an input twice', { inputs: [X, X] }, ["input 'x'", 'twice']],
  ])('refuses %s', (_, settings, texts) => {
    expect(failure({ maxBatchSize: 8, ...settings })).toEqual(loadFailed(...texts));
  });

  it('refuses to leave out an input', () => {
    const inputs = [...SIGNATURE.inputs, { name: 'w', datatype: 'INT32', shape: [-1] } as const];
    expect(failure({ maxBatchSize: 8, inputs: [X] }, { ...SIGNATURE, inputs })).toEqual(loadFailed("['w']"));
  });
});

describe('completeSpec with padding', () => {
  const signature: ModelSignature = {
    inputs: [
      { name: 'x', datatype: 'FP32', shape: [-1, -1] },
      { name: 'mask', datatype: 'BOOL', shape: [-1, -1] },
    ],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, -1, 4] }],
  };
  const padded = { axis: 0, value: 0 };
  const padding = {
    inputs: new Map([
      ['x', padded],
      ['mask', padded],
    ]),
    outputs: new Map([['y', { axis: 0 }]]),
    mask: 'mask',
  };
  const batching = { preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0, padding };

  it('lets requests leave the mask out', () => {
    const spec = complete({ maxBatchSize: 8, batching }, signature);
    expect(spec.batching.padding).toEqual(padding);
    expect(spec.inputs).toEqual([
      { name: 'x', datatype: 'FP32', dims: [-1] },
      { name: 'mask', datatype: 'BOOL', dims: [-1], optional: true },
    ]);
    expect(Object.isFrozen(spec.inputs[1])).toBe(true);
  });

  it('pads nothing, and makes no mask, where requests share no batch', () => {
    const off = new Map([['millrace.batching', 'off']]);
    for (const settings of [{ parameters: off }, { parameters: off, maxBatchSize: 8 }, { decoupled: true, maxBatchSize: 8 }]) {
      const spec = complete({ batching, ...settings }, signature);
      expect(spec.batching).not.toHaveProperty('padding');
      expect(spec.inputs[1]).not.toHaveProperty('optional');
    }
  });

  it('refuses what does not fit the model, naming parameter and tensor', () => {
    const wrong = { ...batching, padding: { ...padding, outputs: new Map([['z', { axis: 0 }]]) } };
    expect(failure({ maxBatchSize: 8, batching: wrong }, signature)).toEqual(
      loadFailed("model 'm': parameter 'millrace.pad_outputs': output 'z'", "['y']"),
    );
  });
});

describe('completeSpec of the rest', () => {
  const batching = { preferredBatchSizes: [8, 2, 8], maxQueueDelayMs: 5, maxQueueSize: 7 };

  it('puts preferred batch sizes in order', () => {
    expect(complete({ maxBatchSize: 8, batching }).batching).toEqual({ ...batching, preferredBatchSizes: [2, 8] });
  });

  it('holds them against the max batch size that it completed', () => {
    expect(complete({ batching: { ...batching, preferredBatchSizes: [32] } }).batching.preferredBatchSizes).toEqual([32]);
    expect(failure({ batching: { ...batching, preferredBatchSizes: [33] } })).toEqual(loadFailed('preferred size', '32', '33'));
  });

  it.each([
    [9, '8'],
    [0, 'positive'],
    [-1, 'positive'],
  ])('refuses a preferred batch size of %p', (size, text) => {
    const settings = { maxBatchSize: 8, batching: { ...batching, preferredBatchSizes: [2, size] } };
    expect(failure(settings)).toEqual(loadFailed('preferred size', text, String(size)));
  });

  it('shares batches unless batching is off', () => {
    expect(complete({ parameters: new Map([['millrace.batching', 'learned']]) }).sharesBatches).toBe(true);
    expect(complete({ maxBatchSize: 4, parameters: new Map([['millrace.batching', 'off']]) }).sharesBatches).toBe(false);
  });

  it('splits no requests and takes any numbers unless the settings say so', () => {
    expect(complete({})).toMatchObject({ splitsRequests: false, refusesNonFinite: false });
    expect(complete({ splitsRequests: true, refusesNonFinite: true })).toMatchObject({ splitsRequests: true, refusesNonFinite: true });
  });

  it('has at least one instance', () => {
    expect(complete({ instanceCount: 0 }).instanceCount).toBe(1);
    expect(complete({ instanceCount: 3, decoupled: true })).toMatchObject({ instanceCount: 3, decoupled: true });
  });

  it('is frozen', () => {
    const spec = complete({ maxBatchSize: 8, inputs: [X], batching });
    const parts = [spec, spec.inputs, spec.inputs[0], spec.inputs[0]?.dims, spec.outputs, spec.outputs[0], spec.batching];
    expect(parts.map(Object.isFrozen)).toEqual(parts.map(() => true));
    expect(Object.isFrozen(spec.batching.preferredBatchSizes)).toBe(true);
  });
});
