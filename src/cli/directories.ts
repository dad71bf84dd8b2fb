import { UsageError } from '../config/usage-error.js';
import type { CliIo } from './io.js';

/** Rejects with a UsageError that names the first of `paths` that is not a directory. */
export async function assertDirectories(paths: readonly string[], option: string, io: Pick<CliIo, 'isDirectory'>): Promise<void> {
  for (const path of paths) {
    if (!(await io.isDirectory(path))) throw new UsageError(`${option}: ${path} is not a directory`);
  }
}
