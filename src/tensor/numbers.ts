import { type Datatype, elementBytes } from './datatype.js';

/** A tensor's elements by index; 64-bit integers as bigint, exactly. */
export interface Numbers {
  readonly length: number;
  readonly [index: number]: number | bigint;
}

type NumbersView = new (buffer: ArrayBufferLike, offset: number, length: number) => Numbers;

/** Those datatypes whose elements JavaScript has a view for. */
const VIEWS = {
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const satisfies Partial<Record<Datatype, NumbersView>>;

export type NumericDatatype = keyof typeof VIEWS;

export function isNumeric(datatype: Datatype): datatype is NumericDatatype {
  return Object.hasOwn(VIEWS, datatype);
}

/** The elements of `data`, which is copied only where it does not start at a multiple of their size. */
export function viewNumbers(datatype: NumericDatatype, data: Uint8Array): Numbers {
  const size = elementBytes(datatype);
  const { buffer, byteOffset, length } = data.byteOffset % size === 0 ? data : new Uint8Array(data);
  const View: NumbersView = VIEWS[datatype];
  return new View(buffer, byteOffset, Math.floor(length / size));
}
