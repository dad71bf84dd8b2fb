import fc from 'fast-check';
import { encodeBytes } from '../../src/tensor/bytes.js';
import { DATATYPES, type Datatype, elementBytes } from '../../src/tensor/datatype.js';
import type { Tensor } from '../../src/tensor/tensor.js';

export const arbitraryDatatype: fc.Arbitrary<Datatype> = fc.constantFrom(...DATATYPES);

/** Elements of any bytes, empty ones included. */
export const arbitraryElements = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 12 });

/** Well-formed data of `count` elements. */
export function arbitraryData(datatype: Datatype, count: number): fc.Arbitrary<Uint8Array> {
  if (datatype === 'BYTES') return fc.array(fc.uint8Array({ maxLength: 5 }), { minLength: count, maxLength: count }).map(encodeBytes);
  const length = count * elementBytes(datatype);
  return fc.uint8Array({ minLength: length, maxLength: length });
}

/** A well-formed tensor; its data is a view somewhere into a larger buffer, as received data is. */
export function arbitraryTensor(name: string, datatype: Datatype, shape: readonly number[]): fc.Arbitrary<Tensor> {
  const count = shape.reduce((product, size) => product * size, 1);
  return fc.tuple(arbitraryData(datatype, count), fc.nat(7)).map(([bytes, offset]) => {
    const message = new Uint8Array(offset + bytes.length + 3);
    message.set(bytes, offset);
    return { name, datatype, shape, data: message.subarray(offset, offset + bytes.length) };
  });
}
