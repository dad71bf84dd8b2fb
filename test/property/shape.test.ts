import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { elementCount } from '../../src/tensor/shape.js';

const size = fc.oneof(fc.nat(5), fc.maxSafeNat());

describe('elementCount', () => {
  it('is the exact product, or undefined where that is no safe integer', () => {
    fc.assert(
      fc.property(fc.array(size, { maxLength: 6 }), (shape) => {
        const exact = shape.reduce((product, axis) => product * BigInt(axis), 1n);
        const expected = exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : undefined;
        return elementCount(shape) === expected;
      }),
      { numRuns: 2_000 },
    );
  });
});
