import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { completeShape } from '../../src/model/complete-shape.js';
import { canReshape, reshape } from '../../src/tensor/reshape.js';
import { elementCount } from '../../src/tensor/shape.js';

const size = fc.integer({ min: 1, max: 6 });
const variable = fc.array(fc.array(size, { maxLength: 3 }), { minLength: 1, maxLength: 4 });

/** Two patterns of as many elements: the fixed axes between variable ones are split otherwise, or merged. */
const patterns = variable.chain((runs) =>
  fc.tuple(fc.constant(runs), fc.tuple(...runs.map((run) => fc.constantFrom(run, [run.reduce((a, b) => a * b, 1)], [1, ...run, 1])))),
);

function join(runs: readonly (readonly number[])[]): number[] {
  return runs.flatMap((run, at) => (at === 0 ? run : [-1, ...run]));
}

describe('reshape', () => {
  it('keeps the elements, and is undone by the reshape back', () => {
    fc.assert(
      fc.property(
        patterns,
        fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }),
        fc.nat(3),
        fc.boolean(),
        ([a, b], sizes, rows, batched) => {
          const [from, to] = [join(a), join(b)];
          expect(canReshape(from, to)).toBe(true);
          let next = 0;
          const kept = batched ? [rows] : [];
          const shape = [...kept, ...from.map((axis) => (axis === -1 ? (sizes[next++] ?? 0) : axis))];
          const there = reshape(shape, from, to, kept.length) ?? [];
          expect(elementCount(there)).toBe(elementCount(shape));
          expect(reshape(there, to, from, kept.length)).toEqual(shape);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('completeShape', () => {
  it('fixes in both shapes what the model fixes, and nothing else', () => {
    const holes = fc.array(fc.boolean(), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(patterns, holes, fc.boolean(), ([a, b], fixed, batched) => {
        const [dims, target] = [join(a), join(b)];
        const own = target.map((axis, at) => (axis === -1 && fixed[at] === true ? 9 : axis));
        const shape = completeShape({ name: 'x', datatype: undefined, dims, reshape: target }, own, batched);
        if ('problem' in shape) throw new Error(shape.problem);
        const { dims: completed, modelDims = completed } = shape;
        expect(modelDims).toEqual(own);
        expect(canReshape(completed, modelDims)).toBe(true);
        const again = { name: 'x', datatype: undefined, dims: completed, reshape: modelDims };
        expect(completeShape(again, own, batched)).toEqual(shape);
      }),
      { numRuns: 500 },
    );
  });
});
