import { readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** Why a file that a model's author names is of no use; what follows the file's name in a sentence. It holds no path of the host. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';
}

/**
 * The content of the file `name` in `directory`, links followed as far as they stay in it. Rejects with FileProblem where there is none of at most
 * `maxBytes`, or with the signal's reason.
 */
export async function readModelFile(directory: string, name: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const path = await realpath(join(directory, name));
    if (!path.startsWith(`${await realpath(directory)}${sep}`)) throw new FileProblem('leads out of its directory');
    const found = await stat(path);
    if (!found.isFile()) throw new FileProblem('is no file');
    if (found.size > maxBytes) throw new FileProblem(`has ${found.size} bytes, expected at most ${maxBytes}`);
    return await readFile(path, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FileProblem) throw error;
    const code = codeOf(error);
    throw new FileProblem(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`, { cause: error });
  }
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
}
