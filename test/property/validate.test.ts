import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ServingError } from '../../src/error/serving-error.js';
import { NEWEST } from '../../src/model/id.js';
import type { InferRequest } from '../../src/model/infer.js';
import type { ModelSpec, TensorSettings } from '../../src/model/spec.js';
import { orderInputs, validateRequest } from '../../src/model/validate.js';
import { DATATYPES } from '../../src/tensor/datatype.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { arbitraryDatatype, arbitraryTensor } from '../support/arbitrary-tensors.js';
import { modelSpec } from '../support/model-source.js';

interface Case {
  readonly spec: ModelSpec;
  readonly request: InferRequest;
  readonly rows: number;
}

const dims = fc.array(fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: 3 })), { maxLength: 3 });
const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });

const spec: fc.Arbitrary<ModelSpec> = fc.tuple(names, names, fc.nat(6)).chain(([inputs, outputs, maxBatchSize]) => {
  const tensor = (name: string): fc.Arbitrary<TensorSettings> =>
    fc.record({ name: fc.constant(name), datatype: arbitraryDatatype, dims, optional: fc.boolean() });
  return fc
    .tuple(fc.tuple(...inputs.map(tensor)), fc.tuple(...outputs.map(tensor)))
    .map(([ins, outs]) => modelSpec({ maxBatchSize, inputs: ins, outputs: outs }));
});

/** A spec, and a request that fits it with its inputs in any order. */
const fitting: fc.Arbitrary<Case> = spec.chain((model) =>
  fc.integer({ min: 1, max: Math.max(1, model.maxBatchSize) }).chain((rows) => {
    const tensors = model.inputs.map((input) =>
      fc.tuple(...input.dims.map((size) => (size === -1 ? fc.nat(3) : fc.constant(size)))).chain((sizes) => {
        const shape = model.maxBatchSize > 0 ? [rows, ...sizes] : sizes;
        return arbitraryTensor(input.name, input.datatype, shape);
      }),
    );
    return fc
      .tuple(
        fc.tuple(fc.tuple(...tensors), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })).chain(([all, left]) => {
          const inputs = all.filter((_, at) => model.inputs[at]?.optional !== true || left[at] !== true);
          const some = inputs.length === 0 ? all.slice(0, 1) : inputs;
          return fc.shuffledSubarray(some, { minLength: some.length });
        }),
        fc.shuffledSubarray(model.outputs.map(({ name }) => name)),
      )
      .map(([inputs, outputNames]) => ({
        spec: model,
        request: { model: 'm', version: NEWEST, requestId: '', inputs, outputNames, priority: 0 },
        rows: model.maxBatchSize > 0 ? rows : 1,
      }));
  }),
);

type Mutation = (request: InferRequest, model: ModelSpec, target: Tensor) => InferRequest;

function replace(request: InferRequest, target: Tensor, by: readonly Tensor[]): InferRequest {
  return { ...request, inputs: request.inputs.flatMap((input) => (input === target ? by : [input])) };
}

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'a required input less': (request, _, target) => replace(request, target, []),
  'an input twice': (request, _, target) => replace(request, target, [target, target]),
  'an input of another name': (request, _, target) => replace(request, target, [{ ...target, name: `${target.name} no` }]),
  'an input more': (request) => ({
    ...request,
    inputs: [...request.inputs, ...request.inputs.map((t) => ({ ...t, name: `no ${t.name}` }))],
  }),
  'another datatype': (request, _, target) => {
    const datatype = DATATYPES[(DATATYPES.indexOf(target.datatype) + 1) % DATATYPES.length] ?? 'BOOL';
    return replace(request, target, [{ ...target, datatype }]);
  },
  'an axis more': (request, _, target) => replace(request, target, [{ ...target, shape: [...target.shape, 1] }]),
  'an axis that is not given': (request, _, target) => replace(request, target, [{ ...target, shape: target.shape.map(() => -1) }]),
  'an axis beyond counting': (request, _, target) =>
    replace(request, target, [{ ...target, shape: target.shape.map(() => Number.MAX_SAFE_INTEGER) }]),
  'a byte more': (request, _, target) => replace(request, target, [{ ...target, data: Uint8Array.of(...target.data, 0) }]),
  'another output': (request) => ({ ...request, outputNames: [...request.outputNames, 'an output too many'] }),
  'an output twice': (request, { outputs }) => ({ ...request, outputNames: [...outputs, ...outputs].map(({ name }) => name) }),
};

const NEEDS_REQUIRED = 'a required input less';
/** Scalars have no axis to spoil. */
const NEEDS_AXIS = ['an axis that is not given', 'an axis beyond counting'];

describe('validateRequest', () => {
  it('accepts every request that fits, and says how many rows it has', () => {
    fc.assert(
      fc.property(fitting, ({ spec: model, request, rows }) => {
        expect([validateRequest(request, model), validateRequest(request, model, 'split')]).toEqual([rows, rows]);
        const brought = new Set(request.inputs.map(({ name }) => name));
        const inOrder = model.inputs.map(({ name }) => name).filter((name) => brought.has(name));
        expect(orderInputs(request, model).map(({ name }) => name)).toEqual(inOrder);
      }),
      { numRuns: 500 },
    );
  });

  it.each(Object.entries(MUTATIONS))('refuses %s shortly', (kind, mutate) => {
    fc.assert(
      fc.property(fitting, fc.nat(), ({ spec: model, request }, seed) => {
        const target = request.inputs[seed % request.inputs.length];
        if (target === undefined) return;
        fc.pre(!NEEDS_AXIS.includes(kind) || target.shape.length > 0);
        fc.pre(kind !== NEEDS_REQUIRED || model.inputs.some(({ name, optional }) => name === target.name && optional !== true));
        const mutated = mutate(request, model, target);
        for (const oversize of ['refuse', 'split'] as const) {
          const error = thrownBy(() => validateRequest(mutated, model, oversize));
          expect(error).toMatchObject({ code: 'invalid_request' });
          expect(error?.message.length).toBeLessThanOrEqual(400);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('never fails otherwise than by refusing, whatever the shape and data', () => {
    const size = fc.oneof(fc.integer({ min: -2, max: 4 }), fc.maxSafeInteger(), fc.double());
    const anything = fc.record({ shape: fc.array(size, { maxLength: 4 }), data: fc.uint8Array({ maxLength: 24 }) });
    fc.assert(
      fc.property(fitting, anything, ({ spec: model, request }, odd) => {
        const inputs = request.inputs.map((input) => ({ ...input, ...odd }));
        const error = thrownBy(() => validateRequest({ ...request, inputs }, model));
        if (error !== undefined) expect(error.code).toBe('invalid_request');
      }),
      { numRuns: 500 },
    );
  });
});

function thrownBy(work: () => unknown): ServingError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return ServingError.from(error);
  }
}
