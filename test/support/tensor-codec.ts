import { isUtf8 } from 'node:buffer';

/** The protocol's raw layout written a second time, from its specification: so that a test does not trust the code that it tests. */
export type WireDatatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'FP32'
  | 'FP64'
  | 'BYTES'
  | 'BF16';

/** 64-bit integers are bigint, texts are strings, elements that are no text are bytes. */
export type Value = boolean | number | bigint | string | Uint8Array;

interface FixedSize {
  readonly bytes: number;
  readonly write: (view: DataView, at: number, value: Value) => void;
  readonly read: (view: DataView, at: number) => Value;
}

const FIXED: Readonly<Record<Exclude<WireDatatype, 'BYTES'>, FixedSize>> = {
  BOOL: { bytes: 1, write: (view, at, value) => view.setUint8(at, Number(value)), read: (view, at) => view.getUint8(at) !== 0 },
  UINT8: { bytes: 1, write: (view, at, value) => view.setUint8(at, Number(value)), read: (view, at) => view.getUint8(at) },
  UINT16: { bytes: 2, write: (view, at, value) => view.setUint16(at, Number(value), true), read: (view, at) => view.getUint16(at, true) },
  UINT32: { bytes: 4, write: (view, at, value) => view.setUint32(at, Number(value), true), read: (view, at) => view.getUint32(at, true) },
  UINT64: {
    bytes: 8,
    write: (view, at, value) => view.setBigUint64(at, toBigInt(value), true),
    read: (view, at) => view.getBigUint64(at, true),
  },
  INT8: { bytes: 1, write: (view, at, value) => view.setInt8(at, Number(value)), read: (view, at) => view.getInt8(at) },
  INT16: { bytes: 2, write: (view, at, value) => view.setInt16(at, Number(value), true), read: (view, at) => view.getInt16(at, true) },
  INT32: { bytes: 4, write: (view, at, value) => view.setInt32(at, Number(value), true), read: (view, at) => view.getInt32(at, true) },
  INT64: {
    bytes: 8,
    write: (view, at, value) => view.setBigInt64(at, toBigInt(value), true),
    read: (view, at) => view.getBigInt64(at, true),
  },
  FP16: { bytes: 2, write: (view, at, value) => view.setUint16(at, toHalfBits(Number(value)), true), read: readHalf },
  FP32: { bytes: 4, write: (view, at, value) => view.setFloat32(at, Number(value), true), read: (view, at) => view.getFloat32(at, true) },
  FP64: { bytes: 8, write: (view, at, value) => view.setFloat64(at, Number(value), true), read: (view, at) => view.getFloat64(at, true) },
  BF16: { bytes: 2, write: (view, at, value) => view.setUint16(at, singleBits(Number(value)) >>> 16, true), read: readBfloat },
};

export function encodeRaw(datatype: WireDatatype, values: readonly Value[]): Buffer {
  if (datatype === 'BYTES') return Buffer.concat(values.flatMap(lengthPrefixed));
  const { bytes, write } = FIXED[datatype];
  const data = Buffer.alloc(values.length * bytes);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (const [at, value] of values.entries()) write(view, at * bytes, value);
  return data;
}

export function decodeRaw(datatype: WireDatatype, data: Uint8Array): Value[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (datatype === 'BYTES') return elements(view).map(({ start, end }) => toText(data.subarray(start, end)));
  const { bytes, read } = FIXED[datatype];
  return Array.from({ length: data.length / bytes }, (_, at) => read(view, at * bytes));
}

/** An element of BYTES as tests compare it. */
export function toText(element: Uint8Array): string | Uint8Array {
  return isUtf8(element) ? Buffer.from(element).toString('utf8') : Uint8Array.from(element);
}

export function toBytes(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (typeof value === 'object') return Buffer.from(value);
  throw new TypeError(`not an element of BYTES: ${String(value)}`);
}

function lengthPrefixed(value: Value): Buffer[] {
  const element = toBytes(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(element.length);
  return [length, element];
}

function elements(view: DataView): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (let at = 0; at < view.byteLength; at = found.at(-1)?.end ?? at) {
    found.push({ start: at + 4, end: at + 4 + view.getUint32(at, true) });
  }
  return found;
}

function toBigInt(value: Value): bigint {
  if (typeof value === 'bigint' || typeof value === 'number') return BigInt(value);
  throw new TypeError(`not an integer: ${String(value)}`);
}

function singleBits(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint32(0);
}

/** Zero and normal values that a half can hold exactly are all that tests need. */
function toHalfBits(value: number): number {
  const bits = singleBits(value);
  const sign = (bits >>> 16) & 0x8000;
  if (value === 0) return sign;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  if (exponent < 1 || exponent > 30 || (bits & 0x1fff) !== 0) throw new RangeError(`${value} is no normal half`);
  return sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

function readHalf(view: DataView, at: number): number {
  const bits = view.getUint16(at, true);
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return (bits & 0x8000) === 0 ? size : -size;
}

function readBfloat(view: DataView, at: number): number {
  const single = new DataView(new ArrayBuffer(4));
  single.setUint32(0, view.getUint16(at, true) * 0x10000);
  return single.getFloat32(0);
}
