import type { ContenderName } from './contenders.js';
import type { Rounds } from './paired-rounds.js';
import { median, medianInterval } from './statistics.js';

/** A figure of ours, and what it has to be of another's. */
export interface Target<T> {
  readonly figure: string;
  readonly unit: string;
  readonly of: (round: T) => number;
  readonly against: ContenderName;
  /** What the ratio has to be at most, or at least; undefined where it is only told. */
  readonly limit?: { readonly atMost: number } | { readonly atLeast: number };
}

export interface Outcome {
  readonly scenario: string;
  readonly figure: string;
  readonly unit: string;
  readonly against: ContenderName;
  readonly ours: number;
  readonly theirs: number;
  /** The median of the rounds' ratios, and its 90 % interval. */
  readonly ratio: number;
  readonly interval: readonly [low: number, high: number];
  readonly target: string;
  readonly verdict: 'met' | 'short' | 'told';
}

/** By the median of the ratios of the rounds, without any tolerance. Undefined where the other did not run. */
export function judge<T>(scenario: string, rounds: Rounds<T>, { figure, unit, of, against, limit }: Target<T>): Outcome | undefined {
  const ours = rounds.get('native')?.map(of) ?? [];
  const theirs = rounds.get(against)?.map(of);
  if (theirs === undefined) return undefined;
  const ratios = ours.map((value, at) => value / (theirs[at] ?? Number.NaN));
  const ratio = median(ratios);
  return {
    ...{ scenario, figure, unit, against, ratio },
    ours: median(ours),
    theirs: median(theirs),
    interval: medianInterval(ratios),
    target: describeLimit(limit),
    verdict: limit === undefined ? 'told' : isWithin(ratio, limit) ? 'met' : 'short',
  };
}

export function describeOutcome({ figure, unit, against, ours, theirs, ratio, interval, target, verdict }: Outcome): string {
  const [low, high] = interval;
  const pair = `${amount(ours)} ${unit}, ${against} ${amount(theirs)}`;
  const measured = `${ratio.toFixed(2)}x  (${low.toFixed(2)}–${high.toFixed(2)})`;
  return `  ${figure.padEnd(20)} ${pair.padEnd(40)} ${measured.padEnd(22)}  ${target.padEnd(14)} ${verdict}`;
}

function amount(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function describeLimit(limit: Target<unknown>['limit']): string {
  if (limit === undefined) return 'no target';
  return 'atMost' in limit ? `target ≤ ${limit.atMost}x` : `target ≥ ${limit.atLeast}x`;
}

function isWithin(ratio: number, limit: NonNullable<Target<unknown>['limit']>): boolean {
  return 'atMost' in limit ? ratio <= limit.atMost : ratio >= limit.atLeast;
}
