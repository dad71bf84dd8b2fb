import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnnx } from './onnx-builder.js';

/** X[batch,1] + version → Y: what answers is known by its answer. */
export function stampedOnnx(version: number): Uint8Array {
  return buildOnnx({
    inputs: [{ name: 'X', type: 'FP32', shape: ['batch', 1] }],
    outputs: [{ name: 'Y', type: 'FP32', shape: ['batch', 1] }],
    nodes: [{ op: 'Add', inputs: ['X', 'stamp'], outputs: ['Y'] }],
    initializers: [{ name: 'stamp', type: 'FP32', dims: [1], raw: new Uint8Array(Float32Array.of(version).buffer) }],
  });
}

/** A model of a repository whose versions come and go. */
export class StampedModel {
  readonly name: string;
  readonly #directory: string;

  constructor(repository: string, name: string) {
    this.name = name;
    this.#directory = join(repository, name);
  }

  async add(version: number): Promise<void> {
    await this.#place(version, stampedOnnx(version));
  }

  /** A version that cannot be loaded. */
  async addBroken(version: number): Promise<void> {
    await this.#place(version, stampedOnnx(version).subarray(0, 20));
  }

  async remove(version: number): Promise<void> {
    await rm(join(this.#directory, String(version)), { recursive: true });
  }

  /** Whoever looks sees all of it or nothing. */
  async #place(version: number, bytes: Uint8Array): Promise<void> {
    const hidden = join(this.#directory, `.${version}`);
    await mkdir(hidden, { recursive: true });
    await writeFile(join(hidden, 'model.onnx'), bytes);
    await rename(hidden, join(this.#directory, String(version)));
  }
}
