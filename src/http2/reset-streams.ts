/**
 * Streams that we ended before the other side did. It may have sent more on them before it heard of it, which is ignored (RFC 9113 section 5.1, "closed");
 * on any other closed stream it is an error. Bounded: the oldest are forgotten, half of all there are at a time, since to look for the oldest of a set that
 * others were taken from costs as much as there were.
 */
export class ResetStreams {
  /** Most connections never need them. */
  #late: Set<number> | undefined;
  #early: Set<number> | undefined;
  readonly #capacity: number;

  /** Of at least so many. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(streamId: number): boolean {
    return this.#late !== undefined && (this.#late.has(streamId) || this.#early?.has(streamId) === true);
  }

  add(streamId: number): void {
    if (this.#late !== undefined && this.#late.size >= this.#capacity) {
      this.#early = this.#late;
      this.#late = undefined;
    }
    this.#late ??= new Set();
    this.#late.add(streamId);
  }
}
