import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Recorded } from './pipeline/recorded.js';
import { plotsOf } from './report/plots.js';
import { goalsTable } from './report/tables.js';

/**
 * Writes a run of `make bench` into docs/: plots, and the part of docs/performance.md between the two marks. The argument names the run's file;
 * build/bench/results.json without one.
 */
const BEGIN = '<!-- written by bench/report.ts: begin -->';
const END = '<!-- written by bench/report.ts: end -->';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const recorded = JSON.parse(readFileSync(process.argv[2] ?? here('./results.json'), 'utf8')) as Recorded;
const docs = here('../../docs');
mkdirSync(join(docs, 'plots'), { recursive: true });
const plots = plotsOf(recorded);
for (const { name, svg } of plots) writeFileSync(join(docs, 'plots', `${name}.svg`), svg);

const { machine, generator, seconds, startedAt } = recorded;
const changed = machine.isChanged ? ' with changes' : '';
const part = [
  BEGIN,
  '',
  `\`make bench\`, ${startedAt.slice(0, 10)}: commit ${machine.commit}${changed}, Node ${machine.node}, ${machine.cores} x ${machine.cpu}, servers and load on the same`,
  `cores, load from ${generator === 'go' ? 'bench/peers/load' : 'Node.js'}, rounds of ${seconds} s. How it is measured and what it says: bench/README.md.`,
  '',
  ...plots.flatMap(({ name, title }) => [`![${title}](plots/${name}.svg)`, '']),
  ...goalsTable(recorded),
  '',
  END,
].join('\n');

const page = join(docs, 'performance.md');
const text = readFileSync(page, 'utf8');
const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
if (begin === -1 || end < begin) throw new Error(`docs/performance.md has no place for it: it takes the lines "${BEGIN}" and "${END}"`);
writeFileSync(page, text.slice(0, begin) + part + text.slice(end + END.length));
process.stdout.write(`written: docs/performance.md, ${plots.map(({ name }) => `docs/plots/${name}.svg`).join(', ')}\n`);
