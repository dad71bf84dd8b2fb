import { type Check, LEVELS, type Verdict } from './check.js';
import type { Ground } from './ground.js';
import { isConformant, type ReportOptions, type Summary } from './report.js';
import { DOCUMENTS } from './section.js';
import { type CheckResult, decisiveLevels } from './suite.js';

const MARKS = { passed: 'ok', failed: 'FAILED', skipped: 'skipped' } as const satisfies Record<Verdict['kind'], string>;
const LEVEL_TEXTS = { must: 'must', should: 'should', triton: 'Triton' } as const;

/** What the run stands on. */
export function formatStart({ metadata, subjects, decoupled, unusable, seed }: Ground, address: string): string {
  const server = metadata === undefined ? 'a server without ServerMetadata' : `${metadata.name} ${metadata.version}`;
  const lines = [
    `Open Inference Protocol v2 over gRPC: ${server} at ${address}, seed ${seed}`,
    `models: ${list(subjects)}${decoupled.length === 0 ? '' : `; decoupled: ${list(decoupled)}`}`,
    ...unusable.map(({ name, why }) => `  not usable: ${name}: ${why}`),
  ];
  return `${lines.join('\n')}\n\n`;
}

function list(models: readonly { readonly name: string }[]): string {
  return models.length === 0 ? 'none' : models.map(({ name }) => name).join(', ');
}

export function formatResult({ check, verdict }: CheckResult): string {
  const head = `${MARKS[verdict.kind].padEnd(8)}${check.level.padEnd(8)}${check.id.padEnd(32)} ${check.title}\n`;
  switch (verdict.kind) {
    case 'passed':
      return head;
    case 'skipped':
      return `${head}${' '.repeat(16)}because: ${verdict.reason}\n`;
    case 'failed':
      return `${head}${details(verdict, check)}`;
  }
}

function details({ expected, given }: Extract<Verdict, { kind: 'failed' }>, { section }: Check): string {
  const pad = ' '.repeat(16);
  return `${pad}expected: ${expected}\n${pad}given:    ${given}\n${pad}see:      ${section}\n`;
}

export function formatSummary(summary: Summary, options: Pick<ReportOptions, 'profile' | 'strict'>): string {
  const decisive = decisiveLevels(options.profile, options.strict);
  const lines = LEVELS.map((level) => {
    const { passed, failed, skipped } = summary[level];
    const note = decisive.includes(level) ? '' : ' (does not decide)';
    return `${level.padEnd(8)}${passed} passed, ${failed} failed, ${skipped} skipped${note}`;
  });
  return `\n${lines.join('\n')}\n${isConformant(summary, options) ? 'conformant' : 'NOT conformant'}\n`;
}

/** The checks as a table of Markdown. */
export function formatCatalogue(checks: readonly Check[]): string {
  const rows = checks.map(({ id, level, title, section }) => {
    const [document = '', name = ''] = section.split(/: (.*)/s);
    const link = DOCUMENTS[document as keyof typeof DOCUMENTS];
    return `| \`${id}\` | ${LEVEL_TEXTS[level]} | ${title} | [${document}](${link}): ${name} |`;
  });
  return ['| Check | Level | What holds | Where it says so |', '|---|---|---|---|', ...rows].join('\n');
}
