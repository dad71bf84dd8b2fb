import { describe, expect, it } from '@jest/globals';
import { concatRows, copyTensor, RowCursor } from '../../../src/tensor/rows.js';
import { int32Rows, readInt32, readTexts, textRows } from '../../support/row-tensors.js';

describe('concatRows', () => {
  it('joins rows in order along axis 0', () => {
    const joined = concatRows([int32Rows([1, 2], 'x', 2), int32Rows([3, 4, 5, 6], 'x', 2)]);
    expect(joined).toMatchObject({ name: 'x', datatype: 'INT32', shape: [3, 2] });
    expect(readInt32(joined)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('joins elements of any length', () => {
    expect(readTexts(concatRows([textRows(['a', '']), textRows(['long element'])]))).toEqual(['a', '', 'long element']);
  });

  it('has a buffer of its own that can be transferred whole', () => {
    const part = int32Rows([1]);
    const { data } = concatRows([part]);
    expect(data.buffer).not.toBe(part.data.buffer);
    expect([data.byteOffset, data.buffer.byteLength]).toEqual([0, 4]);
  });

  it('reads views that are not aligned', () => {
    const message = new Uint8Array(9);
    message.set(int32Rows([7, 8]).data, 1);
    const part = { ...int32Rows([0, 0]), data: message.subarray(1) };
    expect(readInt32(concatRows([part, int32Rows([9])]))).toEqual([7, 8, 9]);
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
