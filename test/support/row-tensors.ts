import { decodeBytes, encodeBytes } from '../../src/tensor/bytes.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** INT32 rows of `width` values each. */
export function int32Rows(values: readonly number[], name = 'INPUT0', width = 1): Tensor {
  const data = new Uint8Array(values.length * 4);
  const view = new DataView(data.buffer);
  for (const [at, value] of values.entries()) view.setInt32(at * 4, value, true);
  return { name, datatype: 'INT32', shape: [values.length / width, width], data };
}

export function readInt32(tensor: Tensor | undefined): number[] {
  if (tensor === undefined) return [];
  const { buffer, byteOffset, byteLength } = tensor.data;
  const view = new DataView(buffer, byteOffset, byteLength);
  return Array.from({ length: byteLength / 4 }, (_, at) => view.getInt32(at * 4, true));
}

/** BYTES rows of one text each. */
export function textRows(texts: readonly string[], name = 'INPUT1'): Tensor {
  const data = encodeBytes(texts.map((text) => new TextEncoder().encode(text)));
  return { name, datatype: 'BYTES', shape: [texts.length, 1], data };
}

export function readTexts(tensor: Tensor | undefined): string[] {
  if (tensor === undefined) return [];
  return decodeBytes(tensor.data).map((element) => new TextDecoder().decode(element));
}
