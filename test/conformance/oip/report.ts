import { LEVELS, type Level, type Verdict } from './check.js';
import { type CheckResult, decisiveLevels, type SuiteOptions, type SuiteRun } from './suite.js';

type Counts = Readonly<Record<Verdict['kind'], number>>;

export type Summary = Readonly<Record<Level, Counts>>;

export function summarize(results: readonly CheckResult[]): Summary {
  const count = (level: Level, kind: Verdict['kind']) =>
    results.filter(({ check, verdict }) => check.level === level && verdict.kind === kind).length;
  const entries = LEVELS.map((level) => [
    level,
    { passed: count(level, 'passed'), failed: count(level, 'failed'), skipped: count(level, 'skipped') },
  ]);
  return Object.fromEntries(entries) as Summary;
}

/** Whether the run is a success: no check of a decisive level failed, and at least one `must` passed. */
export function isConformant(summary: Summary, { profile, strict }: Pick<ReportOptions, 'profile' | 'strict'>): boolean {
  return summary.must.passed > 0 && decisiveLevels(profile, strict).every((level) => summary[level].failed === 0);
}

export interface ReportOptions extends SuiteOptions {
  /** `should` is decisive too. */
  readonly strict: boolean;
}

/** The report as JSON. Its fields only ever grow. */
export function jsonReport({ ground, results }: SuiteRun, options: ReportOptions): object {
  const summary = summarize(results);
  return {
    suite: 'oip-v2-grpc-conformance',
    address: options.address,
    profile: options.profile,
    strict: options.strict,
    seed: options.seed,
    server: ground.metadata ?? null,
    models: modelKinds(ground),
    conformant: isConformant(summary, options),
    summary,
    results: results.map(({ check, verdict: { kind, ...details }, durationMs }) => ({
      id: check.id,
      level: check.level,
      title: check.title,
      section: check.section,
      verdict: kind,
      ...details,
      durationMs,
    })),
  };
}

function modelKinds({ subjects, decoupled, unusable }: SuiteRun['ground']): object[] {
  return [
    ...subjects.map(({ name, versions }) => ({ name, kind: 'usable', versions })),
    ...decoupled.map(({ name }) => ({ name, kind: 'decoupled' })),
    ...unusable.map(({ name, why }) => ({ name, kind: 'unusable', why })),
  ];
}
