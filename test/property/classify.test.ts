import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { topIndices } from '../../src/tensor/top-indices.js';

/** Many that are equal, and some NaN. */
const numbers = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double()), { maxLength: 300 });

/** The definition: NaN last, then by value from the top, then by index. */
function sorted(values: readonly number[]): number[] {
  const ranked = values.map((value, index) => ({ value, index, nan: Number(Number.isNaN(value)) }));
  ranked.sort((a, b) => a.nan - b.nan || descending(a.value, b.value) || a.index - b.index);
  return ranked.map(({ index }) => index);
}

function descending(a: number, b: number): number {
  return Number(b > a) - Number(a > b);
}

describe('topIndices', () => {
  it('is the beginning of what a sort of all would give', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 320 }), fc.nat(5), (values, count, before) => {
        const around = [...Array.from({ length: before }, () => 100), ...values, 100];
        expect(topIndices(around, before, before + values.length, count)).toEqual(sorted(values).slice(0, count));
      }),
    );
  });
});
