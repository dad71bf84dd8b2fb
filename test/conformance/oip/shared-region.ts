import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';

/** Where Linux keeps POSIX shared memory. */
export const DEVICES = '/dev/shm';

/** A region of POSIX shared memory of this process's own, gone when it is disposed. */
export class SharedRegion implements Disposable {
  /** What the server calls it. */
  readonly name: string;
  /** What the system calls it. */
  readonly key: string;
  readonly size: number;
  readonly #path: string;
  readonly #file: number;

  constructor(seed: number, size: number) {
    this.name = `oip_conformance_${process.pid}_${seed}`;
    this.key = `/${this.name}`;
    this.size = size;
    this.#path = `${DEVICES}/${this.name}`;
    this.#file = openSync(this.#path, 'w+', 0o600);
    ftruncateSync(this.#file, size);
  }

  write(bytes: Buffer, offset: number): void {
    writeSync(this.#file, bytes, 0, bytes.length, offset);
  }

  read(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    readSync(this.#file, bytes, 0, length, offset);
    return bytes;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }
}
