/** Which of `models` models, from 0, each of `requests` requests asks for: the nth is asked for in proportion to 1 / n^exponent (Zipf). */
export function zipfTrace(models: number, exponent: number, requests: number, random: () => number): readonly number[] {
  const weights = Array.from({ length: models }, (_, at) => 1 / (at + 1) ** exponent);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const until = weights.map((weight) => {
    sum += weight;
    return sum / total;
  });
  return Array.from({ length: requests }, () => firstAbove(until, random()));
}

/** The last one where rounding left the end a little below 1. */
function firstAbove(until: readonly number[], value: number): number {
  const at = until.findIndex((end) => value < end);
  return at === -1 ? until.length - 1 : at;
}
