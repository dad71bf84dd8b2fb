import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { copyGathered, gatherRows, RowCursor } from '../../src/tensor/rows.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { arbitraryDatatype, arbitraryTensor } from '../support/arbitrary-tensors.js';

/** Tensors of one name, datatype and row shape, of different rows. */
const parts = fc
  .record({
    datatype: arbitraryDatatype,
    rowShape: fc.array(fc.nat(3), { maxLength: 3 }),
    counts: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
  })
  .chain(({ datatype, rowShape, counts }) => fc.tuple(...counts.map((rows) => arbitraryTensor('x', datatype, [rows, ...rowShape]))));

function split(tensor: Tensor, counts: readonly number[]): Tensor[] {
  const cursor = new RowCursor(tensor);
  return counts.map((rows) => cursor.take(rows));
}

function plain({ name, datatype, shape, data }: Tensor): unknown {
  return { name, datatype, shape, data: [...data] };
}

describe('rows', () => {
  it('come apart as they were joined, whatever the datatype', () => {
    fc.assert(
      fc.property(parts, (tensors) => {
        const joined = copyGathered(gatherRows(tensors));
        expect(joined.data.length).toBe(tensors.reduce((bytes, { data }) => bytes + data.length, 0));
        const counts = tensors.map(({ shape }) => shape[0] ?? 0);
        expect(split(joined, counts).map(plain)).toEqual(tensors.map(plain));
      }),
      { numRuns: 500 },
    );
  });

  it('join again whatever way they were cut', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 3 }), ([tensor], size) => {
        if (tensor === undefined) return;
        const counts: number[] = [];
        for (let left = tensor.shape[0] ?? 0; left > 0; left -= size) counts.push(Math.min(left, size));
        expect(plain(copyGathered(gatherRows(split(tensor, counts))))).toEqual(plain(tensor));
      }),
      { numRuns: 500 },
    );
  });
});
