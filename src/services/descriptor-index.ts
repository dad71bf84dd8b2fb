import type { EmbeddedFile } from '../gen/descriptors.js';

/** The .proto files of this server, by name and by what they declare. */
export class DescriptorIndex {
  readonly #byName = new Map<string, EmbeddedFile>();
  readonly #bySymbol = new Map<string, EmbeddedFile>();
  readonly #encoded = new Map<string, Uint8Array>();

  constructor(files: readonly EmbeddedFile[]) {
    for (const file of files) {
      this.#byName.set(file.name, file);
      for (const symbol of file.symbols) this.#bySymbol.set(symbol, file);
    }
  }

  fileByName(name: string): EmbeddedFile | undefined {
    return this.#byName.get(name);
  }

  fileBySymbol(symbol: string): EmbeddedFile | undefined {
    return this.#bySymbol.get(symbol);
  }

  /**
   * Serialised descriptors of `file` and of all that it imports, near ones first. Imports named in `sent` are left out, and
   * what is returned is added to it: a stream carries each file once, except where it is asked for by name again.
   */
  withImports(file: EmbeddedFile, sent: Set<string>): Uint8Array[] {
    const descriptors = [this.#encode(file)];
    sent.add(file.name);
    const seen = new Set([file.name]);
    const queue = [...file.dependencies];
    for (const name of queue) {
      const imported = this.#byName.get(name);
      if (imported === undefined || seen.has(name)) continue;
      seen.add(name);
      queue.push(...imported.dependencies);
      if (sent.has(name)) continue;
      sent.add(name);
      descriptors.push(this.#encode(imported));
    }
    return descriptors;
  }

  #encode(file: EmbeddedFile): Uint8Array {
    const known = this.#encoded.get(file.name);
    if (known !== undefined) return known;
    const encoded = Buffer.from(file.base64, 'base64');
    this.#encoded.set(file.name, encoded);
    return encoded;
  }
}
