import type { Assembler, Assemblies, AssemblyHolder } from './assemblies.js';

/** What the calls of one connection hold of messages that have come in part. */
export class AssemblyShare implements AssemblyHolder {
  readonly #assemblies: Assemblies;
  /** In the order in which they began. Most connections never need it. */
  #assemblers: Set<Assembler> | undefined;
  #heldBytes = 0;

  constructor(assemblies: Assemblies) {
    this.#assemblies = assemblies;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get oldest(): Assembler | undefined {
    const [oldest] = this.#assemblers ?? [];
    return oldest;
  }

  /** Before so many bytes more are held. Throws where they are too many. */
  grow(assembler: Assembler, bytes: number): void {
    this.#assemblies.hold(this, assembler, bytes);
    this.#assemblers ??= new Set();
    this.#assemblers.add(assembler);
    this.#heldBytes += bytes;
  }

  /** The message is complete, or given up. */
  finish(assembler: Assembler): void {
    if (this.#assemblers?.delete(assembler) !== true) return;
    this.#heldBytes -= this.#assemblies.release(this, assembler);
  }
}
