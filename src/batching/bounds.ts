/** What a batch may hold. Its head is always admitted, whatever its size. */
export interface BatchBounds {
  /** 0: the head alone. */
  readonly maxRows: number;
  /** Of rows times the longest member's length; Infinity: none. */
  readonly maxCost: number;
  /**
   * Entries that are looked at behind the first that does not fit, or, where lengths differ, behind the head. 0: first come first served, closing at
   * the first that does not fit, as Triton does.
   */
  readonly lookAhead: number;
}

/** Batches' worth of entries among which those of about one length are looked for: with fewer, batches stay far from full. */
export const LOOK_AHEAD_PADDED = 8;
