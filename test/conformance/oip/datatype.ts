import type { Contents } from './messages.js';

/** Bytes of one element; BYTES elements carry their own length. BF16 is Triton's. */
const ELEMENT_BYTES = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  BF16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: undefined,
} as const;

export type Datatype = keyof typeof ELEMENT_BYTES;

export const DATATYPES = Object.keys(ELEMENT_BYTES) as readonly Datatype[];

/** The field of InferTensorContents for each datatype; the 16-bit floats have none. */
const FIELD = {
  BOOL: 'bool_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  FP16: undefined,
  BF16: undefined,
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
} as const satisfies Record<Datatype, keyof Contents | undefined>;

export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(ELEMENT_BYTES, name);
}

export function elementBytes(datatype: Datatype): number | undefined {
  return ELEMENT_BYTES[datatype];
}

export function contentsField(datatype: Datatype): keyof Contents | undefined {
  return FIELD[datatype];
}

export function hasTypedContents(datatype: Datatype): boolean {
  return FIELD[datatype] !== undefined;
}

export function isFloat(datatype: Datatype): boolean {
  return datatype === 'FP16' || datatype === 'BF16' || datatype === 'FP32' || datatype === 'FP64';
}
