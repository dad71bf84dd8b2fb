import { InferRequest, InferStreamRequest } from '../gen/millrace/v1/inference.js';
import { RequestError } from './request-error.js';

/**
 * Requests from their proto3 JSON form, with field names in camelCase or snake_case. The generated readers take what they know and drop
 * the rest in silence; here a field or value that they would drop or bend is refused by its place: "inputs[0].floats[3]".
 */

/** Throws a RequestError. */
export function parseInferRequest(json: unknown): InferRequest {
  assertFields(json, '', REQUEST_FIELDS);
  return read(() => InferRequest.fromJSON(json));
}

/** Throws a RequestError. */
export function parseInferStreamRequest(json: unknown): InferStreamRequest {
  assertFields(json, '', STREAM_REQUEST_FIELDS);
  return read(() => InferStreamRequest.fromJSON(json));
}

type Check = (value: unknown, place: string) => void;
type Fields = Readonly<Record<string, Check>>;

const INTEGER = /^-?\d+$/;
const NUMBER = /^(-?Infinity|NaN|-?\d+(\.\d+)?([eE][+-]?\d+)?)$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

const text = check('a text', (value) => typeof value === 'string');
const boolean = check('true or false', (value) => typeof value === 'boolean');
const wholeNumber = check('an integer', (value) => Number.isInteger(value) || (typeof value === 'string' && INTEGER.test(value)));
const number = check('a number', (value) => typeof value === 'number' || (typeof value === 'string' && NUMBER.test(value)));
const base64 = check('bytes in base64', (value) => typeof value === 'string' && BASE64.test(value));
const enumerated = check('the name of an enum value', (value) => typeof value === 'string' || Number.isInteger(value));
const mapping = check('an object', (value) => isObject(value));

/** A number beyond the safe integers is what the reader of the JSON rounded it to. */
const integer: Check = (value, place) => {
  wholeNumber(value, place);
  if (typeof value === 'string' || Number.isSafeInteger(value)) return;
  throw new RequestError(`${place}: ${show(value)} is beyond what a JSON number can say exactly: write it as a text`);
};

const TENSOR_FIELDS: Fields = {
  name: text,
  datatype: enumerated,
  shape: listOf(integer),
  raw: base64,
  bools: listOf(boolean),
  ints: listOf(integer),
  uints: listOf(integer),
  floats: listOf(number),
  doubles: listOf(number),
  strings: listOf(text),
  bytesList: listOf(base64),
};

const REQUEST_FIELDS: Fields = {
  model: text,
  version: text,
  requestId: text,
  inputs: listOf((value, place) => assertFields(value, place, TENSOR_FIELDS)),
  outputNames: listOf(text),
  parameters: mapping,
  priority: integer,
  outputEncoding: enumerated,
};

const STREAM_REQUEST_FIELDS: Fields = { ...REQUEST_FIELDS, rowsPerMessage: integer, ordering: enumerated, onError: enumerated };

function check(expected: string, accepts: (value: unknown) => boolean): Check {
  return (value, place) => {
    if (!accepts(value)) throw new RequestError(`${place}: expected ${expected}, given ${show(value)}`);
  };
}

function listOf(element: Check): Check {
  return (value, place) => {
    if (!Array.isArray(value)) throw new RequestError(`${place}: expected a list, given ${show(value)}`);
    for (const [at, one] of value.entries()) element(one, `${place}[${at}]`);
  };
}

/** null stands for an absent field, as everywhere in proto3 JSON. */
function assertFields(value: unknown, place: string, fields: Fields): void {
  if (!isObject(value)) throw new RequestError(`${place || 'request'}: expected an object, given ${show(value)}`);
  for (const [name, field] of Object.entries(value)) {
    const path = place === '' ? name : `${place}.${name}`;
    const key = toCamelCase(name);
    const known = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (known === undefined) throw new RequestError(`${path}: unknown field; there are ${Object.keys(fields).join(', ')}`);
    if (field !== null) known(field, path);
  }
}

/** What is left to go wrong is an enum value that does not exist. */
function read<T>(fromJson: () => T): T {
  try {
    return fromJson();
  } catch (error) {
    throw new RequestError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function toCamelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const shown = JSON.stringify(value);
  return shown.length <= 60 ? shown : `${shown.slice(0, 59)}…`;
}
