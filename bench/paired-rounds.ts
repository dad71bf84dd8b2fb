import type { ContenderName } from './contenders.js';

/** What each contender showed, round by round: the rounds of the same number were run next to each other. */
export type Rounds<T, N = ContenderName> = ReadonlyMap<N, readonly T[]>;

/**
 * Runs one warm-up of each, which is not counted, then `count` rounds: A B C, C B A, …, so that a drift of the machine hits all alike; and more
 * of them for as long as `isWanting` says so.
 */
export async function pairedRounds<C extends { readonly name: unknown }, T>(
  contenders: readonly C[],
  count: number,
  run: (contender: C) => Promise<T>,
  isWanting: (rounds: Rounds<T, C['name']>, count: number) => boolean = () => false,
): Promise<Rounds<T, C['name']>> {
  const rounds = new Map<C['name'], T[]>();
  for (const contender of contenders) {
    await run(contender);
    rounds.set(contender.name, []);
  }
  for (let round = 0; round < count || isWanting(rounds, round); round++) {
    for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse()) {
      rounds.get(contender.name)?.push(await run(contender));
    }
  }
  return rounds;
}
