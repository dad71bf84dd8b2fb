import type { Order } from '../generator.js';
import { pairedRounds } from '../paired-rounds.js';
import type { ServerProcess } from '../server-process.js';
import { isOpen, judge, type Outcome, type Target } from '../target.js';
import type { Round, Stage } from './stage.js';

/** A part of the run that can be run alone. */
export interface Section {
  readonly name: string;
  /** The goals that it judges, as BENCH_ONLY and the arguments name them. */
  readonly goals: readonly string[];
  run(stage: Stage): Promise<readonly Result[]>;
}

export interface Result {
  readonly scenario: string;
  readonly rounds: Readonly<Record<string, readonly unknown[]>>;
  readonly outcomes: readonly Outcome[];
  /** What else is worth knowing. */
  readonly notes?: readonly string[];
}

export interface Contender {
  readonly name: string;
  readonly server: ServerProcess;
  readonly order: Order;
}

/** Has the contenders answer in turns and judges, with more rounds while a verdict is open and there is time. */
export async function compare(
  stage: Stage,
  scenario: string,
  contenders: readonly (Contender | undefined)[],
  targets: readonly Target<Round>[],
  seconds = stage.extent.seconds,
): Promise<Result> {
  const present = contenders.filter((contender) => contender !== undefined);
  return judged(stage, scenario, present, targets, ({ server, order }) => stage.round(server, order, seconds));
}

/** The same for anything that comes in rounds. */
export async function judged<C extends { readonly name: string }, T>(
  { extent: { rounds, mostRounds, until } }: Stage,
  scenario: string,
  contenders: readonly C[],
  targets: readonly Target<T>[],
  run: (contender: C) => Promise<T>,
): Promise<Result> {
  const measured = await pairedRounds(
    contenders,
    rounds,
    run,
    (sofar, count) => count < mostRounds && performance.now() < until && targets.some((target) => isOpen(sofar, target)),
  );
  const outcomes = targets.flatMap((target) => judge(scenario, measured, target) ?? []);
  return { scenario, rounds: Object.fromEntries(measured), outcomes };
}

/** Whether the section's loads can be made here; says what is left out where they cannot. */
export function takes(stage: Stage, what: string, order: Order): boolean {
  if (stage.generator.takes(order)) return true;
  stage.say(`  left out: ${what}, whose load is a program in Go (bench/peers/load)`);
  return false;
}
