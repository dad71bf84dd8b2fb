import { Command } from 'commander';
import { addCheckCommand, type CheckPorts } from './check.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { describeFailure } from './failure.js';
import { addInferCommand, type InferPorts } from './infer.js';
import type { CliIo } from './io.js';
import { addServeCommand, type ServePorts } from './serve.js';

export type CliPorts = ServePorts & CheckPorts & InferPorts;

const DEFAULT_COLUMNS = 120;

const FOOTER = `
Examples:
  $ millrace serve --model-repository ./models
  $ millrace check ./models
  $ millrace infer digits --input digit.json`;

/** Runs one command line (without node and script) to its end. Never rejects: what went wrong is one line on stderr. */
export async function runCli(args: readonly string[], io: CliIo, ports: CliPorts): Promise<ExitCode> {
  let result: ExitCode = EXIT.ok;
  const program = createProgram(io, ports, (code) => {
    result = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return result;
  } catch (error) {
    const { line, code } = describeFailure(error);
    if (line !== undefined) io.stderr.write(`millrace: ${line}\n`);
    return code;
  }
}

function createProgram(io: CliIo, ports: CliPorts, exit: (code: ExitCode) => void): Command {
  const program = new Command('millrace')
    .description("A gRPC inference server for ONNX models in Triton's repository layout.")
    .version(ports.version, '-V, --version', 'print the version')
    // So that a command may have a --version of its own.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      // runCli says it, in one line.
      outputError: () => undefined,
      getOutHelpWidth: () => io.stdout.columns ?? DEFAULT_COLUMNS,
      getErrHelpWidth: () => io.stderr.columns ?? DEFAULT_COLUMNS,
    })
    .addHelpText('after', FOOTER);
  addServeCommand(program, io, ports, exit);
  addCheckCommand(program, io, ports, exit);
  addInferCommand(program, io, ports, exit);
  return program;
}
