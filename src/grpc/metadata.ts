import type { RequestMetadata } from './call.js';

/**
 * Request metadata over a header list as it came in, `[name, value, name, value, …]`. Nothing is parsed, copied or
 * indexed until it is read: most calls read one entry of ten, or none.
 */
export class HeaderMetadata implements RequestMetadata {
  readonly #headers: readonly string[];

  constructor(headers: readonly string[]) {
    this.#headers = headers;
  }

  get(name: string): string | undefined {
    if (isBinary(name)) return undefined;
    for (let at = 0; at < this.#headers.length; at += 2) {
      if (this.#headers[at] === name) return this.#headers[at + 1];
    }
    return undefined;
  }

  *entries(): Generator<readonly [name: string, value: string]> {
    for (let at = 0; at < this.#headers.length; at += 2) {
      const [name = '', value = ''] = this.#headers.slice(at, at + 2);
      if (!isBinary(name) && !isTransport(name)) yield [name, value];
    }
  }
}

function isBinary(name: string): boolean {
  return name.endsWith('-bin');
}

/** Names that belong to HTTP/2 and gRPC, not to the caller. */
function isTransport(name: string): boolean {
  return name.startsWith(':') || name.startsWith('grpc-') || name === 'te' || name === 'content-type';
}
