import { describe, expect, it } from '@jest/globals';
import { batchKeyFor, requestLength } from '../../../src/batching/compatibility.js';
import type { ModelSpec, PaddingSpec } from '../../../src/model/spec.js';
import type { Tensor } from '../../../src/tensor/tensor.js';

function createSpec(maxBatchSize: number, ...dims: readonly (readonly number[])[]): ModelSpec {
  return {
    model: 'm',
    version: '1',
    backend: 'identity',
    maxBatchSize,
    inputs: dims.map((pattern, at) => ({ name: `INPUT${at}`, datatype: 'UINT8', dims: pattern })),
    outputs: [],
    batching: { preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0 },
    sharesBatches: maxBatchSize > 0,
    instanceCount: 1,
    decoupled: false,
    parameters: new Map(),
    metricTags: new Map(),
    authored: new Uint8Array(0),
  };
}

function inputsOf(...shapes: readonly (readonly number[])[]): Tensor[] {
  return shapes.map((shape, at) => ({ name: `INPUT${at}`, datatype: 'UINT8', shape, data: new Uint8Array() }));
}

describe('batchKeyFor', () => {
  it('lets requests of equal row shape share a batch, whatever their rows', () => {
    const keyOf = batchKeyFor(createSpec(8, [-1, 3]));
    expect(keyOf(inputsOf([1, 7, 3]))).toBe(keyOf(inputsOf([5, 7, 3])));
  });

  it('keeps requests of different row shape apart', () => {
    const keyOf = batchKeyFor(createSpec(8, [-1, -1]));
    expect(keyOf(inputsOf([1, 2, 3]))).not.toBe(keyOf(inputsOf([1, 3, 2])));
    expect(keyOf(inputsOf([1, 1, 23]))).not.toBe(keyOf(inputsOf([1, 12, 3])));
  });

  it('looks at every input, and at which input has which shape', () => {
    const keyOf = batchKeyFor(createSpec(8, [-1], [-1]));
    expect(keyOf(inputsOf([1, 4], [1, 5]))).not.toBe(keyOf(inputsOf([1, 5], [1, 4])));
    expect(keyOf(inputsOf([1, 4], [1, 5]))).toBe(keyOf(inputsOf([2, 4], [2, 5])));
  });

  it('is one and the same key where the model fixes every axis', () => {
    const keyOf = batchKeyFor(createSpec(8, [4], [2, 2]));
    expect(keyOf(inputsOf([1, 4], [1, 2, 2]))).toBe('');
  });

  it('keeps requests apart that bring different ones of the optional inputs', () => {
    const spec = createSpec(8, [4], [4], [4]);
    const keyOf = batchKeyFor({ ...spec, inputs: spec.inputs.map((input, at) => ({ ...input, optional: at > 0 })) });
    const [first, second, third] = inputsOf([1, 4], [1, 4], [1, 4]);
    if (first === undefined || second === undefined || third === undefined) throw new RangeError('three inputs');
    const keys = [[first], [first, second], [first, third], [first, second, third]].map(keyOf);
    expect(new Set(keys).size).toBe(4);
    expect(keyOf([{ ...first, shape: [2, 4] }, third])).toBe(keyOf([first, third]));
  });

  it('is one and the same key for an unbatched model, which shares no batch anyway', () => {
    const keyOf = batchKeyFor(createSpec(0, [3, -1]));
    expect(keyOf(inputsOf([3, 4]))).toBe(keyOf(inputsOf([3, 5])));
  });
});

describe('padded axes', () => {
  const padding: PaddingSpec = {
    inputs: new Map([
      ['INPUT0', { axis: 0, value: 0 }],
      ['INPUT1', { axis: 1, value: 0 }],
    ]),
    outputs: new Map(),
  };

  function paddedSpec(dims: readonly (readonly number[])[], more: Partial<PaddingSpec> = {}, maxBatchSize = 8): ModelSpec {
    const spec = createSpec(maxBatchSize, ...dims);
    return { ...spec, batching: { ...spec.batching, padding: { ...padding, ...more } } };
  }

  it('keep nobody apart, and the key is constant where all others are fixed', () => {
    const keyOf = batchKeyFor(paddedSpec([[-1], [2, -1]]));
    expect(keyOf(inputsOf([1, 4], [1, 2, 4]))).toBe('');
  });

  it('do not hide other axes', () => {
    const keyOf = batchKeyFor(paddedSpec([[-1], [-1, -1]]));
    const [a, b, c] = [inputsOf([1, 4], [1, 2, 4]), inputsOf([1, 5], [1, 2, 5]), inputsOf([1, 4], [1, 3, 4])].map(keyOf);
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });

  it('let requests with and without the mask share a batch, but not those with other optional inputs', () => {
    const spec = paddedSpec([[-1], [2, -1], [-1]], { mask: 'INPUT2' });
    const withMask = { ...spec, inputs: spec.inputs.map((input, at) => ({ ...input, optional: at === 2 })) };
    const inputs = inputsOf([1, 4], [1, 2, 4], [1, 4]);
    expect(batchKeyFor(withMask)(inputs)).toBe(batchKeyFor(withMask)(inputs.slice(0, 2)));
    const optional = { ...spec, inputs: spec.inputs.map((input, at) => ({ ...input, optional: at > 0 })) };
    const keyOf = batchKeyFor(optional);
    expect(keyOf(inputs)).toBe(keyOf(inputs.slice(0, 2)));
    expect(keyOf(inputs)).not.toBe(keyOf(inputs.slice(0, 1)));
  });

  it('give a request its length', () => {
    const lengthOf = requestLength(paddedSpec([[-1], [2, -1], [3]]));
    expect(lengthOf(inputsOf([2, 7], [2, 2, 7], [2, 3]))).toBe(7);
  });

  it('are found behind inputs that are not padded, and are of no length where a request leaves them out', () => {
    const lengthOf = requestLength(paddedSpec([[3], [2, -1]], { inputs: new Map([['INPUT1', { axis: 1, value: 0 }]]) }));
    expect(lengthOf(inputsOf([2, 3], [2, 2, 7]))).toBe(7);
    expect(lengthOf(inputsOf([2, 3]))).toBe(0);
  });

  it('do not concern a model that pads nothing, nor one that shares no batch', () => {
    expect(requestLength(createSpec(8, [-1]))(inputsOf([1, 7]))).toBe(1);
    expect(requestLength(paddedSpec([[-1]], {}, 0))(inputsOf([7]))).toBe(1);
  });
});
