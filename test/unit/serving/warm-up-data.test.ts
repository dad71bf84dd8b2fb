import { describe, expect, it } from '@jest/globals';
import { randomData, warmUpBytes, zeroData } from '../../../src/serving/warm-up-data.js';
import { DATATYPES, type Datatype } from '../../../src/tensor/datatype.js';

const BELOW_ONE = 1 - 2 ** -30;

/** Gives the same numbers again and again. */
function cycle(...values: number[]): () => number {
  let at = 0;
  return () => values[at++ % values.length] ?? 0;
}

/** Random elements at both ends of the range and in its middle. */
function sample(datatype: Datatype): ArrayBuffer {
  return new Uint8Array(randomData(datatype, 3, cycle(0, 0.5, BELOW_ONE))).buffer;
}

describe('warm-up data', () => {
  it.each(DATATYPES)('has the size that it says, of %s', (datatype) => {
    const bytes = warmUpBytes(datatype, 5);
    expect(zeroData(datatype, 5)).toEqual(new Uint8Array(bytes));
    expect(randomData(datatype, 5, Math.random)).toHaveLength(bytes);
    expect(randomData(datatype, 0, Math.random)).toHaveLength(0);
  });

  it('is small integers, at random', () => {
    expect(Array.from(new Uint8Array(sample('UINT8')))).toEqual([0, 64, 127]);
    expect(Array.from(new Int8Array(sample('INT8')))).toEqual([0, 64, 127]);
    expect(Array.from(new Uint16Array(sample('UINT16')))).toEqual([0, 64, 127]);
    expect(Array.from(new Int16Array(sample('INT16')))).toEqual([0, 64, 127]);
    expect(Array.from(new Uint32Array(sample('UINT32')))).toEqual([0, 64, 127]);
    expect(Array.from(new Int32Array(sample('INT32')))).toEqual([0, 64, 127]);
    expect(Array.from(new BigUint64Array(sample('UINT64')))).toEqual([0n, 64n, 127n]);
    expect(Array.from(new BigInt64Array(sample('INT64')))).toEqual([0n, 64n, 127n]);
    expect(Array.from(new Uint8Array(sample('BOOL')))).toEqual([0, 1, 1]);
  });

  it('is numbers from 0 to 1, at random', () => {
    expect(Array.from(new Float32Array(sample('FP32')))).toEqual([0, 0.5, 1]);
    expect(Array.from(new Float64Array(sample('FP64')))).toEqual([0, 0.5, BELOW_ONE]);
    // Bits of 0, of something between and of the largest number below 1.
    expect(Array.from(new Uint16Array(sample('FP16')))).toEqual([0, 0x1e00, 0x3bff]);
    expect(Array.from(new Uint16Array(sample('BF16')))).toEqual([0, 0x1fc0, 0x3f7f]);
  });

  it('is empty elements where the datatype is BYTES, as in Triton', () => {
    expect(randomData('BYTES', 2, () => 0.5)).toEqual(new Uint8Array(8));
  });

  it('repeats itself where it is large, so that making it takes no time', () => {
    let asked = 0;
    const random = () => (asked++ % 2 === 0 ? 0.25 : 0.75);
    const values = new Float32Array(new Uint8Array(randomData('FP32', 100_001, random)).buffer);
    expect(asked).toBe(4096);
    expect(values.every((value, at) => value === (at % 2 === 0 ? 0.25 : 0.75))).toBe(true);
  });
});
