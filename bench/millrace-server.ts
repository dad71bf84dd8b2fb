import { findSamples, type ParsedExposition, parseExposition } from '../test/support/exposition.js';
import { type ServerProcess, startCommand } from './server-process.js';

/** The whole server with some models of a repository. */
export interface MillraceOptions {
  readonly repository: string;
  readonly models: readonly string[];
  readonly transport?: 'native' | 'grpc-js';
  readonly environment?: Readonly<Record<string, string>>;
}

export interface MillraceServer extends ServerProcess {
  /** The sum of a counter's or a gauge's samples with these labels; undefined where there are none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number | undefined>;
}

export async function startMillrace({
  repository,
  models,
  transport = 'native',
  environment = {},
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
  let admin = '';
  const addressIn = (line: string): string | undefined => {
    const [, grpc, http] = /"event":"ready".*"grpc":"([^"]+)","admin":"([^"]+)"/.exec(line) ?? [];
    admin = http ?? admin;
    return grpc;
  };
  const server = await startCommand([process.execPath, script, ...flags, ...choice], addressIn, environment);
  return {
    ...server,
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
