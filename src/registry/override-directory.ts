import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ServingError } from '../error/serving-error.js';
import type { DirectoryOwner } from '../model/source.js';

/** Writes one new file; tests bring one whose disk is full. */
export type WriteFile = (path: string, content: Uint8Array) => Promise<void>;

const PREFIX = 'millrace-override-';

const writeNewFile: WriteFile = (path, content) => writeFile(path, content, { flag: 'wx' });

/** A model's directory that is made for one load. It stays until its maker has disposed of it and whoever holds it has let go. */
export interface OverrideDirectory extends DirectoryOwner, AsyncDisposable {
  readonly path: string;
}

/** Makes directories of files that callers sent, open to no other user, and knows all that are left. */
export class OverrideDirectories {
  readonly #parent: string;
  readonly #write: WriteFile;
  readonly #live = new Set<LiveDirectory>();
  readonly #creations = new Set<Promise<void>>();
  #closed = false;

  /** They are made in `parent`. */
  constructor(parent: string, write: WriteFile = writeNewFile) {
    this.#parent = parent;
    this.#write = write;
  }

  /** `files` by paths that assertOverridePaths let pass. Rejects with what the file system says and leaves nothing behind then. */
  async create(files: ReadonlyMap<string, Uint8Array>): Promise<OverrideDirectory> {
    if (this.#closed) throw new ServingError('draining', 'the server is shutting down', { retryAfterMs: 0 });
    const creation = this.#create(files);
    const settled = creation.then(ignore, ignore);
    this.#creations.add(settled);
    void settled.then(() => this.#creations.delete(settled));
    return creation;
  }

  /** Makes no more and removes every one that is left, held or not. Idempotent; never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#creations);
    await Promise.all([...this.#live].map((directory) => directory.remove()));
  }

  async #create(files: ReadonlyMap<string, Uint8Array>): Promise<OverrideDirectory> {
    // ONNX Runtime takes no external data by way of a link.
    const path = await mkdtemp(join(await realpath(this.#parent), PREFIX));
    const directory = new LiveDirectory(path, () => this.#live.delete(directory));
    this.#live.add(directory);
    try {
      for (const [name, content] of files) await this.#add(join(path, name), content);
      return directory;
    } catch (error) {
      await directory.remove();
      throw error;
    }
  }

  async #add(path: string, content: Uint8Array): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await this.#write(path, content);
  }
}

class LiveDirectory implements OverrideDirectory {
  readonly path: string;
  readonly #onRemoved: () => void;
  /** Its maker and those who hold it. */
  readonly #holders = new Set<symbol>();
  readonly #letGoOfMaker: () => void;
  #removal: Promise<void> | undefined;

  constructor(path: string, onRemoved: () => void) {
    this.path = path;
    this.#onRemoved = onRemoved;
    this.#letGoOfMaker = this.hold();
  }

  hold(): () => void {
    const holder = Symbol('holder');
    this.#holders.add(holder);
    return () => {
      this.#holders.delete(holder);
      if (this.#holders.size === 0) void this.remove();
    };
  }

  /** Resolves once it is removed, where nobody else holds it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#letGoOfMaker();
    await this.#removal;
  }

  /** What cannot be removed is no reason to fail whoever was the last to use it. */
  remove(): Promise<void> {
    this.#removal ??= rm(this.path, { recursive: true, force: true }).then(this.#onRemoved, this.#onRemoved);
    return this.#removal;
  }
}

function ignore(): void {
  // Whoever asked for the directory hears of it.
}
