import type { Entry } from './entry.js';

/** The last entry of each rank in a list that is ordered by rank: where the next one of that rank goes, without a walk past those before it. */
export class RankEnds {
  /** Ranks ascend. */
  readonly #ends: Entry[];

  /** `tail` ends a list of one rank. */
  constructor(tail: Entry) {
    this.#ends = [tail];
  }

  /** When the oldest of the entries came that are the first of their rank but not of the list; Infinity where there is one rank. */
  get oldestFollowerAt(): number {
    let oldestAt = Number.POSITIVE_INFINITY;
    for (const { next } of this.#ends) if (next !== undefined && next.enqueuedAt < oldestAt) oldestAt = next.enqueuedAt;
    return oldestAt;
  }

  /** The entry that `entry`, from now on the last of its rank, comes behind; undefined for the list's head. */
  add(entry: Entry): Entry | undefined {
    const { rank } = entry;
    const at = this.#ends.findLastIndex((end) => end.rank <= rank);
    const previous = this.#ends[at];
    if (previous?.rank === rank) this.#ends[at] = entry;
    else this.#ends.splice(at + 1, 0, entry);
    return previous;
  }

  /** `entry` is still linked. */
  remove(entry: Entry): void {
    const at = this.#ends.indexOf(entry);
    if (at === -1) return;
    const { previous } = entry;
    if (previous?.rank === entry.rank) this.#ends[at] = previous;
    else this.#ends.splice(at, 1);
  }
}
