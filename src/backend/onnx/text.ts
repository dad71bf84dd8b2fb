import { isUtf8 } from 'node:buffer';
import { invalidRequest, type ServingError } from '../../error/serving-error.js';
import { decodeBytes, encodeBytes, LENGTH_BYTES, skipElements } from '../../tensor/bytes.js';
import type { Tensor } from '../../tensor/tensor.js';

const MAX_ASCII = 0x7f;

/**
 * BYTES as ONNX Runtime's JavaScript binding has them: strings. Its input is UTF-8 that ends at the first NUL, so that
 * anything else would be changed in silence; it is refused with `invalid_request` instead.
 */
export function assertText({ name, data }: Tensor): void {
  let offset = 0;
  for (let at = 0; offset < data.length; at++) {
    const end = skipElements(data, offset, 1);
    assertElement(name, at, data, offset + LENGTH_BYTES, end);
    offset = end;
  }
}

/** Throws as assertText does. A byte order mark is content like any other. */
export function decodeText({ name, data }: Tensor): string[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return decodeBytes(data).map((element, at) => {
    assertElement(name, at, element, 0, element.length);
    return decoder.decode(element);
  });
}

export function encodeText(elements: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  return encodeBytes(elements.map((element) => encoder.encode(element)));
}

/** Reads the bytes where they lie: elements may be millions, and a view of each would cost far more than what it shows. */
function assertElement(input: string, at: number, data: Uint8Array, start: number, end: number): void {
  let bits = 0;
  let hasNul = false;
  for (let offset = start; offset < end; offset++) {
    const byte = data[offset] ?? 0;
    bits |= byte;
    if (byte === 0) hasNul = true;
  }
  if (bits > MAX_ASCII && !isUtf8(data.subarray(start, end))) throw unfit(input, at, 'is not valid UTF-8');
  if (hasNul) throw unfit(input, at, 'holds a NUL byte');
}

function unfit(input: string, element: number, what: string): ServingError {
  return invalidRequest(`element ${element} of input '${input}' ${what}: this model takes BYTES as text, in UTF-8 without NUL`);
}
