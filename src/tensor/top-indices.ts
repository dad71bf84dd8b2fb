import type { Numbers } from './numbers.js';

/** Candidates between two sortings at least, so that a small `count` does not sort at every step. */
const MIN_CANDIDATES = 64;

/**
 * Indices of the `count` highest elements from `start` up to `end`, the highest first, counted from `start`. Of equal elements the one with
 * the lower index comes first; NaN is lower than any number. O(n log count).
 */
export function topIndices(numbers: Numbers, start: number, end: number, count: number): number[] {
  const isBefore = (a: number, b: number) => comesBefore(numbers[start + a] ?? Number.NaN, numbers[start + b] ?? Number.NaN, a < b);
  const order = (a: number, b: number) => (isBefore(a, b) ? -1 : 1);
  const limit = Math.max(2 * count, MIN_CANDIDATES);
  const top: number[] = [];
  /** The lowest of the best so far: whoever is not before it is none of them. Set once there are enough. */
  let bar: number | undefined;
  for (let index = 0; index < end - start; index++) {
    if (bar !== undefined && !isBefore(index, bar)) continue;
    top.push(index);
    if (top.length < limit) continue;
    top.sort(order).length = count;
    bar = top.at(-1);
  }
  return top.sort(order).slice(0, count);
}

/** `isEarlier` decides between equals. */
function comesBefore(a: number | bigint, b: number | bigint, isEarlier: boolean): boolean {
  if (a > b) return true;
  if (a < b) return false;
  if (a === b) return isEarlier;
  return Number.isNaN(b) && (isEarlier || !Number.isNaN(a));
}
