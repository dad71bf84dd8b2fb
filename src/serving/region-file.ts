import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';

/** A shared memory object. Failures are the system's own errors. */
export interface RegionFile extends Disposable {
  /** Its present size: whoever made it may change it at any time. */
  readonly byteSize: bigint;
  /** Undefined where the object ends before the bytes do. */
  read(position: number, byteSize: number): Uint8Array | undefined;
  /** Never called beyond the object's end, where it would grow. */
  write(position: number, data: Uint8Array): void;
}

/** Node adds O_CLOEXEC itself. O_NONBLOCK changes nothing for a plain file and keeps anything else from blocking the server before it is found out. */
const FLAGS = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Throws the system's error, also for what is no plain file. The caller owns the descriptor and disposes of it. */
export function openRegionFile(path: string): RegionFile {
  const file = new DescribedFile(openSync(path, FLAGS));
  if (file.isPlain) return file;
  file[Symbol.dispose]();
  throw new Error('not a plain file');
}

/**
 * Node cannot map memory. On tmpfs a read or a write at a position is one copy between the object's pages and ours, as a copy from mapped memory would be,
 * and an object that was cut short since gives fewer bytes where mapped memory would end the process with SIGBUS.
 */
class DescribedFile implements RegionFile {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  get isPlain(): boolean {
    return fstatSync(this.#descriptor).isFile();
  }

  get byteSize(): bigint {
    return fstatSync(this.#descriptor, { bigint: true }).size;
  }

  read(position: number, byteSize: number): Uint8Array | undefined {
    // A buffer of its own, not of Node's pool. What is not overwritten is not handed out.
    const data = Buffer.allocUnsafeSlow(byteSize);
    for (let at = 0; at < byteSize; ) {
      const bytes = readSync(this.#descriptor, data, at, byteSize - at, position + at);
      if (bytes === 0) return undefined;
      at += bytes;
    }
    return data;
  }

  write(position: number, data: Uint8Array): void {
    for (let at = 0; at < data.length; ) {
      at += writeSync(this.#descriptor, data, at, data.length - at, position + at);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}
