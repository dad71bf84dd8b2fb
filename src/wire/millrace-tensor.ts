import { isUtf8 } from 'node:buffer';
import { quote } from '../error/quote.js';
import { invalidRequest, type ServingError } from '../error/serving-error.js';
import type { Tensor as WireTensor } from '../gen/millrace/v1/tensor.js';
import { decodeBytes, encodeBytes } from '../tensor/bytes.js';
import { DATATYPES, type Datatype } from '../tensor/datatype.js';
import { elementCount, formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { datatypeOfNumber, numberOfDatatype } from './datatype-number.js';
import { decodeBools, decodeFloats, decodeIntegers, encodeBools, encodeFloats, encodeIntegers } from './typed-values.js';
import { parseShape, toWireShape } from './wire-shape.js';

/** How tensors are sent: their bytes, or lists of values. */
export type TensorEncoding = 'raw' | 'typed';

type ListField = 'bools' | 'ints' | 'uints' | 'floats' | 'doubles' | 'strings' | 'bytesList';
type TypedLists = Pick<WireTensor, ListField>;

/** The fields as the proto spells them, for error texts. */
const LIST_NAMES = {
  bools: 'bools',
  ints: 'ints',
  uints: 'uints',
  floats: 'floats',
  doubles: 'doubles',
  strings: 'strings',
  bytesList: 'bytes_list',
} as const satisfies Record<ListField, string>;

const LISTS = Object.keys(LIST_NAMES) as readonly ListField[];

const LISTS_OF = {
  BOOL: ['bools'],
  INT8: ['ints'],
  INT16: ['ints'],
  INT32: ['ints'],
  INT64: ['ints'],
  UINT8: ['uints'],
  UINT16: ['uints'],
  UINT32: ['uints'],
  UINT64: ['uints'],
  FP16: ['floats'],
  BF16: ['floats'],
  FP32: ['floats'],
  FP64: ['doubles'],
  BYTES: ['strings', 'bytesList'],
} as const satisfies Record<Datatype, readonly ListField[]>;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NO_DATA = new Uint8Array(0);

/**
 * An input as the data plane takes it. `raw` stays a view of the message. Throws `invalid_request` that names the input, what was expected and
 * what was given; whether it fits the model is not looked at.
 */
export function parseTensor(message: WireTensor, model: string): Tensor {
  const { name, raw } = message;
  const datatype = parseDatatype(message, model);
  const shape = parseShape(message.shape, name, model);
  if (raw === undefined) return { name, datatype, shape, data: parseLists(message, datatype, elementCount(shape), model) };
  for (const list of LISTS) if (message[list].length > 0) throw severalFields(message, model);
  return { name, datatype, shape, data: raw };
}

function parseDatatype({ name, datatype }: WireTensor, model: string): Datatype {
  const known = datatypeOfNumber(datatype);
  if (known !== undefined) return known;
  const given = datatype === 0 ? 'not given' : `number ${datatype}`;
  throw invalidRequest(
    `the datatype of input ${quote(name)} for model ${quote(model)} is ${given}, expected one of ${DATATYPES.join(', ')}`,
  );
}

function parseLists(message: WireTensor, datatype: Datatype, expected: number | undefined, model: string): Uint8Array {
  const [list, another] = LISTS.filter((field) => message[field].length > 0);
  if (list === undefined) {
    if (expected === 0) return NO_DATA;
    throw invalidRequest(`unable to find data for input tensor ${quote(message.name)} for model ${quote(model)} in request.`);
  }
  if (another !== undefined) throw severalFields(message, model);
  if (!isListOf(datatype, list)) throw unexpectedList(message, datatype, list, model);
  if (message[list].length !== expected) throw countMismatch(message, list, expected, model);
  return encodeList(message, datatype, list);
}

function isListOf(datatype: Datatype, list: ListField): boolean {
  const allowed: readonly ListField[] = LISTS_OF[datatype];
  return allowed.includes(list);
}

function encodeList(message: WireTensor, datatype: Datatype, list: ListField): Uint8Array {
  const { name } = message;
  switch (datatype) {
    case 'BOOL':
      return encodeBools(message.bools);
    case 'INT8':
    case 'INT16':
    case 'INT32':
    case 'INT64':
      return encodeIntegers(name, datatype, message.ints);
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'UINT64':
      return encodeIntegers(name, datatype, message.uints);
    case 'FP16':
    case 'BF16':
    case 'FP32':
      return encodeFloats(name, datatype, message.floats);
    case 'FP64':
      return encodeFloats(name, datatype, message.doubles);
    case 'BYTES':
      return encodeBytes(list === 'strings' ? message.strings.map((text) => utf8Encoder.encode(text)) : message.bytesList);
  }
}

/** The tensor as a message; with `raw` its data is not copied. `data` has as many bytes as the shape says. */
export function formatTensor(tensor: Tensor, encoding: TensorEncoding): WireTensor {
  const { name, datatype, shape, data } = tensor;
  const lists: TypedLists = { bools: [], ints: [], uints: [], floats: [], doubles: [], strings: [], bytesList: [] };
  const values = encoding === 'raw' ? { raw: data } : decodeList(datatype, data);
  return Object.assign(lists, { name, datatype: numberOfDatatype(datatype), shape: toWireShape(shape) }, values);
}

function decodeList(datatype: Datatype, data: Uint8Array): Partial<TypedLists> {
  switch (datatype) {
    case 'BOOL':
      return { bools: decodeBools(data) };
    case 'INT8':
    case 'INT16':
    case 'INT32':
    case 'INT64':
      return { ints: decodeIntegers(datatype, data) };
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'UINT64':
      return { uints: decodeIntegers(datatype, data) };
    case 'FP16':
    case 'BF16':
    case 'FP32':
      return { floats: decodeFloats(datatype, data) };
    case 'FP64':
      return { doubles: decodeFloats(datatype, data) };
    case 'BYTES':
      return decodeBytesList(decodeBytes(data));
  }
}

function decodeBytesList(elements: Uint8Array[]): Partial<TypedLists> {
  const areTexts = elements.every((element) => isUtf8(element));
  return areTexts ? { strings: elements.map((element) => utf8Decoder.decode(element)) } : { bytesList: elements };
}

function severalFields(message: WireTensor, model: string): ServingError {
  const lists = LISTS.filter((list) => message[list].length > 0).map((list) => LIST_NAMES[list]);
  const fields = message.raw === undefined ? lists : ['raw', ...lists];
  return invalidRequest(
    `input ${quote(message.name)} for model ${quote(model)} has values in ${fields.join(', ')}, expected them in at most one of raw and the lists`,
  );
}

function unexpectedList({ name }: WireTensor, datatype: Datatype, list: ListField, model: string): ServingError {
  const expected = LISTS_OF[datatype].map((field) => LIST_NAMES[field]).join(' or ');
  return invalidRequest(
    `input ${quote(name)} for model ${quote(model)} of datatype ${datatype} has values in ${LIST_NAMES[list]}, expected them in ${expected} or raw`,
  );
}

function countMismatch(message: WireTensor, list: ListField, expected: number | undefined, model: string): ServingError {
  const wanted = expected === undefined ? 'more than can be counted' : String(expected);
  return invalidRequest(
    `input ${quote(message.name)} for model ${quote(model)} has ${message[list].length} values in ${LIST_NAMES[list]}, ` +
      `expected ${wanted} for shape ${formatShape(message.shape)}`,
  );
}
