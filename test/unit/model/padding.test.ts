import { describe, expect, it } from '@jest/globals';
import { assertOneLength, findPaddingProblem, type SpecTensors, withOptionalMask } from '../../../src/model/padding.js';
import type { PaddingSpec, TensorSpec } from '../../../src/model/spec.js';
import { DATATYPES, type Datatype } from '../../../src/tensor/datatype.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { modelSpec } from '../../support/model-source.js';
import { servingErrorOf } from '../../support/wire-messages.js';

interface PaddingCase {
  readonly inputs?: Readonly<Record<string, number>>;
  readonly outputs?: Readonly<Record<string, number>>;
  readonly value?: number;
  readonly mask?: string;
}

/** Axes by name. */
function paddingOf({ inputs = { x: 0 }, outputs = {}, value = 0, mask }: PaddingCase): PaddingSpec {
  return {
    inputs: new Map(Object.entries(inputs).map(([name, axis]) => [name, { axis, value }])),
    outputs: new Map(Object.entries(outputs).map(([name, axis]) => [name, { axis }])),
    mask,
  };
}

const TENSORS: SpecTensors = {
  inputs: [
    { name: 'x', datatype: 'INT64', dims: [-1, 4] },
    { name: 'words', datatype: 'BYTES', dims: [-1] },
    { name: 'mask', datatype: 'BOOL', dims: [-1] },
    { name: 'square', datatype: 'BOOL', dims: [-1, -1] },
    { name: 'turned', datatype: 'FP32', dims: [-1], modelDims: [-1, 1] },
  ],
  outputs: [
    { name: 'y', datatype: 'FP32', dims: [2, -1] },
    { name: 'texts', datatype: 'BYTES', dims: [-1] },
    { name: 'turned', datatype: 'FP32', dims: [-1], modelDims: [-1, 1] },
  ],
};

describe('findPaddingProblem', () => {
  it('finds none in what fits', () => {
    const fitting = paddingOf({ inputs: { x: 0, mask: 0 }, outputs: { y: 1, texts: 0 }, mask: 'mask' });
    expect(findPaddingProblem(fitting, TENSORS)).toBeUndefined();
  });

  it.each<[PaddingCase, string]>([
    [
      { inputs: { z: 0 } },
      "parameter 'millrace.pad_inputs': input 'z' is not in the model, whose inputs are ['x','words','mask','square','turned']",
    ],
    [{ outputs: { x: 0 } }, "parameter 'millrace.pad_outputs': output 'x' is not in the model, whose outputs are ['y','texts','turned']"],
    [{ inputs: { x: 2 } }, "parameter 'millrace.pad_inputs': input 'x' has dims [-1,4], which have no axis 2"],
    [{ inputs: { x: 1 } }, "parameter 'millrace.pad_inputs': input 'x' has dims [-1,4], expected -1 at axis 1"],
    [{ outputs: { y: 0 } }, "parameter 'millrace.pad_outputs': output 'y' has dims [2,-1], expected -1 at axis 0"],
    [
      { inputs: { words: 0 } },
      "parameter 'millrace.pad_inputs': input 'words' is of datatype BYTES, expected one whose elements are of one size",
    ],
    [{ inputs: { turned: 0 } }, "parameter 'millrace.pad_inputs': input 'turned' has a reshape, with which nothing can be padded"],
    [{ outputs: { turned: 0 } }, "parameter 'millrace.pad_outputs': output 'turned' has a reshape, with which nothing can be padded"],
    [
      { inputs: { x: 0, square: 0 }, mask: 'square' },
      "parameter 'millrace.pad_mask': input 'square' has dims [-1,-1], expected -1 at its padded axis alone",
    ],
  ])('says what is wrong with %p', (padding, problem) => {
    expect(findPaddingProblem(paddingOf(padding), TENSORS)).toBe(problem);
  });

  const FITTING: Readonly<Record<Exclude<Datatype, 'BYTES'>, readonly number[]>> = {
    BOOL: [0, 1],
    UINT8: [0, 255],
    UINT16: [0, 65535],
    UINT32: [0, 4294967295],
    UINT64: [0, Number.MAX_SAFE_INTEGER],
    INT8: [-128, 127],
    INT16: [-32768, 32767],
    INT32: [-2147483648, 2147483647],
    INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    FP16: [-65504, 0.5, 65504],
    BF16: [-3.3895313892515355e38, 0.5, 3.3895313892515355e38],
    FP32: [-3.4028234663852886e38, 0.5, 3.4028234663852886e38],
    FP64: [-Number.MAX_VALUE, 0.5, Number.MAX_VALUE],
  };
  const UNFITTING: typeof FITTING = {
    BOOL: [-1, 2, 0.5],
    UINT8: [-1, 256, 0.5],
    UINT16: [-1, 65536, 0.5],
    UINT32: [-1, 4294967296, 0.5],
    UINT64: [-1, Number.MAX_SAFE_INTEGER + 1, 0.5],
    INT8: [-129, 128, 0.5],
    INT16: [-32769, 32768, 0.5],
    INT32: [-2147483649, 2147483648, 0.5],
    INT64: [Number.MIN_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER + 1, 0.5],
    FP16: [-65505, 65505],
    BF16: [-3.4e38, 3.4e38],
    FP32: [-3.41e38, 3.41e38],
    FP64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  };

  it.each(DATATYPES.filter((datatype) => datatype !== 'BYTES'))('holds the pad value against %s', (datatype) => {
    const tensors = { inputs: [{ name: 'x', datatype, dims: [-1] }], outputs: [] };
    const problemOf = (value: number) => findPaddingProblem(paddingOf({ value }), tensors);
    expect(FITTING[datatype].map(problemOf)).toEqual(FITTING[datatype].map(() => undefined));
    for (const value of UNFITTING[datatype]) {
      const said = `parameter 'millrace.pad_inputs': input 'x' of datatype ${datatype} has pad value ${value}, expected a`;
      expect(problemOf(value)).toContain(said);
    }
  });

  it('says which pad values there are', () => {
    const problem = findPaddingProblem(paddingOf({ value: 256 }), { inputs: [{ name: 'x', datatype: 'UINT8', dims: [-1] }], outputs: [] });
    expect(problem).toContain('has pad value 256, expected an integer from 0 to 255');
  });
});

describe('withOptionalMask', () => {
  const inputs: TensorSpec[] = [
    { name: 'x', datatype: 'FP32', dims: [-1] },
    { name: 'mask', datatype: 'BOOL', dims: [-1] },
  ];

  it('makes the mask an input that may be left out, and no other', () => {
    expect(withOptionalMask(inputs, 'mask')).toEqual([inputs[0], { ...inputs[1], optional: true }]);
    expect(withOptionalMask(inputs, undefined)).toBe(inputs);
  });
});

describe('assertOneLength', () => {
  const padding = paddingOf({ inputs: { tokens: 0, types: 1 } });
  const tensor = (name: string, ...shape: number[]): Tensor => ({ name, datatype: 'FP32', shape, data: new Uint8Array(0) });

  it('takes inputs whose padded axes are of one length, whatever their other axes', () => {
    const inputs = [tensor('free', 2, 9), tensor('tokens', 2, 5), tensor('types', 2, 3, 5)];
    expect(() => assertOneLength(inputs, padding, modelSpec())).not.toThrow();
    expect(() => assertOneLength(inputs.slice(0, 2), padding, modelSpec())).not.toThrow();
    expect(() => assertOneLength([tensor('tokens', 1, 0), tensor('types', 1, 3, 0)], padding, modelSpec())).not.toThrow();
  });

  it('names both inputs where they differ', () => {
    const error = servingErrorOf(() => assertOneLength([tensor('tokens', 2, 5), tensor('types', 2, 5, 7)], padding, modelSpec()));
    expect(error).toMatchObject({
      code: 'invalid_request',
      message: "padded inputs of one length expected for model 'm': 'tokens' has length 5, 'types' has length 7 at axis 2 of shape [2,5,7]",
    });
  });
});
