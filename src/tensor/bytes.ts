/**
 * The BYTES datatype: for each element a uint32 length, little endian, then that many bytes; no terminator.
 * Elements are any bytes: they are never taken for text here.
 * Source: Open Inference Protocol v2, "Tensor Data Representation"; Triton's binary tensor data extension.
 */

/** Bytes of the length before each element. */
export const LENGTH_BYTES = 4;

/** What is wrong with a BYTES buffer; `element` counts from 0. */
export type BytesProblem =
  | { readonly kind: 'incomplete_length'; readonly element: number; readonly bytesLeft: number }
  | { readonly kind: 'incomplete_element'; readonly element: number; readonly length: number; readonly bytesLeft: number }
  | { readonly kind: 'element_count'; readonly found: number };

/** Byte offset behind the element that starts at `offset`; undefined where the buffer ends before the element does. */
function endOfElement(data: Uint8Array, offset: number): number | undefined {
  const body = offset + LENGTH_BYTES;
  if (body > data.length) return undefined;
  const end = body + lengthAt(data, offset);
  return end > data.length ? undefined : end;
}

function lengthAt(data: Uint8Array, offset: number): number {
  const low = (data[offset] ?? 0) | ((data[offset + 1] ?? 0) << 8);
  const high = (data[offset + 2] ?? 0) | ((data[offset + 3] ?? 0) << 8);
  return (low | (high << 16)) >>> 0;
}

/** Undefined when `data` is exactly `expected` well-formed elements. */
export function findBytesProblem(data: Uint8Array, expected: number): BytesProblem | undefined {
  let offset = 0;
  let found = 0;
  while (offset < data.length) {
    const bytesLeft = data.length - offset;
    if (bytesLeft < LENGTH_BYTES) return { kind: 'incomplete_length', element: found, bytesLeft };
    const end = endOfElement(data, offset);
    if (end === undefined) {
      const length = lengthAt(data, offset);
      return { kind: 'incomplete_element', element: found, length, bytesLeft: bytesLeft - LENGTH_BYTES };
    }
    offset = end;
    found += 1;
  }
  return found === expected ? undefined : { kind: 'element_count', found };
}

/** Byte offset behind `count` elements from `offset` on. Throws RangeError on a buffer that findBytesProblem would refuse. */
export function skipElements(data: Uint8Array, offset: number, count: number): number {
  let at = offset;
  for (let element = 0; element < count; element++) {
    const end = endOfElement(data, at);
    if (end === undefined) throw new RangeError(`BYTES data ends inside element ${element}`);
    at = end;
  }
  return at;
}

export function encodeBytes(elements: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let total = 0;
  for (const element of elements) total += LENGTH_BYTES + element.length;
  const data = new Uint8Array(total);
  const view = new DataView(data.buffer);
  let offset = 0;
  for (const element of elements) {
    view.setUint32(offset, element.length, true);
    data.set(element, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + element.length;
  }
  return data;
}

/** The elements as views of `data`. Throws RangeError on a buffer that findBytesProblem would refuse. */
export function decodeBytes(data: Uint8Array): Uint8Array[] {
  const elements: Uint8Array[] = [];
  let offset = 0;
  while (offset < data.length) {
    const end = skipElements(data, offset, 1);
    elements.push(data.subarray(offset + LENGTH_BYTES, end));
    offset = end;
  }
  return elements;
}
