import { describe, expect, it } from '@jest/globals';
import { type Classes, classify } from '../../../src/serving/classify.js';
import { decodeBytes } from '../../../src/tensor/bytes.js';
import type { Tensor } from '../../../src/tensor/tensor.js';

const UNLABELLED: Classes = { isBatched: true, labels: undefined };

function floats(shape: readonly number[], values: readonly number[]): Tensor {
  return { name: 'p', datatype: 'FP32', shape, data: new Uint8Array(Float32Array.from(values).buffer) };
}

function textsOf({ data }: Tensor): string[] {
  return decodeBytes(data).map((element) => Buffer.from(element).toString());
}

describe('classify', () => {
  it('ranks each row by itself', () => {
    const classes = classify(floats([2, 3], [0.25, 0.5, 0.125, 3, 1, 2]), 2, UNLABELLED);
    expect(classes).toMatchObject({ name: 'p', datatype: 'BYTES', shape: [2, 2] });
    expect(textsOf(classes)).toEqual(['0.500000:1', '0.250000:0', '3.000000:0', '2.000000:2']);
  });

  it('gives as many as there are where more are asked for', () => {
    expect(classify(floats([1, 3], [1, 2, 3]), 10, UNLABELLED).shape).toEqual([1, 3]);
    expect(classify(floats([2, 0], []), 10, UNLABELLED)).toMatchObject({ shape: [2, 0], data: new Uint8Array() });
  });

  it('takes all elements of an unbatched output for one row, and a scalar for one class', () => {
    const whole = classify(floats([2, 2], [1, 2, 4, 3]), 3, { ...UNLABELLED, isBatched: false });
    expect([whole.shape, textsOf(whole)]).toEqual([[3], ['4.000000:2', '3.000000:3', '2.000000:1']]);
    expect(classify(floats([], [1]), 3, { ...UNLABELLED, isBatched: false }).shape).toEqual([1]);
  });

  it('takes axes behind the first for one', () => {
    expect(textsOf(classify(floats([1, 2, 2], [1, 2, 4, 3]), 1, UNLABELLED))).toEqual(['4.000000:2']);
  });

  it('adds the labels that there are', () => {
    const labelled = classify(floats([1, 4], [4, 3, 2, 1]), 4, { isBatched: true, labels: ['cat', '', 'köter'] });
    expect(textsOf(labelled)).toEqual(['4.000000:0:cat', '3.000000:1', '2.000000:2:köter', '1.000000:3']);
  });

  it('writes integers plain', () => {
    const data = new Uint8Array(BigInt64Array.of(-5n, 9_007_199_254_740_993n).buffer);
    expect(textsOf(classify({ name: 'n', datatype: 'INT64', shape: [1, 2], data }, 2, UNLABELLED))).toEqual(['9007199254740993:1', '-5:0']);
  });

  it.each([
    { what: 'a row of more elements than can be ranked', shape: [1, 1_000_001], count: 1 },
    { what: 'more classes than can be written', shape: [101, 1000], count: 1000 },
    { what: 'more elements than can be counted', shape: [1, 2 ** 30, 2 ** 30], count: 1 },
  ])('refuses $what', ({ shape, count }) => {
    const error = { code: 'invalid_request', message: expect.stringContaining('classification output tensor too large') };
    expect(() => classify({ name: 'p', datatype: 'FP32', shape, data: new Uint8Array() }, count, UNLABELLED)).toThrow(
      expect.objectContaining(error),
    );
  });

  it('ranks the largest row', () => {
    const values = Float32Array.from({ length: 1_000_000 }, (_, index) => index);
    const output: Tensor = { name: 'p', datatype: 'FP32', shape: [1, values.length], data: new Uint8Array(values.buffer) };
    expect(textsOf(classify(output, 2, UNLABELLED))).toEqual(['999999.000000:999999', '999998.000000:999998']);
  });

  it('is never asked for a datatype that validation refuses', () => {
    const halves: Tensor = { name: 'p', datatype: 'FP16', shape: [1, 1], data: new Uint8Array(2) };
    expect(() => classify(halves, 1, UNLABELLED)).toThrow("output 'p' of datatype FP16 was not refused");
  });
});
