import type { Datatype } from './datatype.js';
import type { Shape } from './shape.js';

/**
 * A named array in the protocol's own layout: row major, little endian, no padding; BYTES elements each with a
 * 4-byte little-endian length before them. `data` is a view (often into the received message, hence unaligned):
 * nobody writes to it, and whoever keeps it beyond the call copies it.
 */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly data: Uint8Array;
}

/**
 * A tensor in pieces: the bytes of `parts`, one behind the other, are its data. They are views of others' memory, good for as long as the call
 * that hands them over says.
 */
export interface GatheredTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly parts: readonly Uint8Array[];
  /** Of all parts. */
  readonly byteLength: number;
}

/** A tensor whose buffer belongs to whoever holds it: it starts at the buffer's first byte and may be transferred to another thread. */
export type SlabTensor = Tensor & { readonly data: Uint8Array<ArrayBuffer> };
