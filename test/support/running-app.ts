import { type AppParts, startApp } from '../../src/app.js';
import type { RunningServer } from '../../src/cli/server-port.js';
import type { FlagValues } from '../../src/config/load.js';
import { loadServeConfig } from '../../src/config/serve-config.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { eventually } from './eventually.js';
import { findSamples, type ParsedExposition, parseExposition } from './exposition.js';
import { LogBook } from './log-book.js';
import { TEST_TRANSPORT } from './transport.js';

/** Where the project lies, with a slash at the end: this runs in build/test/support/. */
export const ROOT = new URL('../../../', import.meta.url).pathname;

/** The repository that comes with the project. */
export const EXAMPLE_MODELS = `${ROOT}examples/models`;

/** The version that a RunningApp says it has. */
export const TEST_VERSION = '1.2.3-test';

export interface AdminPage {
  readonly status: number;
  readonly body: string;
}

/** The whole server in this process, on free ports. Disposing closes it at once. */
export class RunningApp implements AsyncDisposable {
  readonly server: RunningServer;
  readonly log: LogBook;

  /** `flags` are options of `serve` by their keys ("maxInflight": "4"); defaults are the real ones. */
  static async start(flags: FlagValues, parts: AppParts = {}): Promise<RunningApp> {
    const free = { grpcPort: '0', adminPort: '0', transport: TEST_TRANSPORT };
    const readFile = () => Promise.reject(new Error('these tests read no config file'));
    const { config } = await loadServeConfig({ flags: { ...free, ...flags }, env: {}, readFile });
    const log = new LogBook();
    const logger = createLogger({ level: config.logLevel, destination: log });
    const server = await startApp(config, { logger, version: TEST_VERSION }, new AbortController().signal, parts);
    return new RunningApp(server, log);
  }

  /** The named models of examples/models; all of them where none is named. */
  static examples(models: readonly string[] = [], flags: FlagValues = {}, parts: AppParts = {}): Promise<RunningApp> {
    const some = models.length === 0 ? {} : { modelControlMode: 'explicit', loadModel: models };
    return RunningApp.start({ modelRepository: [EXAMPLE_MODELS], ...some, ...flags }, parts);
  }

  private constructor(server: RunningServer, log: LogBook) {
    this.server = server;
    this.log = log;
  }

  /** The first gRPC address. */
  get address(): string {
    return this.server.grpc[0] ?? '';
  }

  async page(path: string): Promise<AdminPage> {
    const response = await fetch(`http://${this.server.admin}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async metrics(): Promise<ParsedExposition> {
    return parseExposition((await this.page('/metrics')).body);
  }

  /** The sum of a metric's samples with at least these labels; 0 where there is none. */
  async total(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return findSamples(await this.metrics(), name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** Waits until the metric has this value: for what happens on the server's side of the socket. */
  async reaches(value: number, name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await eventually(`${name} is ${value}`, async () => (await this.total(name, labels)) === value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}
