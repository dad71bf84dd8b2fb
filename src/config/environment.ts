import { type OptionTable, variableName } from './options.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'MILLRACE_';

/** Kubernetes sets these in every pod for a service called "millrace" or "millrace-…"; they are addresses and mean nothing here. */
const SERVICE_LINK = /^MILLRACE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
/** MILLRACE_PORT, and MILLRACE_GRPC_PORT for a service called "millrace-grpc", have this form. */
const SERVICE_LINK_VALUE = /^(tcp|udp|sctp):\/\//;

/** The text that the environment has for an option; an empty variable counts as absent. */
export function readVariable(env: Environment, key: string): string | undefined {
  const text = env[variableName(key)];
  return text === undefined || text === '' || SERVICE_LINK_VALUE.test(text) ? undefined : text;
}

/** Variables that look like ours and are none of `table`'s, nor Kubernetes' own. */
export function unknownVariables(env: Environment, table: OptionTable, others: readonly string[]): string[] {
  const known = new Set([...Object.keys(table).map(variableName), ...others]);
  const isForeign = (name: string) => SERVICE_LINK.test(name) || SERVICE_LINK_VALUE.test(env[name] ?? '');
  return Object.keys(env).filter((name) => name.startsWith(PREFIX) && !known.has(name) && !isForeign(name));
}
