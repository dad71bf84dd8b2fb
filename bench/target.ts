import type { Rounds } from './paired-rounds.js';
import { median, medianInterval } from './statistics.js';

/** What a ratio, or a figure that stands for itself, has to be. */
export type Limit = { readonly atMost: number } | { readonly atLeast: number };

/** A figure of ours, and what it has to be of another's. */
export interface Target<T> {
  /** The name under which the goal is known, if it has one. */
  readonly goal?: string;
  readonly figure: string;
  readonly unit: string;
  readonly of: (round: T) => number;
  /** Whose figure it is; "native" where absent. */
  readonly ours?: string;
  /** Absent: the figure itself is what is judged. */
  readonly against?: string;
  /** Undefined where it is only told. */
  readonly limit?: Limit;
}

export interface Outcome {
  readonly goal?: string;
  readonly scenario: string;
  readonly figure: string;
  readonly unit: string;
  readonly subject: string;
  readonly against?: string;
  readonly ours: number;
  readonly theirs?: number;
  /** The median of the rounds' ratios, or figures, and its 90 % interval. */
  readonly ratio: number;
  readonly interval: readonly [low: number, high: number];
  readonly rounds: number;
  readonly target: string;
  readonly verdict: 'met' | 'short' | 'told';
}

/** By the median of the ratios of the rounds, without any tolerance. Undefined where one of the two did not run. */
export function judge<T>(scenario: string, rounds: Rounds<T, string>, target: Target<T>): Outcome | undefined {
  const { figure, unit, of, ours: subject = 'native', against, limit, goal } = target;
  const ours = rounds.get(subject)?.map(of);
  const theirs = against === undefined ? [] : rounds.get(against)?.map(of);
  if (ours === undefined || theirs === undefined) return undefined;
  const ratios = ours.map((value, at) => (against === undefined ? value : value / (theirs[at] ?? Number.NaN)));
  const ratio = median(ratios);
  return {
    ...(goal !== undefined && { goal }),
    ...{ scenario, figure, unit, subject, ratio },
    ours: median(ours),
    ...(against !== undefined && { against, theirs: median(theirs) }),
    interval: medianInterval(ratios),
    rounds: ratios.length,
    target: describeLimit(limit, against === undefined ? ` ${unit}` : 'x'),
    verdict: limit === undefined ? 'told' : isWithin(ratio, limit) ? 'met' : 'short',
  };
}

/** Whether more rounds might change the verdict: the ends of the interval differ in it. */
export function isOpen<T>(rounds: Rounds<T, string>, target: Target<T>): boolean {
  const { limit } = target;
  const outcome = judge('', rounds, target);
  if (outcome === undefined || limit === undefined) return false;
  const [low, high] = outcome.interval;
  return isWithin(low, limit) !== isWithin(high, limit);
}

export function describeOutcome(outcome: Outcome): string {
  const { goal = '', figure, unit, against, ours, theirs, ratio, interval, target, verdict } = outcome;
  const name = goal === '' ? figure : `${goal.padEnd(4)} ${figure}`;
  const pair = against === undefined ? '' : `${amount(ours)} ${unit}, ${against} ${amount(theirs ?? Number.NaN)}`;
  const [middle, low, high] = [ratio, ...interval].map((value) => (against === undefined ? amount(value) : value.toFixed(2)));
  const measured = `${middle}${against === undefined ? ` ${unit}` : 'x'}  (${low}–${high})`;
  return `  ${name.padEnd(30)} ${pair.padEnd(44)} ${measured.padEnd(24)}  ${target.padEnd(15)} ${verdict}`;
}

function amount(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function describeLimit(limit: Limit | undefined, unit: string): string {
  if (limit === undefined) return 'no target';
  return 'atMost' in limit ? `target ≤ ${limit.atMost}${unit}` : `target ≥ ${limit.atLeast}${unit}`;
}

function isWithin(value: number, limit: Limit): boolean {
  return 'atMost' in limit ? value <= limit.atMost : value >= limit.atLeast;
}
