import { describe, expect, it } from '@jest/globals';
import { maskInto, padInto, unpad } from '../../../src/tensor/pad.js';
import { PadFill } from '../../../src/tensor/pad-fill.js';
import { copyGathered } from '../../../src/tensor/rows.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { int32Rows, readInt32, readTexts, textRows } from '../../support/row-tensors.js';

const FILL = new PadFill('INT32', -1);

function joined(tensor: Tensor, parts: readonly Uint8Array[], byteLength: number): Tensor {
  return copyGathered({ ...tensor, parts, byteLength });
}

function padded(tensor: Tensor, axis: number, length: number, fill = FILL): Tensor {
  const parts: Uint8Array[] = [];
  const bytes = padInto(parts, tensor, axis, length, fill);
  return joined(tensor, parts, bytes);
}

describe('padInto', () => {
  it('fills up each row', () => {
    expect(readInt32(padded(int32Rows([1, 2, 3, 4], 'x', 2), 1, 3))).toEqual([1, 2, -1, 3, 4, -1]);
  });

  it('fills up an axis that is not the last', () => {
    const tensor = { ...int32Rows([1, 2, 3, 4]), shape: [1, 2, 2] };
    expect(readInt32(padded(tensor, 1, 3))).toEqual([1, 2, 3, 4, -1, -1]);
  });

  it('fills up an axis behind others', () => {
    const tensor = { ...int32Rows([1, 2, 3, 4]), shape: [1, 2, 2] };
    expect(readInt32(padded(tensor, 2, 3))).toEqual([1, 2, -1, 3, 4, -1]);
  });

  it('pads BYTES with empty elements', () => {
    const tensor = { ...textRows(['ab', 'c', '', 'defg']), shape: [2, 2] };
    expect(readTexts(padded(tensor, 1, 3, new PadFill('BYTES', 0)))).toEqual(['ab', 'c', '', '', 'defg', '']);
  });

  it('takes what is long enough as it is, in one piece', () => {
    const tensor = int32Rows([1, 2, 3, 4], 'x', 2);
    const parts: Uint8Array[] = [];
    expect(padInto(parts, tensor, 1, 2, FILL)).toBe(16);
    expect(parts).toHaveLength(1);
    expect(parts[0]).toBe(tensor.data);
  });

  it('copies nothing', () => {
    const tensor = int32Rows([1, 2, 3, 4], 'x', 2);
    const parts: Uint8Array[] = [];
    padInto(parts, tensor, 1, 5, FILL);
    expect(parts.filter(({ buffer }) => buffer === tensor.data.buffer)).toHaveLength(2);
    expect(parts).toHaveLength(4);
  });

  it('refuses a tensor too large to count', () => {
    const tensor = { ...int32Rows([]), shape: [2 ** 40, 0, 2 ** 40, 2 ** 40] };
    expect(() => padInto([], tensor, 1, 3, FILL)).toThrow(RangeError);
  });
});

describe('maskInto', () => {
  const ones = new PadFill('INT32', 1);
  const zeros = new PadFill('INT32', 0);

  function maskOf(shape: readonly number[], axis: number, length: number): number[] {
    const parts: Uint8Array[] = [];
    const bytes = maskInto(parts, shape, axis, length, ones, zeros);
    return readInt32(joined({ ...int32Rows([]), shape }, parts, bytes));
  }

  it('tells elements from padding', () => {
    expect(maskOf([2, 2], 1, 3)).toEqual([1, 1, 0, 1, 1, 0]);
    expect(maskOf([1, 1, 2], 1, 2)).toEqual([1, 1, 0, 0]);
  });

  it('is all ones where nothing is padded', () => {
    expect(maskOf([2, 2], 1, 2)).toEqual([1, 1, 1, 1]);
  });
});

describe('unpad', () => {
  it('is the tensor itself where nothing was padded', () => {
    const tensor = int32Rows([1, 2, 3, 4], 'x', 2);
    expect(unpad(tensor, 1, 2)).toBe(tensor);
  });

  it('is a view of a single row', () => {
    const tensor = int32Rows([1, 2, -1], 'x', 3);
    const own = unpad(tensor, 1, 2);
    expect(own).toMatchObject({ name: 'x', datatype: 'INT32', shape: [1, 2] });
    expect(readInt32(own)).toEqual([1, 2]);
    expect(own.data.buffer).toBe(tensor.data.buffer);
  });

  it('copies what lies between padding, and that alone', () => {
    const own = unpad(int32Rows([1, 2, -1, 3, 4, -1], 'x', 3), 1, 2);
    expect(own.shape).toEqual([2, 2]);
    expect(readInt32(own)).toEqual([1, 2, 3, 4]);
    expect(own.data.buffer.byteLength).toBe(16);
  });

  it('walks over BYTES', () => {
    const tensor = { ...textRows(['ab', '', 'c', 'd', 'efg', '']), shape: [2, 3] };
    expect(readTexts(unpad(tensor, 1, 2))).toEqual(['ab', '', 'd', 'efg']);
    expect(readTexts(unpad({ ...tensor, shape: [1, 6] }, 1, 1))).toEqual(['ab']);
  });

  it('leaves nothing of a request without length', () => {
    expect(unpad(int32Rows([-1, -1], 'x', 1), 1, 0)).toMatchObject({ shape: [2, 0], data: new Uint8Array() });
  });
});
