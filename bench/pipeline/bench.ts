import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Generator } from '../generator.js';
import { GoGenerator } from '../go-generator.js';
import { buildGoProgram, goVersion } from '../go-programs.js';
import { describeMachine } from '../machine.js';
import { NodeGenerator } from '../node-generator.js';
import { describeOutcome, type Outcome } from '../target.js';
import type { Recorded } from './recorded.js';
import type { Result, Section } from './section.js';
import { type Extent, Stage } from './stage.js';

/** What a bench is made of, where its run is written unless BENCH_JSON names another file, and after how many minutes there are no more rounds than needed. */
export interface Bench {
  readonly sections: readonly Section[];
  readonly file: string;
  readonly minutes: number;
}

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);
const MOST_ROUNDS = Math.max(ROUNDS, 31);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 1);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function wanted(sections: readonly Section[]): readonly Section[] {
  const words = [...process.argv.slice(2), ...(process.env['BENCH_ONLY'] ?? '').split(',')].map((word) => word.trim().toLowerCase());
  const names = words.filter((word) => word !== '');
  if (names.length === 0) return sections;
  return sections.filter(({ name, goals }) =>
    names.some((word) => name.toLowerCase().includes(word) || goals.some((goal) => goal.toLowerCase() === word)),
  );
}

function createGenerator(): Generator {
  try {
    return new GoGenerator(buildGoProgram('load'));
  } catch {
    const why = goVersion() === undefined ? 'there is no Go' : 'Go cannot build bench/peers/load';
    say(`${why}: the load comes from Node.js, and open loops and streams are left out`);
    return new NodeGenerator();
  }
}

/** Each of the sections left may take its part of the time left. */
function until(end: number, sectionsLeft: number): number {
  const now = performance.now();
  return now + Math.max(0, end - now) / sectionsLeft;
}

async function runAll(sections: readonly Section[], generator: Generator, minutes: number): Promise<readonly Result[]> {
  const end = performance.now() + minutes * 60_000;
  const results: Result[] = [];
  for (const [at, section] of sections.entries()) {
    say(`${section.name}  [${section.goals.join(', ')}]`);
    const extent = { rounds: ROUNDS, mostRounds: MOST_ROUNDS, seconds: SECONDS, until: until(end, sections.length - at) };
    for (const result of await runSection(section, generator, extent)) {
      results.push(result);
      tell(section, result);
    }
  }
  return results;
}

/** A section that breaks off, because a call failed, does not take the others with it. */
async function runSection(section: Section, generator: Generator, extent: Extent): Promise<readonly Result[]> {
  try {
    await using stage = new Stage(generator, extent, say);
    return await section.run(stage);
  } catch (error) {
    say(`  broken off: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
    return [];
  }
}

function tell(section: Section, { scenario, outcomes, notes = [] }: Result): void {
  if (scenario !== section.name) say(` ${scenario}`);
  for (const outcome of outcomes) say(describeOutcome(outcome));
  for (const note of notes) say(`  ${note}`);
}

/** Measures and judges the sections that arguments, or BENCH_ONLY, name by goal or name; all of them where there are none. */
export async function runBench({ sections, file, minutes }: Bench): Promise<void> {
  const startedAt = new Date();
  const machine = describeMachine();
  using generator = createGenerator();
  say(
    `commit ${machine.commit}${machine.isChanged ? ' with changes' : ''}, Node ${machine.node}, ${machine.cores} x ${machine.cpu}, load from ${generator.name}`,
  );
  say(
    `rounds of ${SECONDS} s, interleaved: ${ROUNDS} of them, and up to ${MOST_ROUNDS} while the 90 % interval (in parentheses) reaches over the goal and there is time`,
  );
  const results = await runAll(wanted(sections), generator, Number(process.env['BENCH_MINUTES'] ?? minutes));
  summarise(results, startedAt);
  const recorded: Recorded = {
    ...{ machine, generator: generator.name, seconds: SECONDS },
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    results,
  };
  write(process.env['BENCH_JSON'] ?? file, recorded);
}

function summarise(results: readonly Result[], startedAt: Date): void {
  const outcomes = results.flatMap((result) => result.outcomes);
  const count = (verdict: Outcome['verdict']): number => outcomes.filter((outcome) => outcome.verdict === verdict).length;
  const minutes = ((Date.now() - startedAt.getTime()) / 60_000).toFixed(1);
  say(`${count('met')} met, ${count('short')} short, ${count('told')} told beside them; ${minutes} minutes`);
}

function write(file: string, recorded: Recorded): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(recorded, null, 1)}\n`);
}
