import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { NEWEST } from '../../../src/model/id.js';
import type { InferRequest } from '../../../src/model/infer.js';
import type { ModelSettings } from '../../../src/model/spec.js';
import { orderInputs, validateRequest } from '../../../src/model/validate.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { modelSpec } from '../../support/model-source.js';

const SPEC = modelSpec({
  maxBatchSize: 8,
  inputs: [{ name: 'x', datatype: 'FP32', dims: [16] }],
  outputs: [
    { name: 'label', datatype: 'INT64', dims: [] },
    { name: 'scores', datatype: 'FP32', dims: [10] },
  ],
});

function fp32(shape: readonly number[], name = 'x'): Tensor {
  return { name, datatype: 'FP32', shape, data: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)) };
}

function requestOf(inputs: readonly Tensor[], outputNames: readonly string[] = []): InferRequest {
  return { model: 'm', version: NEWEST, requestId: '', inputs, outputNames, priority: 0 };
}

function refusalOf(inputs: readonly Tensor[], settings: Partial<ModelSettings> = SPEC, outputNames: readonly string[] = []): string {
  try {
    validateRequest(requestOf(inputs, outputNames), modelSpec(settings));
  } catch (error) {
    if (error instanceof ServingError && error.code === 'invalid_request') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('validateRequest', () => {
  it('counts the rows of a batched model', () => {
    expect(validateRequest(requestOf([fp32([1, 16])]), SPEC)).toBe(1);
    expect(validateRequest(requestOf([fp32([8, 16])], ['scores', 'label']), SPEC)).toBe(8);
  });

  it('counts one row of an unbatched model, even with empty axes', () => {
    const spec = modelSpec({ inputs: [{ name: 'x', datatype: 'FP32', dims: [-1, 2] }] });
    expect(validateRequest(requestOf([fp32([7, 2])]), spec)).toBe(1);
    expect(validateRequest(requestOf([fp32([0, 2])]), spec)).toBe(1);
  });

  it('accepts a model without inputs', () => {
    expect(validateRequest(requestOf([]), modelSpec())).toBe(1);
  });

  it('accepts rows without elements', () => {
    const spec = modelSpec({ maxBatchSize: 8, inputs: [{ name: 'x', datatype: 'FP32', dims: [-1] }] });
    expect(validateRequest(requestOf([fp32([2, 0])]), spec)).toBe(2);
  });
});

describe('validateRequest of what is to be split', () => {
  it('accepts more rows than one execution takes', () => {
    expect(validateRequest(requestOf([fp32([10_000, 16])]), SPEC, 'split')).toBe(10_000);
  });

  it('refuses all the rest', () => {
    expect(() => validateRequest(requestOf([fp32([10_000, 8])]), SPEC, 'split')).toThrow('unexpected shape');
    expect(() => validateRequest(requestOf([fp32([0, 16])]), SPEC, 'split')).toThrow('batch-size must be >= 1');
  });

  it('refuses as many of rows that hold nothing, which would be a stream without end for a few bytes', () => {
    const spec = modelSpec({ maxBatchSize: 8, inputs: [{ name: 'x', datatype: 'FP32', dims: [-1] }] });
    expect(validateRequest(requestOf([fp32([8, 0])]), spec, 'split')).toBe(8);
    expect(() => validateRequest(requestOf([fp32([2 ** 50, 0])]), spec, 'split')).toThrow('batch-size must be <= 8');
  });
});

describe('validateRequest of a padded model', () => {
  const input = (name: string) => ({ name, datatype: 'FP32' as const, dims: [-1] });
  const padded = { axis: 0, value: 0 };
  const padding = {
    inputs: new Map([
      ['A', padded],
      ['B', padded],
    ]),
    outputs: new Map(),
  };
  const batching = { preferredBatchSizes: [], maxQueueDelayMs: 0, maxQueueSize: 0, padding };
  const settings = { maxBatchSize: 8, inputs: [input('A'), input('B'), input('C')], batching };
  const inputs = (a: number, b: number, c: number) => [fp32([2, a], 'A'), fp32([2, b], 'B'), fp32([2, c], 'C')];

  it('wants one length of the padded inputs, and any of the others', () => {
    expect(refusalOf(inputs(5, 5, 3), settings)).toBe('accepted');
    expect(refusalOf(inputs(5, 4, 5), settings)).toBe(
      "padded inputs of one length expected for model 'm': 'A' has length 5, 'B' has length 4 at axis 1 of shape [2,4]",
    );
  });
});

describe('validateRequest of a model that refuses what is no finite number', () => {
  const inputs = [
    { name: 'x', datatype: 'FP32' as const, dims: [-1] },
    { name: 'n', datatype: 'INT32' as const, dims: [-1] },
  ];
  const request = (...values: number[]): Tensor[] => [
    { ...fp32([1, values.length]), data: new Uint8Array(Float32Array.from(values).buffer) },
    { name: 'n', datatype: 'INT32', shape: [1, 1], data: Uint8Array.of(255, 255, 255, 255) },
  ];

  it('names the input, the element and what it is', () => {
    const settings = { maxBatchSize: 8, inputs, refusesNonFinite: true };
    expect(refusalOf(request(1, -2, 3e38), settings)).toBe('accepted');
    expect(refusalOf(request(1, Number.NaN), settings)).toBe("input 'x' for model 'm' has NaN at element 1, expected finite numbers");
    expect(refusalOf(request(Number.NEGATIVE_INFINITY, Number.NaN), settings)).toBe(
      "input 'x' for model 'm' has infinity at element 0, expected finite numbers",
    );
  });

  it('is no other model', () => {
    expect(refusalOf(request(1, Number.NaN), { maxBatchSize: 8, inputs })).toBe('accepted');
  });
});

describe('validateRequest with optional inputs', () => {
  const input = (name: string, optional: boolean) => ({ name, datatype: 'FP32' as const, dims: [-1], optional });
  const spec = modelSpec({ maxBatchSize: 8, inputs: [input('A', true), input('B', false), input('C', true), input('D', false)] });
  const order = (...names: string[]) => orderInputs(requestOf(names.map((name) => fp32([1, 2], name))), spec).map(({ name }) => name);

  it("orders those that came as the model's are", () => {
    expect(order('D', 'C', 'B', 'A')).toEqual(['A', 'B', 'C', 'D']);
    expect(order('D', 'B')).toEqual(['B', 'D']);
    expect(order('C', 'D', 'B')).toEqual(['B', 'C', 'D']);
  });

  it('gives back the very array of a request that brings all of them in order', () => {
    const inputs = ['A', 'B', 'C', 'D'].map((name) => fp32([1, 2], name));
    expect(orderInputs(requestOf(inputs), spec)).toBe(inputs);
  });

  it('holds each against its own description, and counts rows', () => {
    expect(validateRequest(requestOf([fp32([3, 2], 'D'), fp32([3, 1], 'B')]), spec)).toBe(3);
    expect(refusalOf([fp32([3, 2], 'D'), fp32([3], 'B')], spec)).toContain("unexpected shape for input 'B'");
    expect(refusalOf([fp32([3, 2], 'D'), fp32([2, 2], 'B')], spec)).toContain("input 'D' batch size does not match");
    expect(refusalOf([fp32([3, 2], 'D'), { ...fp32([3, 2], 'B'), datatype: 'INT32' }], spec)).toContain("input 'B' data-type is 'INT32'");
  });

  it("says between which numbers of inputs the request's should be", () => {
    expect(refusalOf([fp32([1, 2], 'D')], spec)).toBe(
      "expected number of inputs between 2 and 4 but got 1 inputs for model 'm'. Got input(s) ['D'], but missing required input(s) ['B']. " +
        'Please provide all required input(s).',
    );
  });

  it('is not content with as many inputs as are required', () => {
    expect(refusalOf([fp32([1, 2], 'A'), fp32([1, 2], 'B'), fp32([1, 2], 'C')], spec)).toContain("missing required input(s) ['D']");
  });

  it('refuses unknown names, and the same name twice', () => {
    expect(refusalOf([fp32([1, 2], 'B'), fp32([1, 2], 'E')], spec)).toContain("unexpected inference input 'E'");
    expect(refusalOf([fp32([1, 2], 'B'), fp32([1, 2], 'D'), fp32([1, 2], 'D')], spec)).toBe("input 'D' already exists in request");
  });

  it('needs one input at least to tell the rows of a batched model', () => {
    const inputs = [input('A', true), input('C', true)];
    const text = "expected at least one of the inputs ['A','C'] for model 'm', which tells the batch size, got none";
    expect(refusalOf([], { maxBatchSize: 8, inputs })).toBe(text);
    expect(refusalOf([], { maxBatchSize: 8, inputs: [] })).toBe('accepted');
    expect(validateRequest(requestOf([]), modelSpec({ inputs }))).toBe(1);
  });
});

describe('validateRequest on names', () => {
  const three = modelSpec({ inputs: ['INPUT0', 'INPUT1', 'INPUT2'].map((name) => ({ name, datatype: 'FP32', dims: [1] })) });

  it('names the inputs that are missing', () => {
    expect(refusalOf([fp32([1], 'INPUT0')], three)).toBe(
      "expected 3 inputs but got 1 inputs for model 'm'. Got input(s) ['INPUT0'], but missing required input(s) ['INPUT1','INPUT2']. " +
        'Please provide all required input(s).',
    );
    expect(refusalOf([], three)).toContain("Got input(s) [], but missing required input(s) ['INPUT0','INPUT1','INPUT2']");
  });

  it('names an input that the model has not', () => {
    const inputs = ['INPUT0', 'INPUT1', 'other'].map((name) => fp32([1], name));
    expect(refusalOf(inputs, three)).toBe(
      "unexpected inference input 'other' for model 'm'. Expected input(s) ['INPUT0','INPUT1','INPUT2']",
    );
    expect(refusalOf([fp32([1, 16]), fp32([1, 16], 'y')])).toContain("unexpected inference input 'y' for model 'm'");
  });

  it('names an input that is there twice', () => {
    expect(refusalOf([fp32([1, 16]), fp32([1, 16])])).toBe("input 'x' already exists in request");
    expect(refusalOf([fp32([1], 'INPUT1'), fp32([1], 'INPUT1')], three)).toBe("input 'INPUT1' already exists in request");
  });

  it('says something short of 10,000 inputs and outputs', () => {
    const names = Array.from({ length: 10_000 }, (_, at) => `${'n'.repeat(200)}${at}`);
    const inputs = names.map((name) => fp32([1, 16], name));
    expect(refusalOf(inputs)).toMatch(/^unexpected inference input 'n+…' for model 'm'.{0,200}$/);
    expect(refusalOf([fp32([1, 16])], SPEC, names)).toMatch(/^unexpected inference output 'n+…' for model 'm'.{0,200}$/);
  });

  it('refuses outputs that the model has not, and outputs named twice', () => {
    expect(refusalOf([fp32([1, 16])], SPEC, ['scores', 'probs'])).toBe(
      "unexpected inference output 'probs' for model 'm'. Expected output(s) ['label','scores']",
    );
    expect(refusalOf([fp32([1, 16])], SPEC, ['scores', 'scores'])).toBe("output 'scores' already exists in request");
  });
});

describe('validateRequest on datatypes and shapes', () => {
  it('refuses another datatype', () => {
    expect(refusalOf([{ ...fp32([1, 16]), datatype: 'INT32' }])).toBe(
      "inference input 'x' data-type is 'INT32', but model 'm' expects 'FP32'",
    );
  });

  it.each([[[1, 8]], [[16]], [[]], [[1, 16, 1]], [new Array<number>(10_000).fill(1)]])('refuses another shape', (shape) => {
    const text = refusalOf([fp32(shape)]);
    expect(text).toContain("unexpected shape for input 'x' for model 'm'. Expected [-1,16], got [");
    expect(text).toContain('NOTE: with max_batch_size 8 each input shape starts with a batch dimension');
  });

  it('shows the shape of an unbatched model whole', () => {
    const settings = { inputs: [{ name: 'x', datatype: 'FP32', dims: [-1, 16] } as const] };
    expect(refusalOf([fp32([1, 2, 16])], settings)).toContain('Expected [-1,16], got [1,2,16]. NOTE: with max_batch_size 0');
  });

  it.each([[[-1, 16]], [[1, -1]], [[1.5, 16]], [[Number.NaN, 16]], [[2 ** 53, 16]]])(
    'refuses a shape with the axis of no certain size in %p',
    (shape) => {
      expect(refusalOf([{ ...fp32([1, 16]), shape }])).toBe(
        `All input dimensions should be specified for input 'x' for model 'm', got [${shape.join(',')}]`,
      );
    },
  );

  it('refuses shapes whose product cannot be counted', () => {
    const settings = { inputs: [{ name: 'x', datatype: 'FP32', dims: [-1, -1] } as const] };
    expect(refusalOf([{ ...fp32([1]), shape: [2 ** 40, 2 ** 40] }], settings)).toBe(
      "input 'x' for model 'm' has too many elements: shape [1099511627776,1099511627776]",
    );
  });
});

describe('validateRequest on rows', () => {
  const pair = modelSpec({ maxBatchSize: 8, inputs: ['a', 'b'].map((name) => ({ name, datatype: 'FP32', dims: [1] })) });

  it('refuses more rows than an execution takes', () => {
    expect(refusalOf([fp32([9, 16])])).toBe("inference request batch-size must be <= 8 for 'm', got 9");
  });

  it('refuses no rows', () => {
    expect(refusalOf([fp32([0, 16])])).toBe("inference request batch-size must be >= 1 for 'm', got 0");
  });

  it('refuses inputs of different rows', () => {
    expect(refusalOf([fp32([2, 1], 'a'), fp32([3, 1], 'b')], pair)).toBe(
      "input 'b' batch size does not match other inputs for 'm'. Expected 2, got 3",
    );
    expect(refusalOf([fp32([2, 1], 'b'), fp32([3, 1], 'a')], pair)).toContain("input 'b' batch size does not match");
  });
});

describe('validateRequest on data', () => {
  const texts = modelSpec({ maxBatchSize: 8, inputs: [{ name: 's', datatype: 'BYTES', dims: [2] }] });
  const bytes = (...data: number[]): Tensor => ({ name: 's', datatype: 'BYTES', shape: [1, 2], data: Uint8Array.from(data) });

  it.each([0, 32, 63, 65])('refuses %p bytes for 16 floats', (length) => {
    expect(refusalOf([{ ...fp32([1, 16]), data: new Uint8Array(length) }])).toBe(
      `input byte size mismatch for input 'x' for model 'm'. Expected 64, got ${length}`,
    );
  });

  it('accepts elements of any bytes', () => {
    expect(refusalOf([bytes(1, 0, 0, 0, 0xff, 0, 0, 0, 0)], texts)).toBe('accepted');
  });

  it.each([
    ['too few elements', [0, 0, 0, 0], "expected 2 string elements for inference input 's' for model 'm', got 1"],
    ['no elements', [], "expected 2 string elements for inference input 's' for model 'm', got 0"],
    [
      'too many elements',
      new Array<number>(12).fill(0),
      "unexpected number of string elements 3 for inference input 's' for model 'm', expecting 2",
    ],
    [
      'a length cut off',
      [0, 0, 0, 0, 1, 0],
      "incomplete string length indicator for inference input 's' for model 'm', expecting 4 bytes but only 2 bytes available at element 1",
    ],
    [
      'an element cut off',
      [9, 0, 0, 0, 1],
      "incomplete string data for inference input 's' for model 'm', expecting string of length 9 but only 1 bytes available at element 0",
    ],
  ])('refuses %s', (_, data, text) => {
    expect(refusalOf([bytes(...data)], texts)).toBe(text);
  });
});

describe('orderInputs', () => {
  const pair = modelSpec({ inputs: ['a', 'b'].map((name) => ({ name, datatype: 'FP32', dims: [1] })) });
  const [a, b] = [fp32([1], 'a'), fp32([1], 'b')];

  it('returns inputs that are in order as they are', () => {
    const request = requestOf([a, b]);
    expect(orderInputs(request, pair)).toBe(request.inputs);
  });

  it("puts inputs in the model's order", () => {
    const request = requestOf([b, a]);
    expect(orderInputs(request, pair)).toEqual([a, b]);
    expect(request.inputs).toEqual([b, a]);
    expect(validateRequest(request, pair)).toBe(1);
  });
});
