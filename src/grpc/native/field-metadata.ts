import type { HeaderField } from '../../http2/hpack/header-field.js';
import type { RequestMetadata } from '../call.js';
import { isBinaryName, isTransportName } from '../metadata.js';

/** Request metadata over the fields of a header block: nothing is copied or indexed until it is read. */
export class FieldMetadata implements RequestMetadata {
  readonly #fields: readonly HeaderField[];

  constructor(fields: readonly HeaderField[]) {
    this.#fields = fields;
  }

  get(wanted: string): string | undefined {
    if (isBinaryName(wanted)) return undefined;
    for (const { name, value } of this.#fields) if (name === wanted) return value;
    return undefined;
  }

  *entries(): Generator<readonly [name: string, value: string]> {
    for (const { name, value } of this.#fields) if (!isBinaryName(name) && !isTransportName(name)) yield [name, value];
  }
}
