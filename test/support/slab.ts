import type { Datatype } from '../../src/tensor/datatype.js';
import type { Shape } from '../../src/tensor/shape.js';
import type { SlabTensor } from '../../src/tensor/tensor.js';

/** A tensor in a buffer of its own, with the bytes of `values`. */
export function slab(name: string, datatype: Datatype, shape: Shape, values: ArrayBufferView): SlabTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, datatype, shape, data: new Uint8Array(bytes) };
}

export function fp32(name: string, shape: Shape, ...values: number[]): SlabTensor {
  return slab(name, 'FP32', shape, Float32Array.from(values));
}

/** The numbers of an FP32 tensor. */
export function numbers({ data }: { readonly data: Uint8Array }): number[] {
  return Array.from(new Float32Array(new Uint8Array(data).buffer));
}
