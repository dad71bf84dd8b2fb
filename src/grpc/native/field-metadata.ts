import type { HeaderField } from '../../http2/hpack/header-field.js';
import { decodeBinaryValue } from '../binary-value.js';
import type { RequestMetadata } from '../call.js';
import { isBinaryName, isTransportName } from '../metadata.js';

/** Request metadata over the fields of a header block: nothing is copied or indexed until it is read. */
export class FieldMetadata implements RequestMetadata {
  readonly #fields: readonly HeaderField[];

  constructor(fields: readonly HeaderField[]) {
    this.#fields = fields;
  }

  get(name: string): string | undefined {
    return isBinaryName(name) ? undefined : this.#find(name);
  }

  getBinary(name: string): Uint8Array | undefined {
    const line = isBinaryName(name) ? this.#find(name) : undefined;
    return line === undefined ? undefined : decodeBinaryValue(name, line);
  }

  #find(wanted: string): string | undefined {
    for (const { name, value } of this.#fields) if (name === wanted) return value;
    return undefined;
  }

  *entries(): Generator<readonly [name: string, value: string]> {
    for (const { name, value } of this.#fields) if (!isBinaryName(name) && !isTransportName(name)) yield [name, value];
  }
}
