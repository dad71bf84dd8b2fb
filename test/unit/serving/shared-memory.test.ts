import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { MemoryRange } from '../../../src/model/tensor-memory.js';
import {
  MAX_REGIONS,
  type RegionDescription,
  SharedMemory,
  type SharedMemoryOptions,
  sharedMemoryDirectory,
} from '../../../src/serving/shared-memory.js';
import { MemoryObject } from '../../support/memory-object.js';
import { ModelDirectory } from '../../support/model-directory.js';
import { servingErrorOf } from '../../support/wire-messages.js';

const LOCAL = { local: true };
const REMOTE = { local: false };
const SIZE = 16;

/** Shared memory over a directory of its own with one object of 16 bytes: 0, 1, 2, … */
class Rig implements AsyncDisposable {
  readonly directory: ModelDirectory;
  readonly object: MemoryObject;
  readonly memory: SharedMemory;

  static async open(options: Partial<SharedMemoryOptions> = {}): Promise<Rig> {
    return new Rig(await ModelDirectory.create({}), options);
  }

  private constructor(directory: ModelDirectory, options: Partial<SharedMemoryOptions>) {
    this.directory = directory;
    this.object = new MemoryObject(
      Uint8Array.from({ length: SIZE }, (_, at) => at),
      directory.path,
    );
    this.memory = new SharedMemory({ directory: directory.path, access: 'local', maxReadBytes: 1000, ...options });
  }

  register(given: Partial<RegionDescription> = {}, requester = LOCAL): void {
    this.memory.register({ name: 'r', key: this.object.key, offset: 0, byteSize: SIZE, ...given }, requester);
  }

  read(range: Partial<MemoryRange> = {}): number[] {
    return [...this.memory.read({ region: 'r', offset: 0, byteSize: SIZE, ...range })];
  }

  get names(): string[] {
    return this.memory.status('').map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.memory[Symbol.dispose]();
    await this.directory[Symbol.asyncDispose]();
  }
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('sharedMemoryDirectory', () => {
  it('is that of Linux, where it is there', () => {
    expect(sharedMemoryDirectory('linux', '/proc')).toBe('/proc');
    expect(sharedMemoryDirectory('linux', '/nowhere/at/all')).toBeUndefined();
    expect(sharedMemoryDirectory('darwin', '/proc')).toBeUndefined();
    expect(sharedMemoryDirectory()).toBe('/dev/shm');
  });
});

describe('SharedMemory', () => {
  it('registers parts of objects by name, tells of them and forgets them', async () => {
    await using rig = await Rig.open();
    rig.register({ name: 'all' });
    rig.register({ name: 'part', key: rig.object.fileName, offset: 4, byteSize: 8 });
    expect(rig.names).toEqual(['all', 'part']);
    expect(rig.memory.status('part')).toMatchObject([{ name: 'part', key: rig.object.fileName, offset: 4, byteSize: 8 }]);
    rig.memory.unregister('all', LOCAL);
    rig.memory.unregister('nobody', LOCAL);
    expect(rig.names).toEqual(['part']);
    rig.register({ name: 'all' });
    rig.memory.unregister('', LOCAL);
    expect(rig.names).toEqual([]);
  });

  it('reads copies of ranges that are relative to the region', async () => {
    await using rig = await Rig.open();
    rig.register({ offset: 4, byteSize: 8 });
    expect(rig.read({ byteSize: 3 })).toEqual([4, 5, 6]);
    expect(rig.read({ offset: 6, byteSize: 2 })).toEqual([10, 11]);
    expect(rig.read({ byteSize: 0 })).toEqual([]);
    const copy = rig.memory.read({ region: 'r', offset: 0, byteSize: 2 });
    rig.object.put(4, Uint8Array.of(99));
    expect([...copy]).toEqual([4, 5]);
    expect(rig.read({ byteSize: 2 })).toEqual([99, 5]);
  });

  it('writes outputs into their ranges and nothing beside them', async () => {
    await using rig = await Rig.open();
    rig.register({ offset: 4, byteSize: 8 });
    const output = rig.memory.reserve({ region: 'r', offset: 2, byteSize: 6 });
    expect(output.byteSize).toBe(6);
    output.write(Uint8Array.of(91, 92));
    expect([...rig.object.content]).toEqual([0, 1, 2, 3, 4, 5, 91, 92, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  it.each([
    [{ offset: 8, byteSize: 0 }, "Invalid offset for shared memory region: 'r'"],
    [{ offset: 100, byteSize: 1 }, "Invalid offset for shared memory region: 'r'"],
    [{ offset: 0, byteSize: 9 }, "Invalid offset + byte size for shared memory region: 'r'"],
    [{ offset: 7, byteSize: 2 }, "Invalid offset + byte size for shared memory region: 'r'"],
    [{ offset: 1, byteSize: Number.MAX_SAFE_INTEGER }, "Invalid offset + byte size for shared memory region: 'r'"],
  ])('refuses the range %j of a region of 8 bytes, whatever its object holds', async (range, message) => {
    await using rig = await Rig.open();
    rig.register({ offset: 4, byteSize: 8 });
    for (const act of [() => rig.read(range), () => rig.memory.reserve({ region: 'r', ...range })]) {
      expect(servingErrorOf(act)).toMatchObject({ code: 'invalid_request', message });
    }
  });

  it("knows no region but the registered ones, in Triton's words, and names no other", async () => {
    await using rig = await Rig.open();
    rig.register({ name: 'secret' });
    expect(servingErrorOf(() => rig.read())).toMatchObject({
      code: 'not_found',
      message: "Unable to find shared memory region: 'r'",
    });
    expect(servingErrorOf(() => rig.memory.status('r'))).toMatchObject({
      code: 'not_found',
      message: "Unable to find system shared memory region: 'r'",
    });
  });

  it('takes no name twice and none that is empty or endless', async () => {
    await using rig = await Rig.open();
    rig.register();
    expect(servingErrorOf(() => rig.register())).toMatchObject({
      code: 'already_exists',
      message: "shared memory region 'r' already in manager",
    });
    for (const name of ['', 'n'.repeat(256)]) {
      const { code, message } = servingErrorOf(() => rig.register({ name }));
      expect([code, message]).toEqual(['invalid_request', expect.stringContaining(`1 to 255 bytes, got ${name.length}`)]);
    }
    rig.register({ name: 'n'.repeat(255) });
  });

  it.each([
    [{ offset: 16, byteSize: 1 }, 'lies beyond the end'],
    [{ offset: 1, byteSize: 16 }, 'lies beyond the end'],
    [{ offset: Number.MAX_SAFE_INTEGER, byteSize: Number.MAX_SAFE_INTEGER }, 'lies beyond the end'],
    [{ byteSize: 0 }, 'byte_size must be at least 1'],
  ])('refuses to register %j of 16 bytes and keeps nothing open', async (given, text) => {
    await using rig = await Rig.open();
    const before = openDescriptors();
    const { code, message } = servingErrorOf(() => rig.register(given));
    expect(code).toBe('invalid_request');
    expect(message).toContain("failed to register shared memory region 'r': invalid args");
    expect(message).toContain(text);
    expect([openDescriptors(), rig.names]).toEqual([before, []]);
  });

  it('opens nothing outside its directory and no link in it, and says no more than that', async () => {
    await using rig = await Rig.open();
    symlinkSync(rig.object.path, join(rig.directory.path, 'link'));
    for (const key of ['/link', '/nothing']) {
      expect(servingErrorOf(() => rig.register({ key }))).toMatchObject({
        code: 'backend_failed',
        message: `Unable to open shared memory region: '${key}'`,
      });
    }
    expect(servingErrorOf(() => rig.register({ key: '../x' }))).toMatchObject({ code: 'invalid_request' });
  });

  it('keeps a descriptor for each region and closes it with the region', async () => {
    await using rig = await Rig.open();
    const before = openDescriptors();
    for (const name of ['a', 'b', 'c']) rig.register({ name });
    expect(openDescriptors()).toBe(before + 3);
    rig.memory.unregister('b', LOCAL);
    expect(openDescriptors()).toBe(before + 2);
    rig.memory[Symbol.dispose]();
    rig.memory[Symbol.dispose]();
    expect(openDescriptors()).toBe(before);
  });

  it('keeps no more regions than it says', async () => {
    let open = 0;
    await using rig = await Rig.open({
      openFile: () => {
        open += 1;
        const close = () => {
          open -= 1;
        };
        return { byteSize: 16n, read: () => undefined, write: () => undefined, [Symbol.dispose]: close };
      },
    });
    for (let at = 0; at < MAX_REGIONS; at++) rig.register({ name: String(at) });
    expect(servingErrorOf(() => rig.register({ name: 'more' }))).toMatchObject({
      code: 'too_large',
      message: "1024 shared memory regions are registered, which is this server's limit",
    });
    expect(open).toBe(MAX_REGIONS);
    rig.memory.unregister('7', LOCAL);
    rig.register({ name: 'more' });
    rig.memory.unregister('', LOCAL);
    expect(open).toBe(0);
  });

  it('finds an object that became smaller, and does not make it larger again', async () => {
    await using rig = await Rig.open();
    rig.register();
    const output = rig.memory.reserve({ region: 'r', offset: 0, byteSize: SIZE });
    rig.object.truncate(4);
    const message = "shared memory region 'r' has become smaller than it was when it was registered";
    expect(servingErrorOf(() => rig.read())).toMatchObject({ code: 'invalid_request', message });
    expect(servingErrorOf(() => output.write(new Uint8Array(5)))).toMatchObject({ code: 'invalid_request', message });
    expect(rig.object.content).toHaveLength(4);
    output.write(Uint8Array.of(9, 9, 9, 9));
    expect([...rig.object.content]).toEqual([9, 9, 9, 9]);
  });

  it('writes into no region that was unregistered since, not even into one of the same name', async () => {
    await using rig = await Rig.open();
    rig.register();
    const output = rig.memory.reserve({ region: 'r', offset: 0, byteSize: SIZE });
    rig.memory.unregister('r', LOCAL);
    const refused = () => servingErrorOf(() => output.write(Uint8Array.of(99)));
    const expected = {
      code: 'invalid_request',
      message: "shared memory region 'r' was unregistered before the output was written",
    };
    expect(refused()).toMatchObject(expected);
    rig.register();
    expect(refused()).toMatchObject(expected);
    expect(rig.object.content[0]).toBe(0);
  });

  it('says of what the system refuses no more than that, and keeps the reason as the cause', async () => {
    const full = new Error("ENOSPC: no space left on device, '/dev/shm/secret'");
    const refuse = () => {
      throw full;
    };
    const file = { byteSize: 16n, read: refuse, write: refuse, [Symbol.dispose]: () => undefined };
    await using rig = await Rig.open({ openFile: () => file });
    rig.register();
    expect(servingErrorOf(() => rig.read())).toMatchObject({
      code: 'backend_failed',
      message: "shared memory region 'r' could not be read",
      cause: full,
    });
    const output = rig.memory.reserve({ region: 'r', offset: 0, byteSize: 1 });
    expect(servingErrorOf(() => output.write(Uint8Array.of(1)))).toMatchObject({
      code: 'backend_failed',
      message: "shared memory region 'r' could not be written",
      cause: full,
    });
  });

  it('is changed only by who may, and tells everybody of itself', async () => {
    await using rig = await Rig.open();
    rig.register();
    for (const act of [
      () => rig.memory.authorize(REMOTE),
      () => rig.register({ name: 'other' }, REMOTE),
      () => rig.memory.unregister('', REMOTE),
      () => rig.memory.unregister('r', REMOTE),
    ]) {
      expect(servingErrorOf(act).code).toBe('permission_denied');
    }
    expect(rig.names).toEqual(['r']);
  });

  it('lets one request read what it is told, and no more than Node reads at one time', async () => {
    await using rig = await Rig.open({ maxReadBytes: 77 });
    expect(rig.memory.maxReadBytes).toBe(77);
    expect(new SharedMemory({ directory: '/', access: 'on', maxReadBytes: 2 ** 40 }).maxReadBytes).toBe(2 ** 31 - 1);
  });
});
