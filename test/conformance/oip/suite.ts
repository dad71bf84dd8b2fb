import { CATALOGUE } from './catalogue.js';
import { type Check, judge, type Level, type Verdict } from './check.js';
import { discover } from './discover.js';
import type { Ground } from './ground.js';
import { Target, type TargetOptions } from './target.js';

/** `oip`: must and should. `triton`: all, and the triton level counts. `all`: all, and the triton level is reported on its own. */
export const PROFILES = ['all', 'oip', 'triton'] as const;

export type Profile = (typeof PROFILES)[number];

export interface SuiteOptions extends TargetOptions {
  /** Empty: what RepositoryIndex lists as ready. */
  readonly models: readonly string[];
  readonly profile: Profile;
  /** Beginnings of the ids of the checks to run; empty: all. */
  readonly only: readonly string[];
  /** Beginnings of the ids of checks that are left out. */
  readonly skip: readonly string[];
  readonly seed: number;
  /** Checks may load and unload models. */
  readonly mayControl: boolean;
}

export interface CheckResult {
  readonly check: Check;
  readonly verdict: Verdict;
  readonly durationMs: number;
}

export interface Listener {
  /** Before the first check. */
  readonly started: (ground: Ground) => void;
  readonly judged: (result: CheckResult) => void;
}

export interface SuiteRun {
  readonly ground: Ground;
  readonly results: readonly CheckResult[];
}

/** Runs the checks one after the other. Never rejects because of what the server does. */
export async function runSuite(options: SuiteOptions, listener?: Listener): Promise<SuiteRun> {
  using target = new Target(options);
  const ground = await discover(target, options);
  listener?.started(ground);
  const results: CheckResult[] = [];
  for (const check of selectChecks(options)) {
    const startedAt = performance.now();
    const verdict = await judge(check, ground);
    const result = { check, verdict, durationMs: Math.round(performance.now() - startedAt) };
    results.push(result);
    listener?.judged(result);
  }
  return { ground, results };
}

export function selectChecks({ profile, only, skip }: Pick<SuiteOptions, 'profile' | 'only' | 'skip'>): readonly Check[] {
  const isOneOf = (id: string, starts: readonly string[]) => starts.some((start) => id.startsWith(start));
  return CATALOGUE.filter(({ id, level }) => {
    const wanted = (only.length === 0 || isOneOf(id, only)) && !isOneOf(id, skip);
    return wanted && (profile !== 'oip' || level !== 'triton');
  });
}

/** The levels whose failures fail the run. */
export function decisiveLevels(profile: Profile, strict: boolean): readonly Level[] {
  return ['must', ...(strict ? (['should'] as const) : []), ...(profile === 'triton' ? (['triton'] as const) : [])];
}
