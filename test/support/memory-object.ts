import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A POSIX shared memory object, as a client makes one: a file in the system's directory for them. Gone when disposed. */
export class MemoryObject implements Disposable {
  readonly fileName = `millrace-test-${randomUUID()}`;
  readonly path: string;

  constructor(content: Uint8Array, directory = '/dev/shm') {
    this.path = join(directory, this.fileName);
    writeFileSync(this.path, content, { mode: 0o600 });
  }

  get key(): string {
    return `/${this.fileName}`;
  }

  get content(): Buffer {
    return readFileSync(this.path);
  }

  /** In place: whoever has it open sees it. */
  put(offset: number, bytes: Uint8Array): void {
    const content = this.content;
    content.set(bytes, offset);
    writeFileSync(this.path, content, { flag: 'r+' });
  }

  truncate(byteSize: number): void {
    truncateSync(this.path, byteSize);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { force: true });
  }
}
