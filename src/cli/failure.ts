import { CommanderError } from 'commander';
import { answerForeignFlag } from '../config/foreign-option.js';
import { UsageError } from '../config/usage-error.js';
import { EXIT, type ExitCode } from './exit-code.js';

export interface Failure {
  /** One line for the terminal; undefined where everything has been said. */
  readonly line: string | undefined;
  readonly code: ExitCode;
}

/** What the user is told of an error, and what scripts are. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof UsageError) return { line: error.message, code: EXIT.usage };
  if (error instanceof CommanderError) return describeUsage(error);
  if (error instanceof Error) return { line: oneLine(describeSystemError(error) ?? error.message), code: EXIT.failure };
  return { line: oneLine(String(error)), code: EXIT.failure };
}

/** commander has printed help and version itself, and throws for both. */
function describeUsage({ code, exitCode, message }: CommanderError): Failure {
  if (exitCode === 0) return { line: undefined, code: EXIT.ok };
  if (code === 'commander.help') return { line: undefined, code: EXIT.usage };
  const [, flag] = /^error: unknown option '(--[^'=]+)/.exec(message) ?? [];
  const answer = flag === undefined ? undefined : answerForeignFlag(flag);
  return { line: answer ?? oneLine(message.replace(/^error: /, '')), code: EXIT.usage };
}

function describeSystemError(error: NodeJS.ErrnoException & { address?: string; port?: number }): string | undefined {
  const { code, path, address = '', port } = error;
  const where = port === undefined ? address : `${address}:${port}`;
  if (code === 'EADDRINUSE') return `${where} is in use by another process; --grpc-port and --admin-port choose others (0: any free one)`;
  if (code === 'EADDRNOTAVAIL') return `${where} is not an address of this machine; --host chooses another`;
  if (code === 'EACCES') return path === undefined ? `no permission to listen on ${where}` : `no permission to read ${path}`;
  if (code === 'ENOENT' && path !== undefined) return `there is no ${path}`;
  return undefined;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
