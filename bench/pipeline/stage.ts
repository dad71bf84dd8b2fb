import type { Figures } from '../figures.js';
import type { Generator, Order, Report } from '../generator.js';
import { type MillraceOptions, type MillraceServer, startMillrace } from '../millrace-server.js';
import type { BenchModelName } from '../models/bench-models.js';
import { REPOSITORIES, writeRepositories } from '../models/write-repository.js';
import { type PeerName, preparePeer } from '../peer-programs.js';
import { type ServerProcess, startCommand } from '../server-process.js';

/** What one round of calls to a server showed. */
export interface Round extends Figures, Report {
  readonly residentBytes: number;
}

/** How much is measured. */
export interface Extent {
  /** Rounds at least, and at most where the verdict is open. */
  readonly rounds: number;
  readonly mostRounds: number;
  /** Of a round of one contender. */
  readonly seconds: number;
  /** By performance.now(): when the section should be over. */
  readonly until: number;
}

/** The servers of one section of the run; they end with it. */
export class Stage implements AsyncDisposable {
  readonly generator: Generator;
  readonly extent: Extent;
  readonly #say: (line: string) => void;
  readonly #servers: ServerProcess[] = [];

  constructor(generator: Generator, extent: Extent, say: (line: string) => void) {
    this.generator = generator;
    this.extent = extent;
    this.#say = say;
  }

  say(line: string): void {
    this.#say(line);
  }

  async millrace(models: readonly BenchModelName[], options: Partial<MillraceOptions> = {}): Promise<MillraceServer> {
    writeRepositories(models);
    return this.serve({ repository: REPOSITORIES.batching, models, ...options });
  }

  /** Millrace with models that somebody else has written. */
  async serve(options: MillraceOptions): Promise<MillraceServer> {
    return this.#keep(await startMillrace(options));
  }

  /** Undefined, and the reason said, where the peer cannot be had here. */
  async peer(name: PeerName, models: readonly BenchModelName[] = []): Promise<ServerProcess | undefined> {
    const program = preparePeer(name);
    if ('missing' in program) {
      this.say(`  left out: ${name}, since ${program.missing}`);
      return undefined;
    }
    writeRepositories(models);
    const command = models.length === 0 ? program.command : [...program.command, REPOSITORIES.batching, ...models];
    return this.start(command);
  }

  /** Starts a server that prints where it listens. */
  async start(command: readonly string[]): Promise<ServerProcess> {
    return this.#keep(await startCommand(command, (line) => /listening on (\S+)/.exec(line)?.[1]));
  }

  /** Throws where a call failed or none was answered. */
  async round(server: ServerProcess, order: Order, seconds = this.extent.seconds): Promise<Round> {
    const before = server.cpuMicros();
    const report = await this.generator.run(server.address, order, seconds);
    if (report.failed > 0 || report.calls === 0) {
      throw new Error(`${report.failed} calls failed: ${report.firstFailure ?? 'none was answered'}`);
    }
    return { ...report, cpuMicros: (server.cpuMicros() - before) / report.calls, residentBytes: server.residentBytes() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
  }

  #keep<S extends ServerProcess>(server: S): S {
    this.#servers.push(server);
    return server;
  }
}
