import type { Entry } from './entry.js';

/**
 * The longest length and the earliest deadline of a list of entries, or bounds of them: whoever had them may have left. They are found anew once as many
 * have left as are there, so that each entry costs the same however many wait.
 */
export class WaitingBounds {
  maxLength = 0;
  earliestDeadline = Number.POSITIVE_INFINITY;
  #size = 0;
  /** Entries that left since a bound became inexact; undefined while both are exact. */
  #left: number | undefined;

  add({ length, deadline }: Entry): void {
    this.#size += 1;
    if (length > this.maxLength) this.maxLength = length;
    if (deadline < this.earliestDeadline) this.earliestDeadline = deadline;
  }

  remove({ length, deadline }: Entry): void {
    this.#size -= 1;
    if (this.#left !== undefined) this.#left += 1;
    // Without padding all lengths are 1, and without deadlines all are infinite: then nothing is ever to be found anew.
    else if ((length === this.maxLength && length > 1) || (deadline === this.earliestDeadline && deadline !== Number.POSITIVE_INFINITY))
      this.#left = 1;
  }

  /** Bounds of the whole list that `head` leads. */
  of(head: Entry | undefined): this {
    if (this.#left === undefined || this.#left < this.#size) return this;
    this.#left = undefined;
    this.maxLength = 0;
    this.earliestDeadline = Number.POSITIVE_INFINITY;
    for (let entry = head; entry !== undefined; entry = entry.next) {
      if (entry.length > this.maxLength) this.maxLength = entry.length;
      if (entry.deadline < this.earliestDeadline) this.earliestDeadline = entry.deadline;
    }
    return this;
  }
}
