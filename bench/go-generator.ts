import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Body, Generator, Latencies, Order, Report } from './generator.js';

const run = promisify(execFile);

/** bench/peers/load: one core of it keeps the fastest of the servers busy, and it can do everything. */
export class GoGenerator implements Generator {
  readonly name = 'go';
  readonly #program: string;
  readonly #directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  readonly #files = new Map<readonly Body[], string>();

  constructor(program: string) {
    this.#program = program;
  }

  takes(): boolean {
    return true;
  }

  async run(
    address: string,
    { path, bodies, connections, callers, rate = 0, messages = 1, ahead = 0 }: Order,
    seconds: number,
  ): Promise<Report> {
    const flags = {
      addr: address,
      path,
      bodies: this.#fileOf(bodies),
      connections,
      callers,
      rate,
      messages,
      ahead,
      duration: `${seconds}s`,
    };
    const args = Object.entries(flags).flatMap(([name, value]) => [`-${name}`, String(value)]);
    const { stdout } = await run(this.#program, args);
    return reportOf(JSON.parse(stdout) as Said);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }

  #fileOf(bodies: readonly Body[]): string {
    const known = this.#files.get(bodies);
    if (known !== undefined) return known;
    const file = join(this.#directory, `bodies-${this.#files.size}`);
    const lines = bodies.map((body) => JSON.stringify({ ...body, message: Buffer.from(body.message).toString('base64') }));
    writeFileSync(file, lines.join('\n'));
    this.#files.set(bodies, file);
    return file;
  }
}

interface SaidLatencies {
  readonly calls: number;
  readonly p50_us: number;
  readonly p99_us: number;
}

/** What bench/peers/load prints. */
interface Said extends SaidLatencies {
  readonly failed: number;
  readonly first_failure?: string;
  readonly rps: number;
  readonly messages_per_second: number;
  readonly classes: readonly SaidLatencies[];
  readonly dropped: number;
  readonly send_lag_p99_us: number;
}

function reportOf(said: Said): Report {
  return {
    ...latenciesOf(said),
    failed: said.failed,
    ...(said.first_failure !== undefined && { firstFailure: said.first_failure }),
    perSecond: said.rps,
    messagesPerSecond: said.messages_per_second,
    classes: said.classes.map(latenciesOf),
    dropped: said.dropped,
    sendLagP99Micros: said.send_lag_p99_us,
  };
}

function latenciesOf({ calls, p50_us, p99_us }: SaidLatencies): Latencies {
  return { calls, p50Micros: p50_us, p99Micros: p99_us };
}
