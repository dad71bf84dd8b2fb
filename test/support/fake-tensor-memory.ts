import { ServingError } from '../../src/error/serving-error.js';
import type { MemoryRange, OutputMemory, TensorMemory } from '../../src/model/tensor-memory.js';

/** Regions in this process, and what was read of them. */
export class FakeTensorMemory implements TensorMemory {
  readonly maxReadBytes: number;
  readonly regions: ReadonlyMap<string, Uint8Array>;
  readonly reads: MemoryRange[] = [];

  constructor(regions: Readonly<Record<string, Uint8Array>>, maxReadBytes = 100) {
    this.regions = new Map(Object.entries(regions));
    this.maxReadBytes = maxReadBytes;
  }

  read(range: MemoryRange): Uint8Array {
    this.reads.push(range);
    return this.#view(range).slice();
  }

  reserve(range: MemoryRange): OutputMemory {
    const view = this.#view(range);
    return { byteSize: range.byteSize, write: (data) => view.set(data) };
  }

  #view({ region, offset, byteSize }: MemoryRange): Uint8Array {
    const bytes = this.regions.get(region);
    if (bytes === undefined) throw new ServingError('not_found', `no region ${region}`);
    return bytes.subarray(offset, offset + byteSize);
  }
}
