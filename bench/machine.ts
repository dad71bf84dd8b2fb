import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Machine {
  readonly commit: string;
  /** Files differ from the commit. */
  readonly isChanged: boolean;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
}

export function describeMachine(): Machine {
  return {
    commit: answerOf('git', 'rev-parse', '--short', 'HEAD') ?? 'unknown',
    isChanged: answerOf('git', 'status', '--porcelain') !== '',
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cores: cpus().length,
  };
}

/** What to put before a program so that it runs on one core of its own, for a server and for its load. Empty where that cannot be. */
export interface Pins {
  readonly server: readonly string[];
  readonly load: readonly string[];
}

export function pins(): Pins {
  const [first, second] = allowedCores();
  if (first === undefined || second === undefined || answerOf('taskset', '--version') === undefined) return { server: [], load: [] };
  return { server: ['taskset', '--cpu-list', String(first)], load: ['taskset', '--cpu-list', String(second)] };
}

/** What a program prints, without the blanks around it; undefined where there is no such program. */
export function answerOf(program: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

function allowedCores(): number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return list.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  });
}
