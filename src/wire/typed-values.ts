import { quote } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';
import { elementBytes } from '../tensor/datatype.js';
import { fromBfloat, fromHalf, toBfloat, toHalf } from '../tensor/half.js';

/**
 * Lists of values as typed contents carry them ⇄ a tensor's little-endian bytes. Decoding expects whole elements, as validated requests and
 * instances give them.
 */
export type IntegerDatatype = 'INT8' | 'INT16' | 'INT32' | 'INT64' | 'UINT8' | 'UINT16' | 'UINT32' | 'UINT64';
export type FloatDatatype = 'FP16' | 'BF16' | 'FP32' | 'FP64';

interface IntegerFormat {
  readonly min: bigint;
  readonly max: bigint;
  readonly write: (view: DataView, offset: number, value: number | bigint) => void;
  readonly read: (view: DataView, offset: number) => bigint;
}

const INTEGERS = {
  INT8: {
    min: -(2n ** 7n),
    max: 2n ** 7n - 1n,
    write: (view, offset, value) => view.setInt8(offset, Number(value)),
    read: (view, offset) => BigInt(view.getInt8(offset)),
  },
  INT16: {
    min: -(2n ** 15n),
    max: 2n ** 15n - 1n,
    write: (view, offset, value) => view.setInt16(offset, Number(value), true),
    read: (view, offset) => BigInt(view.getInt16(offset, true)),
  },
  INT32: {
    min: -(2n ** 31n),
    max: 2n ** 31n - 1n,
    write: (view, offset, value) => view.setInt32(offset, Number(value), true),
    read: (view, offset) => BigInt(view.getInt32(offset, true)),
  },
  INT64: {
    min: -(2n ** 63n),
    max: 2n ** 63n - 1n,
    write: (view, offset, value) => view.setBigInt64(offset, BigInt(value), true),
    read: (view, offset) => view.getBigInt64(offset, true),
  },
  UINT8: {
    min: 0n,
    max: 2n ** 8n - 1n,
    write: (view, offset, value) => view.setUint8(offset, Number(value)),
    read: (view, offset) => BigInt(view.getUint8(offset)),
  },
  UINT16: {
    min: 0n,
    max: 2n ** 16n - 1n,
    write: (view, offset, value) => view.setUint16(offset, Number(value), true),
    read: (view, offset) => BigInt(view.getUint16(offset, true)),
  },
  UINT32: {
    min: 0n,
    max: 2n ** 32n - 1n,
    write: (view, offset, value) => view.setUint32(offset, Number(value), true),
    read: (view, offset) => BigInt(view.getUint32(offset, true)),
  },
  UINT64: {
    min: 0n,
    max: 2n ** 64n - 1n,
    write: (view, offset, value) => view.setBigUint64(offset, BigInt(value), true),
    read: (view, offset) => view.getBigUint64(offset, true),
  },
} as const satisfies Record<IntegerDatatype, IntegerFormat>;

interface FloatFormat {
  readonly write: (view: DataView, offset: number, value: number) => void;
  readonly read: (view: DataView, offset: number) => number;
}

const FLOATS = {
  FP16: {
    write: (view, offset, value) => view.setUint16(offset, toHalf(value), true),
    read: (view, offset) => fromHalf(view.getUint16(offset, true)),
  },
  BF16: {
    write: (view, offset, value) => view.setUint16(offset, toBfloat(value), true),
    read: (view, offset) => fromBfloat(view.getUint16(offset, true)),
  },
  FP32: {
    write: (view, offset, value) => view.setFloat32(offset, value, true),
    read: (view, offset) => view.getFloat32(offset, true),
  },
  FP64: {
    write: (view, offset, value) => view.setFloat64(offset, value, true),
    read: (view, offset) => view.getFloat64(offset, true),
  },
} as const satisfies Record<FloatDatatype, FloatFormat>;

/** Throws `invalid_request` that names `tensor`, the element and the range where a value is outside the datatype's. */
export function encodeIntegers(tensor: string, datatype: IntegerDatatype, values: readonly (number | bigint)[]): Uint8Array<ArrayBuffer> {
  const { min, max, write }: IntegerFormat = INTEGERS[datatype];
  const size = elementBytes(datatype);
  const view = new DataView(new ArrayBuffer(values.length * size));
  values.forEach((value, element) => {
    if (value < min || value > max) throw outOfRange(tensor, datatype, element, value, `${min} to ${max}`);
    write(view, element * size, value);
  });
  return new Uint8Array(view.buffer);
}

/** Rounds to the nearest value of the datatype, ties to even. Throws `invalid_request` where a finite value is beyond its largest. */
export function encodeFloats(tensor: string, datatype: FloatDatatype, values: readonly number[]): Uint8Array<ArrayBuffer> {
  const { write, read }: FloatFormat = FLOATS[datatype];
  const size = elementBytes(datatype);
  const view = new DataView(new ArrayBuffer(values.length * size));
  values.forEach((value, element) => {
    const offset = element * size;
    write(view, offset, value);
    if (Number.isFinite(value) && !Number.isFinite(read(view, offset))) {
      throw outOfRange(tensor, datatype, element, value, 'a finite value that it can hold');
    }
  });
  return new Uint8Array(view.buffer);
}

export function encodeBools(values: readonly boolean[]): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(values.length);
  values.forEach((value, element) => {
    data[element] = value ? 1 : 0;
  });
  return data;
}

export function decodeIntegers(datatype: IntegerDatatype, data: Uint8Array): bigint[] {
  const { read }: IntegerFormat = INTEGERS[datatype];
  return readEach(data, elementBytes(datatype), read);
}

export function decodeFloats(datatype: FloatDatatype, data: Uint8Array): number[] {
  const { read }: FloatFormat = FLOATS[datatype];
  return readEach(data, elementBytes(datatype), read);
}

export function decodeBools(data: Uint8Array): boolean[] {
  return Array.from(data, (byte) => byte !== 0);
}

function readEach<T>(data: Uint8Array, size: number, read: (view: DataView, offset: number) => T): T[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: data.length / size }, (_, element) => read(view, element * size));
}

function outOfRange(tensor: string, datatype: string, element: number, value: number | bigint, expected: string) {
  return invalidRequest(
    `value ${value} at element ${element} of input ${quote(tensor)} is out of range for ${datatype}: expected ${expected}`,
  );
}
