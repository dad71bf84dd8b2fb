import { describe, expect, it } from '@jest/globals';
import { DATATYPES, elementBytes, hasTypedContents } from './oip/datatype.js';
import { Random } from './oip/random.js';
import { extremeTensor, sampleTensor } from './oip/sample.js';
import { contentsOf, decodeBytes, decodeNumbers, encodeBytes, rawOfContents } from './oip/tensor.js';

const TYPED = DATATYPES.filter(hasTypedContents);

describe.each(TYPED)('typed contents of %s', (datatype) => {
  it('are the raw ones again, extremes included', () => {
    for (const tensor of [sampleTensor('x', datatype, [3, 5], 7, 'wide'), extremeTensor('x', datatype, [2, 2])]) {
      const raw = rawOfContents(datatype, contentsOf(tensor));
      // A NaN keeps being one; which one, typed contents do not promise.
      if (datatype.startsWith('FP')) expect(decodeNumbers(datatype, raw)).toEqual(decodeNumbers(datatype, tensor.raw));
      else expect(raw).toEqual(tensor.raw);
    }
  });
});

describe('a sample', () => {
  it.each(DATATYPES)('of %s is as long as its shape says, and the same for the same seed', (datatype) => {
    const tensor = sampleTensor('x', datatype, [2, 3], 11);
    const size = elementBytes(datatype);
    if (size === undefined) expect(decodeBytes(tensor.raw)).toHaveLength(6);
    else expect(tensor.raw).toHaveLength(6 * size);
    expect(sampleTensor('x', datatype, [2, 3], 11)).toEqual(tensor);
    expect(extremeTensor('x', datatype, [2]).raw).not.toEqual(sampleTensor('x', datatype, [2], 11).raw);
  });

  it('has integers that are indices nearly everywhere, unless it may be wide', () => {
    const values = (spread: 'mild' | 'wide') => decodeNumbers('INT32', sampleTensor('x', 'INT32', [500], 3, spread).raw);
    expect(new Set(values('mild'))).toEqual(new Set([0, 1, 2, 3]));
    expect(Math.max(...values('wide'))).toBeGreaterThan(90);
  });
});

describe('the 16-bit floats', () => {
  it.each([
    ['FP16', '003c', 1],
    ['FP16', '00c0', -2],
    ['FP16', '0100', 2 ** -24],
    ['FP16', '00fc', Number.NEGATIVE_INFINITY],
    ['FP16', '017e', Number.NaN],
    ['BF16', '803f', 1],
    ['BF16', 'c0bf', -1.5],
  ] as const)('%s %s is %d', (datatype, hex, value) => {
    expect(decodeNumbers(datatype, Buffer.from(hex, 'hex'))).toEqual([value]);
  });

  it('have no typed contents', () => {
    for (const datatype of ['FP16', 'BF16'] as const) {
      expect(() => contentsOf(sampleTensor('x', datatype, [1], 1))).toThrow(`${datatype} has no typed contents`);
      expect(rawOfContents(datatype, { fp32_contents: [1] })).toEqual(Buffer.alloc(0));
    }
  });
});

describe('BYTES', () => {
  it('are read where lengths and bytes add up, and not where they do not', () => {
    const elements = ['', 'a', 'é'].map((text) => Buffer.from(text));
    const raw = encodeBytes(elements);
    expect(decodeBytes(raw)).toEqual(elements);
    for (const cut of [1, raw.length - 5]) expect(decodeBytes(raw.subarray(0, raw.length - cut))).toBeUndefined();
    expect(decodeBytes(Buffer.concat([raw, Buffer.from([0, 0])]))).toBeUndefined();
  });
});

describe('the random numbers', () => {
  it('are the same for a seed, others for another one, and within their bounds', () => {
    const numbers = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 200 }, () => random.below(10));
    };
    expect(numbers(1)).toEqual(numbers(1));
    expect(numbers(1)).not.toEqual(numbers(2));
    expect(new Set(numbers(1))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });
});
