import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Clock ticks a second in /proc/<pid>/stat; the same on every Linux. */
const TICKS_PER_SECOND = 100;

/** A server under measurement, in a process of its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly address: string;
  /** CPU time that the process has used in all its threads, in microseconds. Linux only. */
  cpuMicros(): number;
  /** Memory of the process that is in RAM, in bytes. Linux only. */
  residentBytes(): number;
}

/** Starts `node script ...args`: see `startCommand`. */
export function startServer(script: URL, args: readonly string[], addressIn: (line: string) => string | undefined): Promise<ServerProcess> {
  return startCommand([process.execPath, script.pathname, ...args], addressIn);
}

/**
 * Starts a program and waits for the line on stdout or stderr in which `addressIn` finds the address.
 * Disposing sends SIGTERM and waits for the end.
 */
export async function startCommand(
  [program = '', ...args]: readonly string[],
  addressIn: (line: string) => string | undefined,
): Promise<ServerProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const address = await firstMatch(child, addressIn);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`could not start ${program}`);
  return {
    address,
    cpuMicros: () => cpuMicros(pid),
    residentBytes: () => residentBytes(pid),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

function firstMatch(child: ChildProcess, addressIn: (line: string) => string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        const address = addressIn(line);
        if (address !== undefined) resolve(address);
      });
    }
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
  });
}

function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the command in parentheses, which may hold blanks; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks / TICKS_PER_SECOND) * 1_000_000;
}

function residentBytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
