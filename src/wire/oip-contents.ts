import { quote } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';
import type { InferTensorContents } from '../gen/inference/infer.js';
import { encodeBytes } from '../tensor/bytes.js';
import type { Datatype } from '../tensor/datatype.js';
import { encodeBools, encodeFloats, encodeIntegers } from './typed-values.js';

type ContentsField = keyof InferTensorContents;

/** The fields as the protocol spells them, for error texts. */
const FIELD_NAMES = {
  boolContents: 'bool_contents',
  intContents: 'int_contents',
  int64Contents: 'int64_contents',
  uintContents: 'uint_contents',
  uint64Contents: 'uint64_contents',
  fp32Contents: 'fp32_contents',
  fp64Contents: 'fp64_contents',
  bytesContents: 'bytes_contents',
} as const satisfies Record<ContentsField, string>;

const FIELDS = Object.keys(FIELD_NAMES) as readonly ContentsField[];

/** The one field that each datatype's values ride in; the 16-bit floats have none. */
const FIELD_OF = {
  BOOL: 'boolContents',
  INT8: 'intContents',
  INT16: 'intContents',
  INT32: 'intContents',
  INT64: 'int64Contents',
  UINT8: 'uintContents',
  UINT16: 'uintContents',
  UINT32: 'uintContents',
  UINT64: 'uint64Contents',
  FP16: undefined,
  BF16: undefined,
  FP32: 'fp32Contents',
  FP64: 'fp64Contents',
  BYTES: 'bytesContents',
} as const satisfies Record<Datatype, ContentsField | undefined>;

/** Which tensor the contents belong to. */
export interface ContentsOwner {
  readonly name: string;
  readonly datatype: Datatype;
  readonly model: string;
}

/**
 * A tensor's typed contents in the protocol's raw layout; undefined where no field holds a value. Throws `invalid_request` where more than one
 * does, where it is not the datatype's own, or where a value is out of the datatype's range. Whether there are as many values as the shape
 * says is for validation to find.
 */
export function encodeContents(owner: ContentsOwner, contents: InferTensorContents): Uint8Array | undefined {
  const filled = FIELDS.filter((field) => contents[field].length > 0);
  const [field] = filled;
  if (field === undefined) return undefined;
  if (filled.length > 1) throw severalFields(owner, filled);
  if (field !== FIELD_OF[owner.datatype]) throw unexpectedField(owner, field);
  return encode(owner, contents);
}

function encode({ name, datatype }: ContentsOwner, contents: InferTensorContents): Uint8Array | undefined {
  switch (datatype) {
    case 'BOOL':
      return encodeBools(contents.boolContents);
    case 'INT8':
    case 'INT16':
    case 'INT32':
      return encodeIntegers(name, datatype, contents.intContents);
    case 'INT64':
      return encodeIntegers(name, datatype, contents.int64Contents);
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
      return encodeIntegers(name, datatype, contents.uintContents);
    case 'UINT64':
      return encodeIntegers(name, datatype, contents.uint64Contents);
    case 'FP32':
      return encodeFloats(name, datatype, contents.fp32Contents);
    case 'FP64':
      return encodeFloats(name, datatype, contents.fp64Contents);
    case 'BYTES':
      return encodeBytes(contents.bytesContents);
    case 'FP16':
    case 'BF16':
      return undefined;
  }
}

function severalFields({ name, model }: ContentsOwner, filled: readonly ContentsField[]) {
  const names = filled.map((field) => FIELD_NAMES[field]).join(', ');
  return invalidRequest(
    `unexpected explicit tensor data for input tensor ${quote(name)} for model ${quote(model)}: expected one typed field, got ${names}`,
  );
}

function unexpectedField({ name, datatype, model }: ContentsOwner, field: ContentsField) {
  const own = FIELD_OF[datatype];
  const expected = own === undefined ? 'raw_input_contents' : FIELD_NAMES[own];
  return invalidRequest(
    `unexpected explicit tensor data for input tensor ${quote(name)} for model ${quote(model)}: ` +
      `expected ${expected} for datatype '${datatype}', got ${FIELD_NAMES[field]}`,
  );
}
