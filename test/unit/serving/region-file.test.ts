import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { openRegionFile } from '../../../src/serving/region-file.js';
import { MemoryObject } from '../../support/memory-object.js';
import { ModelDirectory } from '../../support/model-directory.js';

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('openRegionFile', () => {
  it('reads and writes at positions, and tells the present size', async () => {
    await using directory = await ModelDirectory.create({});
    using object = new MemoryObject(Uint8Array.of(1, 2, 3, 4, 5), directory.path);
    using file = openRegionFile(object.path);
    expect(file.byteSize).toBe(5n);
    expect(Uint8Array.from(file.read(1, 3) ?? [])).toEqual(Uint8Array.of(2, 3, 4));
    expect(file.read(5, 0)).toHaveLength(0);
    file.write(2, Uint8Array.of(30, 40));
    file.write(0, new Uint8Array(0));
    expect([...object.content]).toEqual([1, 2, 30, 40, 5]);
    object.put(4, Uint8Array.of(50));
    expect([...(file.read(4, 1) ?? [])]).toEqual([50]);
  });

  it('reads nothing where the object ends before the bytes do', async () => {
    await using directory = await ModelDirectory.create({});
    using object = new MemoryObject(new Uint8Array(8), directory.path);
    using file = openRegionFile(object.path);
    expect(file.read(4, 5)).toBeUndefined();
    object.truncate(2);
    expect(file.byteSize).toBe(2n);
    expect(file.read(0, 8)).toBeUndefined();
  });

  it('opens plain files only, and keeps nothing open of the others', async () => {
    await using directory = await ModelDirectory.create({});
    using object = new MemoryObject(new Uint8Array(8), directory.path);
    const path = (name: string) => join(directory.path, name);
    symlinkSync(object.path, path('link'));
    mkdirSync(path('directory'));
    execFileSync('mkfifo', [path('pipe')]);
    const before = openDescriptors();
    for (const name of ['link', 'directory', 'pipe', 'nothing']) expect(() => openRegionFile(path(name))).toThrow();
    expect(openDescriptors()).toBe(before);
  });

  it('closes its descriptor when it is disposed of', async () => {
    await using directory = await ModelDirectory.create({});
    using object = new MemoryObject(new Uint8Array(8), directory.path);
    const before = openDescriptors();
    const file = openRegionFile(object.path);
    expect(openDescriptors()).toBe(before + 1);
    file[Symbol.dispose]();
    expect(openDescriptors()).toBe(before);
    expect(() => file.read(0, 1)).toThrow('EBADF');
  });
});
