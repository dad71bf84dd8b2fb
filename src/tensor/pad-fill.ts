import { LENGTH_BYTES } from './bytes.js';
import { type Datatype, elementBytes } from './datatype.js';
import { toBfloat, toHalf } from './half.js';

/** Larger fills repeat the buffer: what is read once per part stays in the processor's cache, and memory stays bounded. */
const MAX_FILL_BYTES = 64 * 1024;
const FIRST_FILL_BYTES = 1024;

/** Elements of one value, as views of a buffer that all padding of an input shares. BYTES are padded with empty elements, whatever the value. */
export class PadFill {
  readonly #element: Uint8Array;
  #buffer: Uint8Array;

  /** `value` as a number of the datatype; what the datatype cannot hold wraps or rounds as JavaScript's typed arrays do. */
  constructor(datatype: Datatype, value: number) {
    this.#element = encodeElement(datatype, value);
    this.#buffer = this.#element;
  }

  /** Appends so many elements; gives the bytes appended. */
  addTo(parts: Uint8Array[], elements: number): number {
    const bytes = elements * this.#element.length;
    this.#grow(bytes);
    const buffer = this.#buffer;
    let left = bytes;
    for (; left >= buffer.length; left -= buffer.length) parts.push(buffer);
    if (left > 0) parts.push(buffer.subarray(0, left));
    return bytes;
  }

  /** Views of a smaller buffer stay good: it is left as it is. Element sizes are powers of two, and so are the buffers'. */
  #grow(bytes: number): void {
    if (bytes <= this.#buffer.length || this.#buffer.length >= MAX_FILL_BYTES) return;
    let size = Math.max(FIRST_FILL_BYTES, this.#buffer.length);
    while (size < bytes && size < MAX_FILL_BYTES) size *= 2;
    const buffer = new Uint8Array(size);
    for (let at = 0; at < size; at += this.#element.length) buffer.set(this.#element, at);
    this.#buffer = buffer;
  }
}

function encodeElement(datatype: Datatype, value: number): Uint8Array {
  const element = new Uint8Array(datatype === 'BYTES' ? LENGTH_BYTES : elementBytes(datatype));
  const view = new DataView(element.buffer);
  switch (datatype) {
    case 'BYTES':
      break;
    case 'BOOL':
      view.setUint8(0, value === 0 ? 0 : 1);
      break;
    case 'UINT8':
    case 'INT8':
      view.setUint8(0, value);
      break;
    case 'UINT16':
    case 'INT16':
      view.setUint16(0, value, true);
      break;
    case 'UINT32':
    case 'INT32':
      view.setUint32(0, value, true);
      break;
    case 'UINT64':
    case 'INT64':
      view.setBigUint64(0, BigInt.asUintN(64, BigInt(Math.trunc(value))), true);
      break;
    case 'FP16':
      view.setUint16(0, toHalf(value), true);
      break;
    case 'BF16':
      view.setUint16(0, toBfloat(value), true);
      break;
    case 'FP32':
      view.setFloat32(0, value, true);
      break;
    case 'FP64':
      view.setFloat64(0, value, true);
      break;
  }
  return element;
}
