import { describe, expect, it } from '@jest/globals';
import { copyGathered, copyTensor, gatherRows, gatherWhole, offsetBehind, RowCursor, writeParts } from '../../../src/tensor/rows.js';
import { int32Rows, readInt32, readTexts, textRows } from '../../support/row-tensors.js';

describe('gatherRows', () => {
  it('joins rows in order along axis 0, one piece each, and copies nothing', () => {
    const tensors = [int32Rows([1, 2], 'x', 2), int32Rows([3, 4, 5, 6], 'x', 2)];
    const gathered = gatherRows(tensors);
    expect(gathered).toMatchObject({ name: 'x', datatype: 'INT32', shape: [3, 2], byteLength: 24 });
    expect(gathered.parts).toHaveLength(2);
    for (const [at, part] of gathered.parts.entries()) expect(part).toBe(tensors[at]?.data);
  });

  it('refuses to join nothing', () => {
    expect(() => gatherRows([])).toThrow(RangeError);
  });
});

describe('gatherWhole', () => {
  it('is the tensor as it is, a scalar too', () => {
    const scalar = { ...int32Rows([7]), shape: [] };
    const gathered = gatherWhole(scalar);
    expect(gathered).toEqual({ name: 'INPUT0', datatype: 'INT32', shape: [], parts: [scalar.data], byteLength: 4 });
    expect(gathered.parts[0]).toBe(scalar.data);
  });
});

describe('copyGathered', () => {
  it('joins elements of any length', () => {
    expect(readTexts(copyGathered(gatherRows([textRows(['a', '']), textRows(['long element'])])))).toEqual(['a', '', 'long element']);
  });

  it('has a buffer of its own that can be transferred whole', () => {
    const part = int32Rows([1]);
    const { data } = copyGathered(gatherWhole(part));
    expect(data.buffer).not.toBe(part.data.buffer);
    expect([data.byteOffset, data.buffer.byteLength]).toEqual([0, 4]);
  });

  it('reads views that are not aligned', () => {
    const message = new Uint8Array(9);
    message.set(int32Rows([7, 8]).data, 1);
    const part = { ...int32Rows([0, 0]), data: message.subarray(1) };
    expect(readInt32(copyGathered(gatherRows([part, int32Rows([9])])))).toEqual([7, 8, 9]);
  });
});

describe('writeParts', () => {
  it('writes one tensor behind the other', () => {
    const target = new Uint8Array(13);
    const end = writeParts(gatherRows([int32Rows([1]), int32Rows([2])]), target, 1);
    expect(writeParts(gatherWhole(int32Rows([3])), target, end)).toBe(13);
    expect(readInt32({ ...int32Rows([]), data: target.subarray(1) })).toEqual([1, 2, 3]);
  });

  it('refuses a target that is too small', () => {
    expect(() => writeParts(gatherWhole(int32Rows([1])), new Uint8Array(4), 1)).toThrow('out of bounds');
  });
});

describe('offsetBehind', () => {
  it('counts bytes by the datatype, and walks over BYTES', () => {
    expect(offsetBehind(int32Rows([1, 2, 3]), 4, 2)).toBe(12);
    expect(offsetBehind(textRows(['ab', 'c']), 6, 1)).toBe(11);
  });
});

describe('RowCursor', () => {
  it('cuts into consecutive views', () => {
    const tensor = int32Rows([1, 2, 3, 4, 5, 6], 'x', 2);
    const cursor = new RowCursor(tensor);
    const parts = [cursor.take(1), cursor.take(2)];
    expect(parts.map(({ shape }) => shape)).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(parts.map(readInt32)).toEqual([
      [1, 2],
      [3, 4, 5, 6],
    ]);
    expect(parts.every(({ data }) => data.buffer === tensor.data.buffer)).toBe(true);
  });

  it('cuts BYTES at the ends of elements', () => {
    const cursor = new RowCursor(textRows(['a', 'bcd', '', 'e']));
    expect([1, 2, 1].map((rows) => readTexts(cursor.take(rows)))).toEqual([['a'], ['bcd', ''], ['e']]);
  });

  it('goes on where it stopped', () => {
    const cursor = new RowCursor(int32Rows([1, 2, 3]));
    expect([cursor.take(1), cursor.take(0), cursor.take(2)].map(readInt32)).toEqual([[1], [], [2, 3]]);
  });

  it('refuses rows too large to count', () => {
    const tensor = { ...int32Rows([]), shape: [0, 2 ** 40, 2 ** 40] };
    expect(() => new RowCursor(tensor)).toThrow(RangeError);
  });
});

describe('copyTensor', () => {
  it('gives the same tensor a buffer of its own', () => {
    const tensor = int32Rows([1, 2]);
    const copy = copyTensor(tensor);
    expect(copy).toEqual(tensor);
    expect(copy.data.buffer).not.toBe(tensor.data.buffer);
  });
});
