import type { Result } from '../pipeline/section.js';
import { judge, type Target } from '../target.js';

/** What is a count, or needs no rounds: judged as it is. */
export function counted<T>(scenario: string, shown: T, targets: readonly Target<T>[], notes: readonly string[] = []): Result {
  const rounds = new Map([['native', [shown]]]);
  const outcomes = targets.flatMap((target) => judge(scenario, rounds, target) ?? []);
  return { scenario, rounds: Object.fromEntries(rounds), outcomes, notes };
}
