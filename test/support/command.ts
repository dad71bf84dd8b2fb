import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { cleanEnvironment, MAIN } from './server-process.js';

export interface CommandResult {
  /** Undefined where a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandWorld {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
}

/** Runs one command line of `millrace` in a process of its own to its end. */
export async function runCommand(args: readonly string[], { env = {}, stdin = '' }: CommandWorld = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: cleanEnvironment(env) });
  // A command that does not read it may be gone before it is written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code: code ?? undefined, stdout, stderr };
}
