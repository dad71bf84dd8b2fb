import type { z } from 'zod';
import { parseConfigFile } from './config-file.js';
import { type Environment, readVariable, unknownVariables } from './environment.js';
import { answerForeignKey } from './foreign-option.js';
import type { Kind } from './kind.js';
import { type OptionTable, SERVE_OPTIONS, type ValuesOf } from './options.js';
import { nameIn, type Origin } from './origin.js';
import { UsageError } from './usage-error.js';

/** What the command line gave, by key: texts, one for each time that a repeatable flag stood there, or true for a flag alone. */
export type FlagValues = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

export interface ConfigSources {
  readonly flags: FlagValues;
  readonly env: Environment;
  /** Rejects where the file cannot be read. */
  readonly readFile: (path: string) => Promise<string>;
}

export interface LoadedConfig<T extends OptionTable> {
  readonly config: ValuesOf<T>;
  readonly origins: Readonly<Record<keyof T, Origin>>;
}

interface Given {
  readonly value: unknown;
  readonly origin: Origin;
}

const CONFIG_KEY = 'config';
const CONFIG_VARIABLE = 'MILLRACE_CONFIG';
const DEFAULT: Origin = { kind: 'default' };
const ENVIRONMENT: Origin = { kind: 'environment' };
const FLAG: Origin = { kind: 'flag' };

/**
 * The values of `table`: defaults < file < environment < flags. File and environment may hold any option of `serve`, so that one of each
 * serves every command. Rejects with a UsageError for a value that is not allowed and for a key that nobody knows.
 */
export async function loadConfig<T extends OptionTable>(table: T, sources: ConfigSources): Promise<LoadedConfig<T>> {
  const file = await readConfigFile(sources);
  refuseUnknownVariables(sources.env);
  const config: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [key, { kind, default: fallback }] of Object.entries(table)) {
    const given = findGiven(key, kind, sources, file);
    config[key] = given === undefined ? fallback : parseValue(key, kind, given);
    origins[key] = given?.origin ?? DEFAULT;
  }
  // Built key by key from the table, which is what the type says.
  return { config: Object.freeze(config) as ValuesOf<T>, origins: origins as Record<keyof T, Origin> };
}

/** The strongest source that names the key. */
function findGiven(key: string, kind: Kind<unknown>, { flags, env }: ConfigSources, file: ReadonlyMap<string, Given>): Given | undefined {
  const flag = flags[key];
  if (flag !== undefined) return { value: flag, origin: FLAG };
  const text = readVariable(env, key);
  if (text !== undefined) return { value: kind.arity === 'many' ? splitList(text) : text, origin: ENVIRONMENT };
  return file.get(key);
}

function parseValue(key: string, kind: Kind<unknown>, { value, origin }: Given): unknown {
  const parsed = kind.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const name = nameIn(origin, key);
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text === 'string' && kind.later.includes(text)) {
    throw new UsageError(`${name}: ${text} is not in this version; use ${kind.allowed}`);
  }
  throw new UsageError(`${name}: ${show(value)} is not allowed, expected ${kind.allowed}${reasonOf(parsed.error)}`);
}

/** What a kind found out by itself; what the schema library says would only repeat what is allowed. */
function reasonOf({ issues: [issue] }: z.ZodError): string {
  return issue?.code === 'custom' ? `: ${issue.message}` : '';
}

async function readConfigFile({ flags, env, readFile }: ConfigSources): Promise<ReadonlyMap<string, Given>> {
  const path = flags[CONFIG_KEY] ?? (env[CONFIG_VARIABLE] === '' ? undefined : env[CONFIG_VARIABLE]);
  if (typeof path !== 'string') return new Map();
  const origin: Origin = { kind: 'file', path };
  const entries = parseConfigFile(await readText(path, readFile), path);
  for (const [key] of entries) {
    if (!Object.hasOwn(SERVE_OPTIONS, key)) throw new UsageError(answerForeignKey(key, nameIn(origin, key)));
  }
  return new Map(Array.from(entries, ([key, value]) => [key, { value, origin }]));
}

async function readText(path: string, readFile: (path: string) => Promise<string>): Promise<string> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--config: cannot read ${path}: ${reason}`);
  }
}

function refuseUnknownVariables(env: Environment): void {
  const [unknown] = unknownVariables(env, SERVE_OPTIONS, [CONFIG_VARIABLE]);
  if (unknown !== undefined) throw new UsageError(answerForeignKey(unknown, unknown));
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}
