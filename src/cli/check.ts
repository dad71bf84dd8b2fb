import type { Command } from 'commander';
import { CHECK_OPTIONS } from '../config/check-options.js';
import { type FlagValues, loadConfig } from '../config/load.js';
import type { CheckedModel, CheckRepository } from './check-port.js';
import { addConfigOptions } from './config-flags.js';
import { assertDirectories } from './directories.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { formatCheckedModel } from './format-model.js';
import type { CliIo } from './io.js';
import { StopRequest } from './stop-request.js';

const FOOTER = `
Exit codes: 0 every model loads, 1 some model does not, 2 usage.

Example:
  $ millrace check ./models`;

export interface CheckPorts {
  readonly checkRepository: CheckRepository;
}

export function addCheckCommand(program: Command, io: CliIo, ports: CheckPorts, exit: (code: ExitCode) => void): void {
  const command = program
    .command('check')
    .summary('load every model of a repository and say what it takes and gives')
    .description('Loads every model of a repository as serve would, prints its signature and every problem, and serves nothing.')
    .argument('<repository...>', "directories of models in Triton's layout: <dir>/<model>/<version>/model.onnx")
    .addHelpText('after', FOOTER)
    .action(async (directories: string[], flags: FlagValues) => exit(await check(directories, flags, io, ports)));
  addConfigOptions(command, CHECK_OPTIONS);
}

/** Prints each model once all are known, in order. A repository without models is a failure: it is hardly what was meant. */
export async function check(
  directories: readonly string[],
  flags: FlagValues,
  io: CliIo,
  { checkRepository }: CheckPorts,
): Promise<ExitCode> {
  const readFile = async (path: string) => (await io.readFile(path)).toString('utf8');
  const { config } = await loadConfig(CHECK_OPTIONS, { flags, env: io.env, readFile });
  await assertDirectories(directories, 'check', io);
  const counts = { ready: 0, failed: 0 };
  const onModel = (checked: CheckedModel) => {
    counts[checked.state] += 1;
    io.stdout.write(formatCheckedModel(checked));
  };
  using stop = new StopRequest(io);
  const end = await checkRepository(directories, config, onModel, stop.signal);
  io.stdout.write(formatSummary(counts));
  if (end === 'stuck') io.kill();
  return counts.failed === 0 && counts.ready > 0 ? EXIT.ok : EXIT.failure;
}

function formatSummary({ ready, failed }: { readonly ready: number; readonly failed: number }): string {
  if (ready + failed === 0) return 'no models found\n';
  return `${ready} ready, ${failed} failed\n`;
}
