import { DATATYPES, type Datatype } from '../tensor/datatype.js';

/** Numbers of millrace.v1.Datatype and of inference.DataType, which calls BYTES "STRING" and otherwise agrees. */
const NUMBER_OF = {
  BOOL: 1,
  UINT8: 2,
  UINT16: 3,
  UINT32: 4,
  UINT64: 5,
  INT8: 6,
  INT16: 7,
  INT32: 8,
  INT64: 9,
  FP16: 10,
  FP32: 11,
  FP64: 12,
  BYTES: 13,
  BF16: 14,
} as const satisfies Record<Datatype, number>;

export type DatatypeNumber = (typeof NUMBER_OF)[Datatype];

const BY_NUMBER: ReadonlyMap<number, Datatype> = new Map(DATATYPES.map((datatype) => [NUMBER_OF[datatype], datatype]));

export function numberOfDatatype(datatype: Datatype): DatatypeNumber {
  return NUMBER_OF[datatype];
}

/** Undefined for 0 (unspecified) and for numbers that nobody has given a meaning. */
export function datatypeOfNumber(number: number): Datatype | undefined {
  return BY_NUMBER.get(number);
}
