import { isUtf8 } from 'node:buffer';
import { invalidRequest, type ServingError } from '../../error/serving-error.js';
import { decodeBytes, encodeBytes } from '../../tensor/bytes.js';
import type { Tensor } from '../../tensor/tensor.js';

/**
 * BYTES as ONNX Runtime's JavaScript binding has them: strings. Its input is UTF-8 that ends at the first NUL, so that
 * anything else would be changed in silence; it is refused with `invalid_request` instead.
 */
export function assertText({ name, data }: Tensor): void {
  for (const [at, element] of decodeBytes(data).entries()) assertElement(name, at, element);
}

/** Throws as assertText does. A byte order mark is content like any other. */
export function decodeText({ name, data }: Tensor): string[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return decodeBytes(data).map((element, at) => {
    assertElement(name, at, element);
    return decoder.decode(element);
  });
}

export function encodeText(elements: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  return encodeBytes(elements.map((element) => encoder.encode(element)));
}

function assertElement(input: string, at: number, element: Uint8Array): void {
  if (!isUtf8(element)) throw unfit(input, at, 'is not valid UTF-8');
  if (element.includes(0)) throw unfit(input, at, 'holds a NUL byte');
}

function unfit(input: string, element: number, what: string): ServingError {
  return invalidRequest(`element ${element} of input '${input}' ${what}: this model takes BYTES as text, in UTF-8 without NUL`);
}
