import type { HeaderField } from './header-field.js';

/** Of a ring's places; most connections need no more, and each of them has two rings. A power of two, as are those that follow. */
const FIRST_PLACES = 8;

/** The fields that one direction of a connection has sent before, newest first. RFC 7541 section 2.3.2; a ring, so that nothing is moved. */
export class DynamicTable {
  /** Empty until there is a field. */
  #ring: (HeaderField | undefined)[] = [];
  #newest = 0;
  #count = 0;
  #size = 0;
  #maxSize: number;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
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
    return index < this.#count ? this.#ring[(this.#newest - index) & (this.#ring.length - 1)] : undefined;
  }

  /** A field over the size of the table empties it, which is no error: section 4.4. Returns how many fields had to leave. */
  add(field: HeaderField): number {
    const left = this.#shrink(this.#maxSize - field.size);
    if (field.size > this.#maxSize) return left;
    if (this.#count === this.#ring.length) this.#grow();
    this.#newest = (this.#newest + 1) & (this.#ring.length - 1);
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
      const oldest = (this.#newest - this.#count + 1) & (this.#ring.length - 1);
      this.#size -= this.#ring[oldest]?.size ?? 0;
      this.#ring[oldest] = undefined;
      this.#count -= 1;
      left += 1;
    }
    return left;
  }

  /** Twice the places, the oldest field in the first. */
  #grow(): void {
    const ring = new Array<HeaderField | undefined>(Math.max(FIRST_PLACES, 2 * this.#count)).fill(undefined);
    for (let index = 0; index < this.#count; index++) ring[this.#count - 1 - index] = this.at(index);
    this.#ring = ring;
    this.#newest = this.#count - 1;
  }
}
