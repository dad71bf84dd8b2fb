import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ServingError } from '../../src/error/serving-error.js';
import { fileNameOf } from '../../src/serving/region-key.js';
import { SharedMemory } from '../../src/serving/shared-memory.js';
import { MemoryObject } from '../support/memory-object.js';
import { ModelDirectory } from '../support/model-directory.js';

const OBJECT_BYTES = 64;

/** The value, or undefined where a ServingError was thrown; anything else that is thrown fails the test. */
function unlessRefused<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof ServingError && error.code !== 'internal') return undefined;
    throw error;
  }
}

const anyKey = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom('/', '.', '..', '\0', 'a', 'ä'), { maxLength: 8 }).map((parts) => parts.join('')),
);
const anySize = fc.oneof(fc.integer({ min: 0, max: 2 * OBJECT_BYTES }), fc.maxSafeNat());

describe('a key of shared memory', () => {
  it('names a file that lies in the directory itself, or is refused', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const name = unlessRefused(() => fileNameOf(key, 'r'));
        if (name === undefined) return;
        expect(dirname(join('/dev/shm', name))).toBe('/dev/shm');
        expect(['', '.', '..']).not.toContain(name);
      }),
    );
  });
});

describe('a range of a region', () => {
  it('is read and written inside the region, or refused', async () => {
    await using directory = await ModelDirectory.create({});
    using object = new MemoryObject(new Uint8Array(OBJECT_BYTES), directory.path);
    fc.assert(
      fc.property(anySize, anySize, anySize, anySize, (regionOffset, regionSize, offset, byteSize) => {
        using memory = new SharedMemory({ directory: directory.path, access: 'on', maxReadBytes: 1000 });
        object.put(
          0,
          Uint8Array.from({ length: OBJECT_BYTES }, (_, at) => at),
        );
        unlessRefused(() => memory.register({ name: 'r', key: object.key, offset: regionOffset, byteSize: regionSize }, { local: true }));
        const range = { region: 'r', offset, byteSize };
        const data = unlessRefused(() => memory.read(range));
        const fits = regionSize > 0 && regionOffset + regionSize <= OBJECT_BYTES && offset < regionSize && offset + byteSize <= regionSize;
        expect(data !== undefined).toBe(fits);
        if (data === undefined) return;
        const start = regionOffset + offset;
        expect([...data]).toEqual(Array.from({ length: byteSize }, (_, at) => start + at));
        memory.reserve(range).write(new Uint8Array(byteSize).fill(255));
        const changed = [...object.content].flatMap((byte, at) => (byte === 255 ? [at] : []));
        expect(changed).toEqual(Array.from({ length: byteSize }, (_, at) => start + at));
      }),
    );
  });
});
