import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Figures } from './figures.js';
import type { ServerProcess } from './server-process.js';

const run = promisify(execFile);

/** Calls that bench/peers/load makes in a closed loop. */
export interface Load {
  readonly path: string;
  /** Bytes of the request message. */
  readonly size: number;
  /** Bytes of an answer message, where it is not the request itself. */
  readonly answer?: number;
  /** Answers to each call. */
  readonly messages?: number;
  readonly callers: number;
  readonly connections: number;
}

/** What one run of a load against one server showed. */
export type Round = Figures;

/** How the load program is started: what pins it, where it is, and the authority of the servers that speak TLS. */
export interface LoadProgram {
  readonly command: readonly string[];
  readonly ca?: string;
}

/** Throws where a call failed. */
export async function measure(program: LoadProgram, server: ServerProcess, load: Load, seconds: number): Promise<Round> {
  const before = server.cpuMicros();
  const [file, ...args] = [...commandOf(program, server, load), '-duration', `${seconds}s`];
  const { stdout } = await run(file, args);
  const said = JSON.parse(stdout) as LoadReport;
  if (said.failed > 0 || said.ok === 0) throw new Error(`${said.failed} calls failed: ${said.first_failure ?? 'none was answered'}`);
  return {
    cpuMicros: (server.cpuMicros() - before) / said.ok,
    perSecond: said.rps,
    messagesPerSecond: said.messages_per_second,
    p50Micros: said.p50_us,
    p99Micros: said.p99_us,
  };
}

/** Opens the load's connections, has each serve one call, and holds them, idle, while `during` runs. */
export async function holdingConnections<T>(program: LoadProgram, server: ServerProcess, load: Load, during: () => Promise<T>): Promise<T> {
  const [file, ...args] = [...commandOf(program, server, load), '-hold'];
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])) as [unknown];
  if (line !== 'ready') throw new Error('the connections could not be opened');
  try {
    return await during();
  } finally {
    child.stdin.end();
    await ended;
  }
}

/** What bench/peers/load prints. */
interface LoadReport {
  readonly ok: number;
  readonly failed: number;
  readonly first_failure?: string;
  readonly rps: number;
  readonly messages_per_second: number;
  readonly p50_us: number;
  readonly p99_us: number;
}

function commandOf({ command, ca }: LoadProgram, server: ServerProcess, load: Load): string[] {
  const { path, size, answer = -1, messages = 1, callers, connections } = load;
  const flags = { addr: server.address, path, size, answer, messages, callers, connections, ...(ca !== undefined && { ca }) };
  return [...command, ...Object.entries(flags).flatMap(([name, value]) => [`-${name}`, String(value)])];
}
