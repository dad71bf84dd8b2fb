import { type Shape, sameShape } from './shape.js';
import type { Tensor } from './tensor.js';

/** Bytes of `rows` rows like those of `part`, which has one at the least; of BYTES, whose rows differ, an estimate. */
export function bytesOfRows({ shape, data }: Tensor, rows: number): number {
  return Math.ceil(data.length / (shape[0] ?? 1)) * rows;
}

/** Joins the pieces of a tensor along axis 0 as they come, and keeps none of them. */
export class RowJoin {
  readonly #first: Tensor;
  readonly #rowShape: Shape;
  #data: Uint8Array<ArrayBuffer>;
  #bytes = 0;
  #rows = 0;

  /** `first` is the first piece, and is added; there is room for `expectedBytes`, and more where they do not do. */
  constructor(first: Tensor, expectedBytes: number) {
    this.#first = first;
    this.#rowShape = first.shape.slice(1);
    this.#data = new Uint8Array(expectedBytes);
    this.add(first);
  }

  /** Of the pieces so far. */
  get byteLength(): number {
    return this.#bytes;
  }

  /** Whether rows of `piece` can be those of one tensor with the others'. */
  accepts({ datatype, shape }: Tensor): boolean {
    return datatype === this.#first.datatype && sameShape(shape.slice(1), this.#rowShape);
  }

  /** The piece whose rows are next, which is accepted. */
  add({ shape, data }: Tensor): void {
    const end = this.#bytes + data.length;
    if (end > this.#data.length) this.#grow(Math.max(end, 2 * this.#data.length));
    this.#data.set(data, this.#bytes);
    this.#bytes = end;
    this.#rows += shape[0] ?? 0;
  }

  get joined(): Tensor {
    const { name, datatype } = this.#first;
    return { name, datatype, shape: [this.#rows, ...this.#rowShape], data: this.#data.subarray(0, this.#bytes) };
  }

  #grow(capacity: number): void {
    const data = new Uint8Array(capacity);
    data.set(this.#data.subarray(0, this.#bytes));
    this.#data = data;
  }
}
