/** How many cases a fuzz test runs: MILLRACE_FUZZ_RUNS of them, or so many. */
export function fuzzRuns(fallback: number): number {
  return positiveInteger('MILLRACE_FUZZ_RUNS') ?? fallback;
}

/** Where the dice of a fuzz test begin: MILLRACE_FUZZ_SEED, which makes them fall as they fell before, or anywhere. */
export function fuzzSeed(): number {
  return positiveInteger('MILLRACE_FUZZ_SEED') ?? 1 + Math.floor(Math.random() * 2 ** 31);
}

/** Says what a run was, so that it can be repeated. */
export function reportFuzz(what: string, seed: number, facts: string): void {
  process.stdout.write(`${what}: MILLRACE_FUZZ_SEED=${seed}, ${facts}\n`);
}

/** Time for as many cases on a machine that is busy with others. */
export function fuzzTimeoutMs(runs: number): number {
  return 60_000 + 5 * runs;
}

function positiveInteger(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined || text === '') return undefined;
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new Error(`${variable} must be a positive integer, not "${text}"`);
  return Number(text);
}
