import type { Contender, ContenderName } from './contenders.js';

/** What each contender showed, round by round: the rounds of the same number were run next to each other. */
export type Rounds<T> = ReadonlyMap<ContenderName, readonly T[]>;

/** Runs one warm-up of each, which is not counted, then the rounds: A B C, C B A, …, so that a drift of the machine hits all alike. */
export async function pairedRounds<T>(
  contenders: readonly Contender[],
  count: number,
  run: (contender: Contender) => Promise<T>,
): Promise<Rounds<T>> {
  const rounds = new Map<ContenderName, T[]>();
  for (const contender of contenders) {
    await run(contender);
    rounds.set(contender.name, []);
  }
  for (let round = 0; round < count; round++) {
    for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse()) {
      rounds.get(contender.name)?.push(await run(contender));
    }
  }
  return rounds;
}
