import { describe, expect, it } from '@jest/globals';
import { DATATYPES, type Datatype } from '../../../src/tensor/datatype.js';
import { findNonFinite } from '../../../src/tensor/finite.js';

/** Elements of two bytes. */
function words(...bits: readonly number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(bits).buffer);
}

function floats(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

function doubles(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer);
}

const LARGEST = (2 - 2 ** -23) * 2 ** 127;

describe('findNonFinite', () => {
  it.each<[Datatype, Uint8Array]>([
    ['FP16', words(0, 0x8000, 0x7bff, 0xfbff, 0x0001, 0x3c00)],
    ['BF16', words(0, 0x8000, 0x7f7f, 0xff7f, 0x0001, 0x3f80)],
    ['FP32', floats(0, -0, LARGEST, -LARGEST, 2 ** -149, 2 ** 127, 1)],
    ['FP64', doubles(0, -0, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 1023, 2 ** 1008, 1)],
  ])('finds nothing in finite numbers of %s, the largest and smallest among them', (datatype, data) => {
    expect(findNonFinite(datatype, data)).toBeUndefined();
    expect(findNonFinite(datatype, data.subarray(0, 0))).toBeUndefined();
  });

  it.each<[Datatype, Uint8Array, string, number]>([
    ['FP16', words(0, 0x7c00), 'infinity', 1],
    ['FP16', words(0xfc00), 'infinity', 0],
    ['FP16', words(0x7e00), 'NaN', 0],
    ['FP16', words(0x7c01), 'NaN', 0],
    ['BF16', words(0, 0, 0x7f80), 'infinity', 2],
    ['BF16', words(0xff80), 'infinity', 0],
    ['BF16', words(0x7fc0), 'NaN', 0],
    ['BF16', words(0xff81), 'NaN', 0],
    ['FP32', floats(1, Number.POSITIVE_INFINITY), 'infinity', 1],
    ['FP32', floats(Number.NEGATIVE_INFINITY), 'infinity', 0],
    ['FP32', floats(1, 2, Number.NaN), 'NaN', 2],
    ['FP32', Uint8Array.of(1, 0, 0x80, 0xff), 'NaN', 0],
    ['FP64', doubles(1, Number.NEGATIVE_INFINITY), 'infinity', 1],
    ['FP64', doubles(Number.NaN), 'NaN', 0],
    ['FP64', Uint8Array.of(1, 0, 0, 0, 0, 0, 0xf0, 0x7f), 'NaN', 0],
    ['FP64', Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf8, 0xff), 'NaN', 0],
  ])('finds in %s %p %s at element %i', (datatype, data, kind, index) => {
    expect(findNonFinite(datatype, data)).toEqual({ kind, index });
  });

  it('finds the first, at whatever byte of its buffer the data starts', () => {
    for (let offset = 0; offset < 8; offset++) {
      const message = new Uint8Array(offset + 16).fill(0xff, 0, offset);
      message.set(floats(1, 2, Number.POSITIVE_INFINITY, Number.NaN), offset);
      expect(findNonFinite('FP32', message.subarray(offset))).toEqual({ kind: 'infinity', index: 2 });
    }
  });

  it('has nothing to find in other datatypes', () => {
    const data = new Uint8Array(16).fill(0xff);
    const others = DATATYPES.filter((datatype) => findNonFinite(datatype, data) === undefined);
    expect(DATATYPES.filter((datatype) => !others.includes(datatype))).toEqual(['FP16', 'FP32', 'FP64', 'BF16']);
  });
});
