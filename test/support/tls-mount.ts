import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file of test/fixtures/tls, made by make.sh beside it; read from the sources, as the compiler copies no such files. */
export function tlsFixture(name: string): Buffer {
  return readFileSync(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url));
}

export function serialOf(name: string): string {
  return new X509Certificate(tlsFixture(name)).serialNumber;
}

type MountedFile = 'cert' | 'key' | 'clientCa';

/** TLS files as Kubernetes mounts a secret: symlinks into a folder behind a symlink, which is turned when the secret changes. */
export class TlsMount implements AsyncDisposable {
  readonly #path: string;
  #version = 0;

  static async create(files: Partial<Record<MountedFile, string | Buffer>>): Promise<TlsMount> {
    const mount = new TlsMount(await mkdtemp(join(tmpdir(), 'millrace-tls-')));
    for (const name of ['cert', 'key', 'clientCa']) await symlink(join('..data', name), mount.file(name));
    await mount.replace(files);
    return mount;
  }

  private constructor(path: string) {
    this.#path = path;
  }

  file(name: string): string {
    return join(this.#path, name);
  }

  /** All at once. A text is the name of a fixture; what is left out is gone. */
  async replace(files: Partial<Record<MountedFile, string | Buffer>>): Promise<void> {
    this.#version += 1;
    const version = `..${this.#version}`;
    await mkdir(this.file(version));
    for (const [name, source] of Object.entries(files)) {
      await writeFile(join(this.file(version), name), typeof source === 'string' ? tlsFixture(source) : source);
    }
    await symlink(version, this.file('..next'));
    await rename(this.file('..next'), this.file('..data'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#path, { recursive: true });
  }
}
