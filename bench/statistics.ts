/** The middle of `values`; the mean of the two middle ones where there is no single one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}

/** `sorted` ascends; `share` is 0 to 1. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/**
 * A 90 % interval of the median by the order statistics of a sample: the ranks between which the median lies with that probability
 * (binomial, p = 1/2). Source: Conover, Practical Nonparametric Statistics, "confidence interval for a quantile".
 */
export function medianInterval(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  let tail = 0;
  let rank = 0;
  let term = 0.5 ** n;
  while (tail + term <= 0.05 && rank < n / 2) {
    tail += term;
    rank += 1;
    term = (term * (n - rank + 1)) / rank;
  }
  const low = Math.max(0, rank - 1);
  return [sorted[low] ?? 0, sorted[n - 1 - low] ?? 0];
}
