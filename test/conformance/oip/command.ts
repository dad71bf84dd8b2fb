import { parseArgs } from 'node:util';
import type { ReportOptions } from './report.js';
import { PROFILES } from './suite.js';

export const USAGE = `usage: main.js HOST:PORT [options]

  --model NAME         a model to test; repeatable. Without it, what RepositoryIndex lists as ready
  --profile PROFILE    all (default): every check, Triton's superset reported but not decisive
                       oip: the protocol alone; triton: every check, Triton's superset decisive
  --strict             a failed "should" fails the run too
  --only ID            only checks whose id begins with ID; repeatable
  --skip ID            no check whose id begins with ID; repeatable
  --json FILE          write the report as JSON as well
  --control            allow checks that unload and load a model
  --header NAME:VALUE  metadata of every call, for servers that ask for a token; repeatable
  --tls-ca FILE        speak TLS, and trust this certificate authority (PEM)
  --tls-cert FILE, --tls-key FILE   the client's own certificate and key (PEM)
  --timeout-ms N       no call waits longer (default 10000)
  --seed N             of the values that are sent (default 1)
  --list               print the checks as a table of Markdown
`;

export interface RunCommand extends ReportOptions {
  readonly kind: 'run';
  readonly jsonFile: string | undefined;
}

export type Command =
  | RunCommand
  | { readonly kind: 'list' }
  | { readonly kind: 'help' }
  | { readonly kind: 'misuse'; readonly problem: string };

const OPTIONS = {
  model: { type: 'string', multiple: true },
  profile: { type: 'string', default: 'all' },
  strict: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  skip: { type: 'string', multiple: true },
  json: { type: 'string' },
  control: { type: 'boolean', default: false },
  header: { type: 'string', multiple: true },
  'tls-ca': { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'timeout-ms': { type: 'string', default: '10000' },
  seed: { type: 'string', default: '1' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

class Misuse extends Error {}

/** `argv` without the interpreter and the program. Never throws. */
export function parseCommand(argv: readonly string[]): Command {
  try {
    return parse(argv);
  } catch (error) {
    return { kind: 'misuse', problem: error instanceof Error ? error.message : String(error) };
  }
}

function parse(argv: readonly string[]): Command {
  const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  if (values.help) return { kind: 'help' };
  if (values.list) return { kind: 'list' };
  const [address, ...more] = positionals;
  if (address === undefined || address === '') throw new Misuse('give the address of the server as HOST:PORT');
  if (more.length > 0) throw new Misuse(`one address is enough, got ${positionals.join(' ')}`);
  const profile = PROFILES.find((each) => each === values.profile);
  if (profile === undefined) throw new Misuse(`--profile is one of ${PROFILES.join(', ')}, got ${values.profile}`);
  return {
    kind: 'run',
    address,
    models: values.model ?? [],
    profile,
    strict: values.strict,
    only: values.only ?? [],
    skip: values.skip ?? [],
    mayControl: values.control,
    headers: parseHeaders(values.header ?? []),
    timeoutMs: parseCount('timeout-ms', values['timeout-ms']),
    seed: parseCount('seed', values.seed),
    jsonFile: values.json,
    ...parseTls(values['tls-ca'], values['tls-cert'], values['tls-key']),
  };
}

function parseCount(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Misuse(`--${name} is a positive integer, got ${text}`);
}

function parseHeaders(headers: readonly string[]): Record<string, string> {
  const pairs = headers.map((header) => {
    const at = header.indexOf(':');
    if (at < 1) throw new Misuse(`--header is NAME:VALUE, got ${header}`);
    return [header.slice(0, at).toLowerCase(), header.slice(at + 1).trim()] as const;
  });
  return Object.fromEntries(pairs);
}

function parseTls(ca?: string, cert?: string, key?: string): Pick<RunCommand, 'tls'> | undefined {
  if ((cert === undefined) !== (key === undefined)) throw new Misuse('--tls-cert and --tls-key go together');
  if (ca !== undefined) return { tls: { ca, ...(cert !== undefined && key !== undefined && { cert, key }) } };
  if (cert !== undefined) throw new Misuse('--tls-cert needs --tls-ca');
  return undefined;
}
