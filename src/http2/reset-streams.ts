/**
 * Streams that we ended before the other side did. It may have sent more on them before it heard of it, which is ignored (RFC 9113 section 5.1, "closed");
 * on any other closed stream it is an error. Bounded: the oldest are forgotten.
 */
export class ResetStreams {
  /** Most connections never need it. */
  #ids: Set<number> | undefined;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(streamId: number): boolean {
    return this.#ids?.has(streamId) ?? false;
  }

  add(streamId: number): void {
    this.#ids ??= new Set();
    const ids = this.#ids.add(streamId);
    if (ids.size <= this.#capacity) return;
    for (const oldest of ids) {
      ids.delete(oldest);
      return;
    }
  }
}
