import { stringify } from 'yaml';
import type { LoadedConfig } from './load.js';
import type { OptionTable } from './options.js';
import { describeOrigin } from './origin.js';

/** Every effective value and where it came from, as YAML that --config takes back. What is not set is a comment. */
export function formatConfig<T extends OptionTable>(table: T, { config, origins }: LoadedConfig<T>): string {
  const lines = Object.entries(table).map(([key, { kind }]) => {
    const value = kind.show(config[key]);
    const origin = origins[key];
    const shown = value === undefined ? `# ${key}: not set` : `${key}: ${stringify(value, FLOW).trim()}`;
    return [shown, origin === undefined ? '' : describeOrigin(origin, key)] as const;
  });
  const width = Math.min(60, Math.max(...lines.map(([shown]) => shown.length)));
  return lines.map(([shown, origin]) => `${shown.padEnd(width)}  # ${origin}\n`).join('');
}

/** Each value on the line of its key. */
const FLOW = { collectionStyle: 'flow', lineWidth: 0 } as const;
