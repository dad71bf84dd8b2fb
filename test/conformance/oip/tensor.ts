import { contentsField, type Datatype, elementBytes } from './datatype.js';
import type { Contents } from './messages.js';

/** A tensor in the protocol's raw layout: little-endian, row-major; each BYTES element behind its length in 4 bytes. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly raw: Buffer;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function encodeBytes(elements: readonly Buffer[]): Buffer {
  return Buffer.concat(elements.flatMap((element) => [lengthOf(element), element]));
}

function lengthOf(element: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(element.length);
  return length;
}

/** The elements of a raw BYTES tensor; undefined where lengths and bytes do not add up. */
export function decodeBytes(raw: Buffer): Buffer[] | undefined {
  const elements: Buffer[] = [];
  for (let at = 0; at < raw.length; ) {
    if (at + 4 > raw.length) return undefined;
    const end = at + 4 + raw.readUInt32LE(at);
    if (end > raw.length) return undefined;
    elements.push(raw.subarray(at + 4, end));
    at = end;
  }
  return elements;
}

/** Numbers of a raw tensor; 64-bit integers lose what a double cannot hold. Only whole elements are read. */
export function decodeNumbers(datatype: Datatype, raw: Buffer): number[] {
  const bytes = elementBytes(datatype) ?? 1;
  return Array.from({ length: Math.floor(raw.length / bytes) }, (_, at) => readNumber(datatype, raw, at * bytes));
}

function readNumber(datatype: Datatype, raw: Buffer, at: number): number {
  switch (datatype) {
    case 'FP32':
      return raw.readFloatLE(at);
    case 'FP64':
      return raw.readDoubleLE(at);
    case 'FP16':
      return readHalf(raw.readUInt16LE(at));
    case 'BF16':
      return readBrain(raw.readUInt16LE(at));
    case 'BOOL':
    case 'BYTES':
      return raw.readUInt8(at);
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'UINT64':
    case 'INT8':
    case 'INT16':
    case 'INT32':
    case 'INT64':
      return Number(readInteger(datatype, raw, at));
  }
}

type IntegerType = 'UINT8' | 'UINT16' | 'UINT32' | 'UINT64' | 'INT8' | 'INT16' | 'INT32' | 'INT64';

function readInteger(datatype: IntegerType, raw: Buffer, at: number): bigint {
  switch (datatype) {
    case 'UINT8':
      return BigInt(raw.readUInt8(at));
    case 'UINT16':
      return BigInt(raw.readUInt16LE(at));
    case 'UINT32':
      return BigInt(raw.readUInt32LE(at));
    case 'UINT64':
      return raw.readBigUInt64LE(at);
    case 'INT8':
      return BigInt(raw.readInt8(at));
    case 'INT16':
      return BigInt(raw.readInt16LE(at));
    case 'INT32':
      return BigInt(raw.readInt32LE(at));
    case 'INT64':
      return raw.readBigInt64LE(at);
  }
}

function readHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function readBrain(bits: number): number {
  const whole = Buffer.alloc(4);
  whole.writeUInt16LE(bits, 2);
  return whole.readFloatLE(0);
}

/** Numbers as a raw tensor of an integer or floating point datatype that has typed contents. */
export function encodeNumbers(datatype: Datatype, values: readonly (number | bigint)[]): Buffer {
  const bytes = elementBytes(datatype) ?? 1;
  const raw = Buffer.alloc(values.length * bytes);
  values.forEach((value, at) => {
    if (datatype === 'FP32') raw.writeFloatLE(Number(value), at * bytes);
    else if (datatype === 'FP64') raw.writeDoubleLE(Number(value), at * bytes);
    else writeBits(raw, BigInt(value), at * bytes, bytes);
  });
  return raw;
}

function writeBits(raw: Buffer, value: bigint, at: number, bytes: number): void {
  const bits = BigInt.asUintN(bytes * 8, value);
  for (let n = 0; n < bytes; n++) raw[at + n] = Number((bits >> BigInt(8 * n)) & 0xffn);
}

/** The tensor's values in the field of its datatype. Throws for the 16-bit floats, which have none. */
export function contentsOf({ datatype, raw }: Pick<Tensor, 'datatype' | 'raw'>): Contents {
  const field = contentsField(datatype);
  if (field === undefined) throw new Error(`${datatype} has no typed contents`);
  return { [field]: typedValues(datatype, raw) };
}

function typedValues(datatype: Datatype, raw: Buffer): readonly unknown[] {
  if (datatype === 'BYTES') return decodeBytes(raw) ?? [];
  if (datatype === 'BOOL') return decodeNumbers(datatype, raw).map((value) => value !== 0);
  if (datatype !== 'INT64' && datatype !== 'UINT64') return decodeNumbers(datatype, raw);
  return Array.from({ length: raw.length / 8 }, (_, at) => String(readInteger(datatype, raw, at * 8)));
}

/** Typed contents as raw ones, whatever field they are in. */
export function rawOfContents(datatype: Datatype, contents: Contents): Buffer {
  if (datatype === 'BYTES') return encodeBytes(contents.bytes_contents ?? []);
  const field = contentsField(datatype);
  const values = field === undefined ? [] : (contents[field] ?? []);
  return encodeNumbers(
    datatype,
    values.map((value) => (typeof value === 'string' ? BigInt(value) : Number(value))),
  );
}
