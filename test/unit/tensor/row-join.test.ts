import { describe, expect, it } from '@jest/globals';
import { bytesOfRows, RowJoin } from '../../../src/tensor/row-join.js';
import { int32Rows, readInt32, readTexts, textRows } from '../../support/row-tensors.js';

describe('bytesOfRows', () => {
  it('goes by the rows that are there', () => {
    expect(bytesOfRows(int32Rows([1, 2, 3, 4], 'x', 2), 100)).toBe(800);
    expect(bytesOfRows(textRows(['a', 'bcd']), 3)).toBe(18);
    expect(bytesOfRows(int32Rows([1]), 0)).toBe(0);
  });
});

describe('RowJoin', () => {
  it('joins rows as they come, as one tensor of the name of the first', () => {
    const join = new RowJoin(int32Rows([1, 2], 'x', 2), 16);
    join.add(int32Rows([3, 4], 'y', 2));
    expect(join.joined).toMatchObject({ name: 'x', datatype: 'INT32', shape: [2, 2] });
    expect(readInt32(join.joined)).toEqual([1, 2, 3, 4]);
    expect(join.byteLength).toBe(16);
  });

  it.each([0, 1, 12, 1000])('makes room for what is more, or less, than was expected: %i bytes', (expected) => {
    const join = new RowJoin(textRows(['a', '']), expected);
    for (const text of ['long element', 'b', '']) join.add(textRows([text]));
    expect(readTexts(join.joined)).toEqual(['a', '', 'long element', 'b', '']);
    expect(join.joined.shape).toEqual([5, 1]);
    expect(join.byteLength).toBe(join.joined.data.length);
  });

  it('reads pieces at once: what becomes of their memory later does not matter', () => {
    const first = int32Rows([1]);
    const join = new RowJoin(first, 8);
    const second = int32Rows([2]);
    join.add(second);
    first.data.fill(0);
    second.data.fill(0);
    expect(readInt32(join.joined)).toEqual([1, 2]);
  });

  it('accepts rows of the same shape and datatype', () => {
    const join = new RowJoin(int32Rows([1, 2], 'x', 2), 8);
    expect(join.accepts(int32Rows([1, 2, 3, 4], 'x', 2))).toBe(true);
    expect(join.accepts(int32Rows([1, 2], 'x', 1))).toBe(false);
    expect(join.accepts({ ...int32Rows([1, 2], 'x', 2), datatype: 'UINT32' })).toBe(false);
  });
});
