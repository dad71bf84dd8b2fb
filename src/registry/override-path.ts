import { quote } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';
import { isVersion } from '../model/id.js';

/** No file system has longer names. */
const MAX_NAME_BYTES = 255;
/** Well within what any system takes, the temporary directory in front included. */
const MAX_PATH_BYTES = 1024;
/** A model whose external data is one file a tensor has hundreds. */
const MAX_FILES = 1024;

/** Directories beside those of versions that something reads: data of warm-up requests. */
const MODEL_DIRECTORIES: readonly string[] = ['warmup'];

/**
 * That these are paths of files which can lie beside one another in a model's directory: in a version's directory, in `warmup` or right in it. None
 * leads out of its directory. Throws `invalid_request` that names the first that is wrong.
 */
export function assertOverridePaths(model: string, paths: readonly string[]): void {
  if (paths.length > MAX_FILES) throw refused(model, `${paths.length} files are given, expected at most ${MAX_FILES}`);
  const directories = new Set(paths.flatMap((path) => parentsOf(path)));
  for (const path of paths) {
    assertInside(model, path);
    assertPlace(model, path);
    if (directories.has(path)) throw refused(model, `file parameter ${named(path)} is also the directory of another file`);
  }
}

function assertInside(model: string, path: string): void {
  const isPlain = path.split('/').every(isPlainName);
  if (isPlain && Buffer.byteLength(path) <= MAX_PATH_BYTES) return;
  const expected = `expected names of 1 to ${MAX_NAME_BYTES} bytes joined by '/', none of them '.' or '..'`;
  throw refused(model, `file parameter ${named(path)} must stay within model directory: ${expected}`);
}

function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && Buffer.byteLength(name) <= MAX_NAME_BYTES && !/[\\\0]/.test(name);
}

function assertPlace(model: string, path: string): void {
  const [first = '', ...rest] = path.split('/');
  const inDirectory = rest.length > 0;
  if (inDirectory ? isVersion(first) || MODEL_DIRECTORIES.includes(first) : !isVersion(first)) return;
  const expected = `expected 'file:<version>/<path>' with a positive integer, 'file:warmup/<path>' or 'file:<name>'`;
  throw refused(model, `file parameter ${named(path)} is in no version directory: ${expected}`);
}

/** "a/b" and "a" of "a/b/c". */
function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) parents.push(path.slice(0, end));
  return parents;
}

function named(path: string): string {
  return quote(`file:${path}`);
}

function refused(model: string, problem: string): Error {
  return invalidRequest(`failed to load ${quote(model)}: ${problem}`);
}
