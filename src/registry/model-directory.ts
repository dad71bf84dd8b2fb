import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { quote, quoteList } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import { compareVersions, isVersion } from '../model/id.js';
import type { DirectoryOwner } from '../model/source.js';
import type { ModelSettings } from '../model/spec.js';
import type { LoadableModel } from './source.js';
import { formatVersionPolicy, selectVersions } from './version-policy.js';

/** The versions in `directory` that the settings want. Throws `load_failed` where there is none. `owner` keeps the directory, where somebody does. */
export async function readModelDirectory(
  model: string,
  directory: string,
  settings: ModelSettings,
  owner?: DirectoryOwner,
): Promise<LoadableModel> {
  const existing = await listVersions(model, directory);
  const versions = selectVersions(existing, settings.versionPolicy);
  if (versions.length === 0) throw nothingSelected(model, existing, settings);
  return {
    model,
    settings,
    versions: versions.map((version) => ({ model, version, directory: join(directory, version), settings, owner })),
  };
}

/** Ascending. */
async function listVersions(model: string, directory: string): Promise<string[]> {
  try {
    return (await listDirectories(directory)).filter(isVersion).sort(compareVersions);
  } catch (error) {
    throw loadFailed(model, `has a directory that cannot be read (${codeOf(error)})`, error);
  }
}

/** Names of the directories in `path`, hidden ones left out. */
export async function listDirectories(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  const names: string[] = [];
  for (const entry of entries) {
    if (!entry.name.startsWith('.') && (await isDirectory(path, entry))) names.push(entry.name);
  }
  return names;
}

async function isDirectory(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return (await stat(join(parent, entry.name))).isDirectory();
  } catch {
    // A link that leads nowhere is no directory.
    return false;
  }
}

function nothingSelected(model: string, existing: readonly string[], { versionPolicy }: ModelSettings): ServingError {
  if (existing.length === 0) return loadFailed(model, 'has no version directory (one named by a positive integer, such as 1)');
  return loadFailed(model, `has versions ${quoteList(existing)}, but its version policy is ${formatVersionPolicy(versionPolicy)}`);
}

export function loadFailed(model: string, problem: string, cause?: unknown): ServingError {
  return new ServingError('load_failed', `model ${quote(model)} ${problem}`, undefined, cause);
}

/** Of an error of the file system. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
}
