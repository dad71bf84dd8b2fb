import type { Command } from 'commander';
import type { FlagValues } from '../config/load.js';
import { SERVE_OPTIONS, type ServeConfig } from '../config/options.js';
import { formatConfig } from '../config/print.js';
import { loadServeConfig } from '../config/serve-config.js';
import { createLogger, type LogDestination, type Logger } from '../telemetry/logger.js';
import { addConfigOptions } from './config-flags.js';
import { assertDirectories } from './directories.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { describeFailure } from './failure.js';
import type { CliIo, Output } from './io.js';
import { ProgressLine } from './progress-line.js';
import type { RunningServer, ServerDeps, StartServer } from './server-port.js';
import { StopRequest } from './stop-request.js';

const FOOTER = `
Every option may also stand in the environment (--grpc-port is MILLRACE_GRPC_PORT, lists with commas) and in the file of
--config (grpcPort). Flags rule over the environment, the environment over the file, the file over the defaults.

Traces are exported where OTEL_EXPORTER_OTLP_ENDPOINT is set. SIGTERM and Ctrl-C answer the calls inside and end; a second one
ends at once. Exit codes: 0 ended in order, 1 failure, 2 usage.

Examples:
  $ millrace serve --model-repository ./models
  $ millrace serve --model-repository ./models --host 0.0.0.0 --max-inflight 256
  $ millrace serve --config millrace.yaml --print-config`;

export interface ServePorts {
  readonly startServer: StartServer;
  readonly version: string;
}

export function addServeCommand(program: Command, io: CliIo, ports: ServePorts, exit: (code: ExitCode) => void): void {
  const command = program
    .command('serve')
    .summary('serve the models of a repository over gRPC')
    .description('Loads the models of a repository and serves them over gRPC until it is told to stop.')
    .option('--print-config', 'print each effective value and where it came from, and end')
    .addHelpText('after', FOOTER)
    .action(async (flags: FlagValues) => exit(await serve(flags, io, ports)));
  addConfigOptions(command, SERVE_OPTIONS);
}

/** Runs a server from start to drain. Rejects with a UsageError before anything is started. */
export async function serve({ printConfig, ...flags }: FlagValues, io: CliIo, ports: ServePorts): Promise<ExitCode> {
  const readFile = async (path: string) => (await io.readFile(path)).toString('utf8');
  const loaded = await loadServeConfig({ flags, env: io.env, readFile });
  if (printConfig === true) {
    io.stdout.write(formatConfig(SERVE_OPTIONS, loaded));
    return EXIT.ok;
  }
  const { config } = loaded;
  await assertDirectories(config.modelRepository, '--model-repository', io);
  return runServer(config, io, ports);
}

async function runServer(config: ServeConfig, io: CliIo, { startServer, version }: ServePorts): Promise<ExitCode> {
  const progress = io.stderr.isTTY ? new ProgressLine(io.stderr) : undefined;
  const logger = createLogger({ level: config.logLevel, destination: await createDestination(io.stderr, progress) });
  using stop = new StopRequest(io);
  const deps: ServerDeps = { logger, version, ...(progress === undefined ? {} : { progress: progress.update }) };
  try {
    const server = await Promise.race([startServer(config, deps, stop.signal), stop.second]);
    if (typeof server === 'string') return EXIT.failure;
    return await runUntilStopped(server, stop, logger, io);
  } catch (error) {
    progress?.clear();
    if (stop.signal.aborted && error === stop.signal.reason) return EXIT.ok;
    return reportFailure(error, logger, io);
  }
}

/** The first signal drains, the second closes. */
async function runUntilStopped(server: RunningServer, stop: StopRequest, logger: Logger, io: CliIo): Promise<ExitCode> {
  const signal = await stop.first;
  logger.info('stopping', { signal });
  const end = await Promise.race([server.drain(), stop.second]);
  if ((await server.close()) === 'stuck') io.kill();
  return end === 'drained' ? EXIT.ok : EXIT.failure;
}

/** A failure is an event like any other where lines are read by programs. */
function reportFailure(error: unknown, logger: Logger, io: CliIo): ExitCode {
  const { line, code } = describeFailure(error);
  if (io.stderr.isTTY || !logger.switches.error) io.stderr.write(`millrace: ${line}\n`);
  else logger.error('start_failed', { reason: line });
  return code;
}

async function createDestination(stderr: Output, progress: ProgressLine | undefined): Promise<LogDestination> {
  if (progress === undefined) return stderr;
  const { prettyDestination } = await import('../telemetry/pretty.js');
  return prettyDestination(progress.above(stderr), { colorize: true });
}
