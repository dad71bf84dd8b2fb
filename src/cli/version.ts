import { readFileSync } from 'node:fs';

/** The package's version. */
export function readVersion(packageJson: URL): string {
  const parsed: unknown = JSON.parse(readFileSync(packageJson, 'utf8'));
  const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  if (typeof version !== 'string') throw new TypeError('package.json has no version');
  return version;
}
