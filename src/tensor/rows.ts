import { skipElements } from './bytes.js';
import { elementBytes } from './datatype.js';
import { elementCount, type Shape } from './shape.js';
import type { GatheredTensor, SlabTensor, Tensor } from './tensor.js';

/** Elements in one row: the product of all axes but the first. */
function elementsPerRow(shape: Shape): number {
  const count = elementCount(shape.slice(1));
  if (count === undefined) throw new RangeError('row size is beyond the safe integers');
  return count;
}

/** Byte offset behind `elements` elements that begin at `start`. Throws RangeError where BYTES data ends before them. */
export function offsetBehind({ datatype, data }: Pick<Tensor, 'datatype' | 'data'>, start: number, elements: number): number {
  return datatype === 'BYTES' ? skipElements(data, start, elements) : start + elements * elementBytes(datatype);
}

/** Reads a tensor's rows front to back as views; one pass in all, for BYTES too. */
export class RowCursor {
  readonly #tensor: Tensor;
  readonly #rowElements: number;
  readonly #rowShape: Shape;
  #offset = 0;

  /** `tensor` has an axis 0 and as many bytes as its shape says. */
  constructor(tensor: Tensor) {
    this.#tensor = tensor;
    this.#rowElements = elementsPerRow(tensor.shape);
    this.#rowShape = tensor.shape.slice(1);
  }

  /** The next `rows` rows; the caller does not ask for more than there are. */
  take(rows: number): Tensor {
    const { name, datatype, data } = this.#tensor;
    const start = this.#offset;
    this.#offset = offsetBehind(this.#tensor, start, rows * this.#rowElements);
    return { name, datatype, shape: [rows, ...this.#rowShape], data: data.subarray(start, this.#offset) };
  }
}

/**
 * Tensors of equal name, datatype and row shape, joined along axis 0: one piece each, and nothing is copied. The first gives the name and the row
 * shape; there is at least one.
 */
export function gatherRows(tensors: readonly Tensor[]): GatheredTensor {
  const [first] = tensors;
  if (first === undefined) throw new RangeError('no rows to gather');
  const { name, datatype, shape } = first;
  const parts: Uint8Array[] = [];
  let rows = 0;
  let byteLength = 0;
  for (const tensor of tensors) {
    rows += tensor.shape[0] ?? 0;
    byteLength += tensor.data.length;
    parts.push(tensor.data);
  }
  return { name, datatype, shape: [rows, ...shape.slice(1)], parts, byteLength };
}

/** A tensor as it is, in one piece: for models without a batch axis. */
export function gatherWhole({ name, datatype, shape, data }: Tensor): GatheredTensor {
  return { name, datatype, shape, parts: [data], byteLength: data.length };
}

/** Writes a tensor's data from `offset` on, and gives the offset behind it. Throws RangeError where `target` is too small. */
export function writeParts({ parts }: GatheredTensor, target: Uint8Array, offset: number): number {
  let end = offset;
  for (const part of parts) {
    target.set(part, end);
    end += part.length;
  }
  return end;
}

/** The same tensor in one buffer of its own: never pooled, so that it can be transferred to a worker. */
export function copyGathered(tensor: GatheredTensor): SlabTensor {
  const { name, datatype, shape, byteLength } = tensor;
  const data = new Uint8Array(new ArrayBuffer(byteLength));
  writeParts(tensor, data, 0);
  return { name, datatype, shape, data };
}

/** The same tensor in a buffer of its own, for models without a batch axis. */
export function copyTensor({ name, datatype, shape, data }: Tensor): SlabTensor {
  const copy = new Uint8Array(new ArrayBuffer(data.length));
  copy.set(data);
  return { name, datatype, shape, data: copy };
}
