import { LENGTH_BYTES } from '../tensor/bytes.js';
import { type Datatype, elementBytes } from '../tensor/datatype.js';

/** So many elements differ; then they repeat, as making each would hold up the calls that the server answers meanwhile. */
const MAX_DISTINCT = 4096;

/** Integers are at most this, whatever their size: an index of that kind is in range of most vocabularies. */
const MAX_INTEGER = 127;

/** 1.0, of which all smaller numbers from 0 on have smaller bits. */
const FP16_ONE = 0x3c00;
const BF16_ONE = 0x3f80;

type WriteElement = (view: DataView, offset: number, random: number) => void;

const writeInteger: WriteElement = (view, offset, random) => view.setUint8(offset, Math.floor(random * (MAX_INTEGER + 1)));

/** Each writes an element into zeroed bytes, from a random number in [0, 1). */
const WRITERS: Readonly<Record<Exclude<Datatype, 'BYTES'>, WriteElement>> = {
  BOOL: (view, offset, random) => view.setUint8(offset, random < 0.5 ? 0 : 1),
  UINT8: writeInteger,
  UINT16: writeInteger,
  UINT32: writeInteger,
  UINT64: writeInteger,
  INT8: writeInteger,
  INT16: writeInteger,
  INT32: writeInteger,
  INT64: writeInteger,
  FP16: (view, offset, random) => view.setUint16(offset, Math.floor(random * FP16_ONE), true),
  BF16: (view, offset, random) => view.setUint16(offset, Math.floor(random * BF16_ONE), true),
  FP32: (view, offset, random) => view.setFloat32(offset, random, true),
  FP64: (view, offset, random) => view.setFloat64(offset, random, true),
};

/** Bytes of `count` elements that warm-up data is made of: an element of BYTES is empty there. */
export function warmUpBytes(datatype: Datatype, count: number): number {
  return count * (datatype === 'BYTES' ? LENGTH_BYTES : elementBytes(datatype));
}

/** `count` zeros; elements of BYTES are empty. */
export function zeroData(datatype: Datatype, count: number): Uint8Array {
  return new Uint8Array(warmUpBytes(datatype, count));
}

/**
 * `count` values that any model of the datatype can be expected to take: floating-point numbers from 0 to 1, integers from 0 to 127. Elements of BYTES are
 * empty, as in Triton. `random` gives numbers in [0, 1).
 */
export function randomData(datatype: Datatype, count: number, random: () => number): Uint8Array {
  const data = zeroData(datatype, count);
  if (datatype === 'BYTES' || count === 0) return data;
  const write = WRITERS[datatype];
  const size = elementBytes(datatype);
  const view = new DataView(data.buffer);
  const distinct = Math.min(count, MAX_DISTINCT) * size;
  for (let offset = 0; offset < distinct; offset += size) write(view, offset, random());
  for (let filled = distinct; filled < data.length; filled *= 2) data.copyWithin(filled, 0, filled);
  return data;
}
