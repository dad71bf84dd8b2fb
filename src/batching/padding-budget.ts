/**
 * What padding may take of all that is run, counted as rows times length. An instance spends on padding what it spends on data, so this much of the
 * throughput is what fuller batches may cost; `millrace_batch_cost_total` tells what they did cost.
 */
export const PADDING_SHARE = 0.05;

/** The same of a single batch, however much earlier ones left: its short members wait for the run of the long ones. */
export const MAX_PADDING_SHARE = 0.15;

/** Of what earlier batches left, the part that one may use: some is left for the next, which may need it more. */
const USED_AT_ONCE = 0.25;

/** What is left from batch to batch: no more than the last hundred or so count, so that a quiet hour does not pay for a wasteful one. */
const KEPT = 0.99;

/** Padding that a batch may have which costs `cost` with it. `spare` is what it may use of what earlier ones left. */
export function allowedPadding(cost: number, spare: number): number {
  return Math.min(MAX_PADDING_SHARE * cost, PADDING_SHARE * cost + spare);
}

/** Keeps the padding of all batches together within its share: what one leaves of its own, later ones may use. */
export class PaddingBudget {
  #left = 0;

  /** What the next batch may use beyond its own share. */
  get spare(): number {
    return this.#left * USED_AT_ONCE;
  }

  /** A batch runs that costs `cost` with its padding, which was allowed. */
  spend(cost: number, padding: number): void {
    this.#left = Math.max(0, this.#left + PADDING_SHARE * cost - padding) * KEPT;
  }
}
