import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { completeSpec } from '../../src/model/complete-spec.js';
import type { ModelSignature, TensorSignature } from '../../src/model/spec.js';
import { arbitraryDatatype } from '../support/arbitrary-tensors.js';
import { modelSource } from '../support/model-source.js';

const size = fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: 4 }));
const shape = fc.array(size, { maxLength: 4 });
const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 });
const tensors: fc.Arbitrary<TensorSignature[]> = names.chain((all) =>
  fc.tuple(...all.map((name) => fc.record({ name: fc.constant(name), datatype: arbitraryDatatype, shape }))),
);
const signature: fc.Arbitrary<ModelSignature> = fc.record({ inputs: tensors, outputs: tensors });
const defaults = { maxBatchSize: 32 };

describe('completeSpec', () => {
  it("gives back the model's own signature where the settings say nothing", () => {
    fc.assert(
      fc.property(signature, (own) => {
        const spec = completeSpec(modelSource(), own, defaults);
        const whole = (dims: readonly number[]) => (spec.maxBatchSize > 0 ? [-1, ...dims] : [...dims]);
        const restored = {
          inputs: spec.inputs.map(({ name, datatype, dims }) => ({ name, datatype, shape: whole(dims) })),
          outputs: spec.outputs.map(({ name, datatype, dims }) => ({ name, datatype, shape: whole(dims) })),
        };
        expect(restored).toEqual(own);
        const symbolic = [...own.inputs, ...own.outputs].every((tensor) => tensor.shape[0] === -1);
        expect(spec.maxBatchSize).toBe(symbolic ? 32 : 0);
      }),
      { numRuns: 300 },
    );
  });

  it('says the same of settings that repeat what it completed', () => {
    fc.assert(
      fc.property(signature, (own) => {
        const { maxBatchSize, inputs, outputs, ...first } = completeSpec(modelSource(), own, defaults);
        const again = completeSpec(modelSource({ maxBatchSize, inputs, outputs }), own, defaults);
        expect(again).toEqual({ maxBatchSize, inputs, outputs, ...first });
      }),
      { numRuns: 300 },
    );
  });

  it('refuses dims that fix an axis otherwise than the model does', () => {
    fc.assert(
      fc.property(signature, fc.nat(), (own, seed) => {
        const inputs = own.inputs.map(({ name, datatype, shape: dims }) => ({ name, datatype, dims }));
        const target = inputs[seed % inputs.length];
        const axis = target?.dims.findIndex((fixed) => fixed !== -1) ?? -1;
        fc.pre(target !== undefined && axis >= 0);
        const wrong = inputs.map((input) => (input === target ? { ...input, dims: input.dims.with(axis, 5) } : input));
        expect(() => completeSpec(modelSource({ inputs: wrong }), own, defaults)).toThrow(expect.objectContaining({ code: 'load_failed' }));
      }),
      { numRuns: 300 },
    );
  });
});
