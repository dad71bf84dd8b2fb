import { findSamples, type ParsedExposition, parseExposition } from '../test/support/exposition.js';
import { type ServerProcess, startCommand } from './server-process.js';

/** The whole server with some models of a repository. */
export interface MillraceOptions {
  readonly repository: string;
  readonly models: readonly string[];
  readonly transport?: 'native' | 'grpc-js';
  readonly environment?: Readonly<Record<string, string>>;
  /** More options of `millrace serve`. */
  readonly flags?: readonly string[];
  /** Whether its event loop is watched, for `loopDelay`. */
  readonly watchesLoop?: boolean;
}

/** How late the server's event loop came to timers of 1 ms: milliseconds. */
export interface LoopDelay {
  readonly p50: number;
  readonly p999: number;
  readonly max: number;
  readonly timers: number;
}

export interface MillraceServer extends ServerProcess {
  /** Since it was asked last. Only of a server that `watchesLoop`. */
  loopDelay(): Promise<LoopDelay>;
  /** The sum of a counter's or a gauge's samples with these labels; undefined where there are none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number | undefined>;
}

/** How the line begins that bench/lifecycle/loop-watch prints. */
const LOOP_DELAY = '{"event":"loop_delay"';

export async function startMillrace({
  repository,
  models,
  transport = 'native',
  environment = {},
  flags: more = [],
  watchesLoop = false,
}: MillraceOptions): Promise<MillraceServer> {
  const flags = ['serve', '--grpc-port', '0', '--admin-port', '0', '--transport', transport];
  const choice = [
    '--model-repository',
    repository,
    '--model-control-mode',
    'explicit',
    ...models.flatMap((name) => ['--load-model', name]),
  ];
  const script = new URL('../src/main.js', import.meta.url).pathname;
  const watch = watchesLoop ? ['--import', new URL('./lifecycle/loop-watch.js', import.meta.url).href] : [];
  let admin = '';
  let told: (delay: LoopDelay) => void = () => undefined;
  const addressIn = (line: string): string | undefined => {
    if (line.startsWith(LOOP_DELAY)) told(JSON.parse(line) as LoopDelay);
    const [, grpc, http] = /"event":"ready".*"grpc":"([^"]+)","admin":"([^"]+)"/.exec(line) ?? [];
    admin = http ?? admin;
    return grpc;
  };
  const server = await startCommand([process.execPath, ...watch, script, ...flags, ...choice, ...more], addressIn, environment);
  return {
    ...server,
    loopDelay: () =>
      new Promise((resolve) => {
        told = resolve;
        process.kill(server.pid, 'SIGUSR2');
      }),
    metric: async (name, labels) => total(await scrape(admin), name, labels),
  };
}

async function scrape(admin: string): Promise<ParsedExposition> {
  const response = await fetch(`http://${admin}/metrics`);
  return parseExposition(await response.text());
}

function total(exposition: ParsedExposition, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const samples = findSamples(exposition, name, labels);
  return samples.length === 0 ? undefined : samples.reduce((sum, { value }) => sum + value, 0);
}
