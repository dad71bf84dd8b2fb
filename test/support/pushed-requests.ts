type Item = { readonly bytes: Uint8Array } | { readonly error: unknown } | 'end';

/** The requests of a client under a facade's test: taken one by one, and counted. */
export class PushedRequests implements AsyncIterable<Uint8Array> {
  /** How many have been taken. */
  read = 0;
  readonly #items: Item[] = [];
  #wake: () => void = () => undefined;

  push(bytes: Uint8Array): void {
    this.#add({ bytes });
  }

  end(): void {
    this.#add('end');
  }

  fail(error: unknown): void {
    this.#add({ error });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const item = this.#items.shift();
      if (item === 'end') return;
      if (item === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('error' in item) throw item.error;
      else {
        this.read += 1;
        yield item.bytes;
      }
    }
  }

  #add(item: Item): void {
    this.#items.push(item);
    this.#wake();
  }
}
