import { readFile } from 'node:fs/promises';
import type { TlsOptions } from './server-options.js';
import { assertTlsPem } from './tls-pem.js';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/** What was in the files when they were read. */
export interface TlsFromFiles extends TlsOptions {
  readonly files: TlsFiles;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa?: Buffer;
}

/** Rejects with the error of node:fs where a file cannot be read. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsFromFiles> {
  // One after the other: of two that are missing the same one is named each time.
  const cert = await readFile(files.cert);
  const key = await readFile(files.key);
  return files.clientCa === undefined ? { files, cert, key } : { files, cert, key, clientCa: await readFile(files.clientCa) };
}

/** The same for a server that starts: rejects, too, where a server could not use what is in the files. */
export async function loadTlsFiles(files: TlsFiles): Promise<TlsFromFiles> {
  const tls = await readTlsFiles(files);
  assertTlsPem(tls);
  return tls;
}

/** Whether the same was in the files both times. */
export function isSameTls(a: TlsFromFiles, b: TlsFromFiles): boolean {
  return a.cert.equals(b.cert) && a.key.equals(b.key) && (a.clientCa === undefined || b.clientCa?.equals(a.clientCa) === true);
}
