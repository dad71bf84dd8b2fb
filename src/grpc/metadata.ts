import { decodeBinaryValue } from './binary-value.js';
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
    return isBinaryName(name) ? undefined : this.#find(name);
  }

  getBinary(name: string): Uint8Array | undefined {
    const line = isBinaryName(name) ? this.#find(name) : undefined;
    return line === undefined ? undefined : decodeBinaryValue(name, line);
  }

  #find(name: string): string | undefined {
    for (let at = 0; at < this.#headers.length; at += 2) {
      if (this.#headers[at] === name) return this.#headers[at + 1];
    }
    return undefined;
  }

  *entries(): Generator<readonly [name: string, value: string]> {
    for (let at = 0; at < this.#headers.length; at += 2) {
      const [name = '', value = ''] = this.#headers.slice(at, at + 2);
      if (!isBinaryName(name) && !isTransportName(name)) yield [name, value];
    }
  }
}

export function isBinaryName(name: string): boolean {
  return name.endsWith('-bin');
}

/** Names that belong to HTTP/2 and gRPC, not to the caller. */
export function isTransportName(name: string): boolean {
  return name.startsWith(':') || name.startsWith('grpc-') || name === 'te' || name === 'content-type';
}
