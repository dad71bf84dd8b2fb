import { skipElements } from './bytes.js';
import { elementBytes } from './datatype.js';
import { elementCount, type Shape } from './shape.js';
import type { SlabTensor, Tensor } from './tensor.js';

/** Elements in one row: the product of all axes but the first. */
function elementsPerRow(shape: Shape): number {
  const count = elementCount(shape.slice(1));
  if (count === undefined) throw new RangeError('row size is beyond the safe integers');
  return count;
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
    const elements = rows * this.#rowElements;
    this.#offset = datatype === 'BYTES' ? skipElements(data, start, elements) : start + elements * elementBytes(datatype);
    return { name, datatype, shape: [rows, ...this.#rowShape], data: data.subarray(start, this.#offset) };
  }
}

/**
 * Joins tensors of equal name, datatype and row shape along axis 0 into a buffer of its own (never pooled, so that it
 * can be transferred to a worker). This is the one copy that a request's bytes see on their way to an instance.
 */
export function concatRows(parts: readonly [Tensor, ...Tensor[]]): SlabTensor {
  const [{ name, datatype, shape }] = parts;
  let rows = 0;
  let bytes = 0;
  for (const part of parts) {
    rows += part.shape[0] ?? 0;
    bytes += part.data.length;
  }
  const data = new Uint8Array(new ArrayBuffer(bytes));
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  return { name, datatype, shape: [rows, ...shape.slice(1)], data };
}

/** The same tensor in a buffer of its own, for models without a batch axis. */
export function copyTensor({ name, datatype, shape, data }: Tensor): SlabTensor {
  const copy = new Uint8Array(new ArrayBuffer(data.length));
  copy.set(data);
  return { name, datatype, shape, data: copy };
}
