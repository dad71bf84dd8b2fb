import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.js';
import { LogBook, type LogLine } from './log-book.js';

export const MAIN = new URL('../../src/main.js', import.meta.url).pathname;

const START_LIMIT_MS = 30_000;

/** The environment without what a developer's shell may say to Millrace or to its tracing. */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_') && !name.startsWith('OTEL_'));
  return { ...Object.fromEntries(kept), ...extra };
}

/** `millrace serve` in a process of its own. Disposing kills it. */
export class ServerProcess implements AsyncDisposable {
  readonly log = new LogBook();
  /** The exit code; undefined where a signal ended it. */
  readonly exited: Promise<number | undefined>;
  readonly #child: ChildProcess;
  #gone = false;

  /** Starts it on free ports, unless `args` or `env` name others; does not wait. */
  static spawn(args: readonly string[], env: Readonly<Record<string, string>> = {}): ServerProcess {
    const ports = { MILLRACE_GRPC_PORT: '0', MILLRACE_ADMIN_PORT: '0' };
    const child = spawn(process.execPath, [MAIN, 'serve', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: cleanEnvironment({ ...ports, ...env }),
    });
    return new ServerProcess(child);
  }

  /** Starts it and waits for the ready line. */
  static async start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const server = ServerProcess.spawn(args, env);
    await server.logged('ready');
    return server;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.log.write(text));
    this.exited = once(child, 'close').then(([code]: (number | null)[]) => {
      this.#gone = true;
      return code ?? undefined;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The gRPC address of the ready line. */
  get address(): string {
    return String(this.#ready['grpc']);
  }

  get admin(): string {
    return String(this.#ready['admin']);
  }

  get #ready(): LogLine {
    const line = this.log.first('ready') ?? this.log.first('not_ready');
    if (line === undefined) throw new Error('the server has not said where it listens');
    return line;
  }

  /** The first line of this event, now or later. Rejects when the server ends without it. */
  logged(event: string): Promise<LogLine> {
    return eventually(
      `'${event}' in the log`,
      () => {
        const line = this.log.first(event);
        if (line === undefined && this.#gone) throw new Error(`the server ended without '${event}':\n${this.log.toString()}`);
        return line;
      },
      START_LIMIT_MS,
    );
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#gone) this.kill('SIGKILL');
    await this.exited;
  }
}
