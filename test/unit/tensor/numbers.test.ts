import { describe, expect, it } from '@jest/globals';
import { DATATYPES } from '../../../src/tensor/datatype.js';
import { isNumeric, type NumericDatatype, viewNumbers } from '../../../src/tensor/numbers.js';

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

const CASES: [NumericDatatype, ArrayBufferView, (number | bigint)[]][] = [
  ['UINT8', Uint8Array.of(0, 255), [0, 255]],
  ['UINT16', Uint16Array.of(0, 65_535), [0, 65_535]],
  ['UINT32', Uint32Array.of(0, 2 ** 32 - 1), [0, 2 ** 32 - 1]],
  ['UINT64', BigUint64Array.of(0n, 2n ** 64n - 1n), [0n, 2n ** 64n - 1n]],
  ['INT8', Int8Array.of(-128, 127), [-128, 127]],
  ['INT16', Int16Array.of(-32_768, 1), [-32_768, 1]],
  ['INT32', Int32Array.of(-(2 ** 31), 1), [-(2 ** 31), 1]],
  ['INT64', BigInt64Array.of(-(2n ** 63n), 1n), [-(2n ** 63n), 1n]],
  ['FP32', Float32Array.of(0.5, -1.25), [0.5, -1.25]],
  ['FP64', Float64Array.of(0.1, -1e300), [0.1, -1e300]],
];

describe('viewNumbers', () => {
  it.each(CASES)('reads %s as it is', (datatype, array, numbers) => {
    expect(Array.from(viewNumbers(datatype, bytesOf(array)))).toEqual(numbers);
  });

  it.each(CASES)('reads %s at an odd offset of a message', (datatype, array, numbers) => {
    const bytes = bytesOf(array);
    const message = new Uint8Array(bytes.length + 1);
    message.set(bytes, 1);
    expect(Array.from(viewNumbers(datatype, message.subarray(1)))).toEqual(numbers);
  });

  it('reads a Buffer at an odd offset, too, whose slice is no copy', () => {
    const message = Buffer.alloc(9);
    message.writeFloatLE(0.5, 1);
    expect(viewNumbers('FP32', message.subarray(1, 5))[0]).toBe(0.5);
  });

  it('copies nothing that can be read where it is', () => {
    const floats = Float32Array.of(1, 2);
    const view = viewNumbers('FP32', bytesOf(floats));
    floats[1] = 3;
    expect(view[1]).toBe(3);
  });
});

describe('isNumeric', () => {
  it('leaves out what JavaScript has no numbers for', () => {
    expect(DATATYPES.filter((datatype) => !isNumeric(datatype))).toEqual(['BOOL', 'FP16', 'BYTES', 'BF16']);
  });
});
