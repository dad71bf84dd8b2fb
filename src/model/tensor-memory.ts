/** Bytes of a named region of memory that client and server share; the numbers are safe non-negative integers. */
export interface MemoryRange {
  readonly region: string;
  /** From the region's first byte. */
  readonly offset: number;
  readonly byteSize: number;
}

/** The place of one output. */
export interface OutputMemory {
  readonly byteSize: number;
  /** At most `byteSize` bytes, from the place's first. Throws `invalid_request` where the region has gone or shrunk since, `backend_failed` where the system refuses. */
  write(data: Uint8Array): void;
}

/** Shared memory as a facade needs it: tensors that a message only points at. */
export interface TensorMemory {
  /** What the inputs of one request may hold in shared memory, all together: each is copied. */
  readonly maxReadBytes: number;
  /**
   * A copy: what the client does to its memory later changes no request. Throws `not_found` for an unknown region, `invalid_request` for a range that
   * is not inside it and for a region that has shrunk, `backend_failed` where the system refuses.
   */
  read(range: MemoryRange): Uint8Array;
  /** The range is checked now, with the same errors, so that nothing is computed for a place that is none. */
  reserve(range: MemoryRange): OutputMemory;
}
