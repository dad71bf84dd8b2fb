/** One of those who serve together: what a load set asks of a version that has loaded. */
export interface LoadSetMember {
  serve(): void;
  /** Another one failed. */
  giveUp(): void;
}

/** Versions that begin to serve together or not at all: the last of them to load, or to fail, decides for all. */
export class LoadSet {
  readonly #awaited = new Set<LoadSetMember>();
  readonly #loaded = new Set<LoadSetMember>();
  #failed = false;

  add(member: LoadSetMember): void {
    this.#awaited.add(member);
  }

  loaded(member: LoadSetMember): void {
    this.#loaded.add(member);
    this.#leave(member);
  }

  failed(member: LoadSetMember): void {
    this.#failed = true;
    this.#leave(member);
  }

  /** It is wanted no more; the others go on without it. */
  left(member: LoadSetMember): void {
    this.#loaded.delete(member);
    this.#leave(member);
  }

  #leave(member: LoadSetMember): void {
    if (!this.#awaited.delete(member) || this.#awaited.size > 0) return;
    const loaded = [...this.#loaded];
    this.#loaded.clear();
    for (const each of loaded) {
      if (this.#failed) each.giveUp();
      else each.serve();
    }
  }
}
