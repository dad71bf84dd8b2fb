import { writeFile } from 'node:fs/promises';
import { CATALOGUE } from './catalogue.js';
import { parseCommand, type RunCommand, USAGE } from './command.js';
import { formatCatalogue, formatResult, formatStart, formatSummary } from './format.js';
import { isConformant, jsonReport, summarize } from './report.js';
import { runSuite } from './suite.js';

const say = (text: string) => void process.stdout.write(text);

/** Exit codes: 0 conformant, 1 not, 2 the command line is wrong. */
async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2));
  switch (command.kind) {
    case 'help':
      say(USAGE);
      return 0;
    case 'list':
      say(`${formatCatalogue(CATALOGUE)}\n`);
      return 0;
    case 'misuse':
      process.stderr.write(`${command.problem}\n\n${USAGE}`);
      return 2;
    case 'run':
      return run(command);
  }
}

async function run(command: RunCommand): Promise<number> {
  const suiteRun = await runSuite(command, {
    started: (ground) => say(formatStart(ground, command.address)),
    judged: (result) => say(formatResult(result)),
  });
  const summary = summarize(suiteRun.results);
  say(formatSummary(summary, command));
  if (command.jsonFile !== undefined) await writeFile(command.jsonFile, `${JSON.stringify(jsonReport(suiteRun, command), undefined, 2)}\n`);
  return isConformant(summary, command) ? 0 : 1;
}

process.exitCode = await main();
