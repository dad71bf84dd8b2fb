import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { cpuMicros, residentBytes } from './process-tree.js';

/** A server under measurement, in a process of its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly address: string;
  readonly pid: number;
  /** CPU time that the process and its descendants have used in all their threads, in microseconds. Linux only. */
  cpuMicros(): number;
  /** Their memory that is in RAM, in bytes. Linux only. */
  residentBytes(): number;
}

/** Starts `node script ...args`: see `startCommand`. */
export function startServer(script: URL, args: readonly string[], addressIn: (line: string) => string | undefined): Promise<ServerProcess> {
  return startCommand([process.execPath, script.pathname, ...args], addressIn);
}

/**
 * Starts a program and waits for the line on stdout or stderr in which `addressIn` finds the address. `environment` is added to ours.
 * Disposing sends SIGTERM and waits for the end.
 */
export async function startCommand(
  [program = '', ...args]: readonly string[],
  addressIn: (line: string) => string | undefined,
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  const address = await firstMatch(child, addressIn);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`could not start ${program}`);
  return {
    address,
    pid,
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
