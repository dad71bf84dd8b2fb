import { median, medianInterval } from '../statistics.js';

/** One operation under measurement. */
export interface Operation {
  readonly name: string;
  /** Does it so many times, and returns a number that depends on the work, so that none of it is left out. */
  readonly run: (times: number) => number;
}

const ROUNDS = 15;
const ROUND_MS = 20;

/** Prints ns an operation, in turns, so that a drift of the machine hits all alike. */
export function tellNanoseconds(title: string, operations: readonly Operation[]): void {
  const measured = operations.map((operation) => ({ ...operation, times: timesFor(operation), rounds: [] as number[] }));
  let used = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { run, times, rounds } of measured) {
      const start = performance.now();
      used += run(times);
      rounds.push(((performance.now() - start) / times) * 1e6);
    }
  }
  if (Number.isNaN(used)) throw new Error('an operation came to nothing');
  process.stdout.write(`${title}, ns an operation (median of ${ROUNDS} rounds, 90 % interval)\n`);
  for (const { name, rounds } of measured) {
    const [low, high] = medianInterval(rounds);
    process.stdout.write(`  ${name.padEnd(64)} ${figure(median(rounds)).padStart(8)}  (${figure(low)}–${figure(high)})\n`);
  }
}

/** As many as fill a round once the code is compiled. */
function timesFor({ run }: Operation): number {
  for (let times = 16; ; times *= 2) {
    const start = performance.now();
    run(times);
    if (performance.now() - start >= ROUND_MS) return times;
  }
}

function figure(nanoseconds: number): string {
  return nanoseconds >= 100 ? nanoseconds.toFixed(0) : nanoseconds.toPrecision(3);
}
