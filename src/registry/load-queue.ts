import type { Drainable, Loader } from './loader.js';
import type { Version } from './version.js';

/**
 * Loads versions in order, a few at a time, each on its own: one that is slow keeps one place, one that fails gives its place on. With
 * a parallelism of 2 or more a single slow model holds up nobody.
 */
export class LoadQueue<S extends Drainable> {
  readonly #loader: Loader<S>;
  readonly #parallelism: number;
  readonly #waiting = new Set<Version<S>>();
  #running = 0;

  constructor(loader: Loader<S>, parallelism: number) {
    this.#loader = loader;
    this.#parallelism = parallelism;
  }

  /** Those that were given up meanwhile are left out. */
  add(versions: Iterable<Version<S>>): void {
    for (const version of versions) if (version.state === 'new') this.#waiting.add(version);
    this.#startNext();
  }

  /** Forgets a version that has not begun to load. */
  remove(version: Version<S>): void {
    this.#waiting.delete(version);
  }

  #startNext(): void {
    while (this.#running < this.#parallelism) {
      const [version] = this.#waiting;
      if (version === undefined) return;
      this.#waiting.delete(version);
      void this.#load(version);
    }
  }

  async #load(version: Version<S>): Promise<void> {
    this.#running += 1;
    await version.load(this.#loader);
    this.#running -= 1;
    this.#startNext();
  }
}
