import type { HeaderField } from './header-field.js';

/** No field is smaller than this as the tables count: RFC 7541 section 4.1. */
const SMALLEST_FIELD = 32;

/** The fields that one direction of a connection has sent before, newest first. RFC 7541 section 2.3.2; a ring, so that nothing is moved. */
export class DynamicTable {
  readonly #ring: (HeaderField | undefined)[];
  #newest = 0;
  #count = 0;
  #size = 0;
  #maxSize: number;

  /** `maxSize` is the most that it is ever resized to. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
    this.#ring = new Array<HeaderField | undefined>(Math.max(1, Math.floor(maxSize / SMALLEST_FIELD))).fill(undefined);
  }

  get count(): number {
    return this.#count;
  }

  get size(): number {
    return this.#size;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  /** The newest is 0. */
  at(index: number): HeaderField | undefined {
    return index < this.#count ? this.#ring[(this.#newest + this.#ring.length - index) % this.#ring.length] : undefined;
  }

  /** A field over the size of the table empties it, which is no error: section 4.4. Returns how many fields had to leave. */
  add(field: HeaderField): number {
    const left = this.#shrink(this.#maxSize - field.size);
    if (field.size > this.#maxSize) return left;
    this.#newest = (this.#newest + 1) % this.#ring.length;
    this.#ring[this.#newest] = field;
    this.#count += 1;
    this.#size += field.size;
    return left;
  }

  /** Section 4.3. Returns how many fields had to leave. Costs nothing beyond that: a block may hold thousands of such changes. */
  resize(maxSize: number): number {
    this.#maxSize = maxSize;
    return this.#shrink(maxSize);
  }

  #shrink(target: number): number {
    let left = 0;
    while (this.#count > 0 && this.#size > target) {
      const oldest = (this.#newest + this.#ring.length - (this.#count - 1)) % this.#ring.length;
      this.#size -= this.#ring[oldest]?.size ?? 0;
      this.#ring[oldest] = undefined;
      this.#count -= 1;
      left += 1;
    }
    return left;
  }
}
