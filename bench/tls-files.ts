import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = (name: string): string => fileURLToPath(new URL(`../../test/fixtures/tls/${name}`, import.meta.url));

/** The certificates of the tests, for servers under measurement that speak TLS. */
export const TLS_FILES = { ca: file('ca.crt'), cert: file('server.crt'), key: file('server.key') } as const;

/** An echo server speaks TLS where its arguments are the files of a certificate and of its key. */
export function tlsOfArguments(): { readonly cert: Buffer; readonly key: Buffer } | undefined {
  const [, , cert, key] = process.argv;
  return cert === undefined || key === undefined ? undefined : { cert: readFileSync(cert), key: readFileSync(key) };
}
