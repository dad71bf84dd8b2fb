import { describe, expect, it } from '@jest/globals';
import type { PaddedEntry } from '../../../src/batching/padded-input.js';
import { type BatchPadding, createPadding } from '../../../src/batching/padding.js';
import type { PaddingSpec, TensorSpec } from '../../../src/model/spec.js';
import { copyGathered } from '../../../src/tensor/rows.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { modelSpec } from '../../support/model-spec.js';
import { int32Rows, readInt32 } from '../../support/row-tensors.js';

const TOKENS: TensorSpec = { name: 'tokens', datatype: 'INT32', dims: [-1] };
const BIAS: TensorSpec = { name: 'bias', datatype: 'INT32', dims: [1], optional: true };
const TYPES: TensorSpec = { name: 'types', datatype: 'INT32', dims: [-1], optional: true };
const MASK: TensorSpec = { name: 'mask', datatype: 'INT32', dims: [-1], optional: true };

const PADDING: PaddingSpec = {
  inputs: new Map([
    ['tokens', { axis: 0, value: -1 }],
    ['types', { axis: 0, value: 9 }],
    ['mask', { axis: 0, value: 5 }],
  ]),
  outputs: new Map([['hidden', { axis: 0 }]]),
  mask: 'mask',
};

function paddingOf(inputs: readonly TensorSpec[], padding: PaddingSpec = PADDING): BatchPadding {
  const { batching } = modelSpec();
  const made = createPadding(modelSpec({ inputs, batching: { ...batching, padding } }));
  if (made === undefined) throw new RangeError('no padding');
  return made;
}

function entryOf(length: number, ...inputs: readonly Tensor[]): PaddedEntry {
  return { inputs, rows: inputs[0]?.shape[0] ?? 0, length };
}

function gathered(padding: BatchPadding, entries: readonly PaddedEntry[], length: number): unknown[] {
  return padding.gather(entries, length).map((tensor) => {
    const copy = copyGathered(tensor);
    return [copy.name, copy.shape, readInt32(copy)];
  });
}

describe('createPadding', () => {
  it('makes nothing where nothing is padded', () => {
    expect(createPadding(modelSpec())).toBeUndefined();
  });
});

describe('BatchPadding', () => {
  it('gives every row the length of the longest, with the pad value of its input', () => {
    const entries = [
      entryOf(1, int32Rows([1], 'tokens', 1), int32Rows([2], 'types', 1)),
      entryOf(2, int32Rows([3, 4, 5, 6], 'tokens', 2), int32Rows([7, 7, 8, 8], 'types', 2)),
    ];
    expect(gathered(paddingOf([TOKENS, TYPES]), entries, 2)).toEqual([
      ['tokens', [3, 2], [1, -1, 3, 4, 5, 6]],
      ['types', [3, 2], [2, 9, 7, 7, 8, 8]],
    ]);
  });

  it('takes an input that is not padded as it comes, one piece each', () => {
    const [first, second] = [int32Rows([5], 'bias', 1), int32Rows([6], 'bias', 1)];
    const entries = [entryOf(1, int32Rows([1], 'tokens', 1), first), entryOf(2, int32Rows([2, 3], 'tokens', 2), second)];
    const bias = paddingOf([TOKENS, BIAS]).gather(entries, 2)[1];
    expect(bias).toMatchObject({ name: 'bias', shape: [2, 1], byteLength: 8 });
    expect(bias?.parts[0]).toBe(first.data);
    expect(bias?.parts[1]).toBe(second.data);
  });

  it('leaves out what the members left out, and finds what has moved forward', () => {
    const entries = [entryOf(1, int32Rows([1], 'tokens', 1), int32Rows([1], 'mask', 1))];
    expect(gathered(paddingOf([TOKENS, BIAS, TYPES, MASK]), entries, 1)).toEqual([
      ['tokens', [1, 1], [1]],
      ['mask', [1, 1], [1]],
    ]);
  });

  it('makes the mask for those who leave it out, and pads that of the others', () => {
    const entries = [
      entryOf(1, int32Rows([1, 2], 'tokens', 1)),
      entryOf(2, int32Rows([3, 4], 'tokens', 2), int32Rows([0, 1], 'mask', 2)),
      entryOf(3, int32Rows([5, 6, 7], 'tokens', 3)),
    ];
    const [, mask] = gathered(paddingOf([TOKENS, MASK]), entries, 3);
    expect(mask).toEqual(['mask', [4, 3], [1, 0, 0, 1, 0, 0, 0, 1, 5, 1, 1, 1]]);
  });

  it('makes a mask with axes of its own', () => {
    const mask = { ...MASK, dims: [2, -1] };
    const inputs = new Map([...PADDING.inputs, ['mask', { axis: 1, value: 0 }] as const]);
    const entries = [entryOf(1, int32Rows([1], 'tokens', 1)), entryOf(2, int32Rows([2, 3], 'tokens', 2))];
    const [, made] = gathered(paddingOf([TOKENS, mask], { ...PADDING, inputs }), entries, 2);
    expect(made).toEqual(['mask', [2, 2, 2], [1, 0, 1, 0, 1, 1, 1, 1]]);
  });

  it('gives back to a member what is its own, and other outputs as they are', () => {
    const [hidden, pooled] = [int32Rows([1, 2, -1], 'hidden', 3), int32Rows([4], 'pooled', 1)];
    const [own, same] = paddingOf([TOKENS]).unpad([hidden, pooled], 2);
    expect(own?.shape).toEqual([1, 2]);
    expect(readInt32(own)).toEqual([1, 2]);
    expect(same).toBe(pooled);
  });

  it('refuses an output of another length than went in', () => {
    const padding = paddingOf([TOKENS]);
    const hidden = int32Rows([1, 2, 3], 'hidden', 3);
    expect(() => padding.assertLength([int32Rows([4], 'pooled', 1), hidden], 3)).not.toThrow();
    expect(() => padding.assertLength([hidden], 4)).toThrow(
      expect.objectContaining({ code: 'backend_failed', message: "output 'hidden' has length 3 on axis 0 where length 4 went in" }),
    );
    expect(() => padding.assertLength([{ ...hidden, shape: [3] }], 4)).toThrow("output 'hidden' has no axis 0 where length 4 went in");
  });
});
