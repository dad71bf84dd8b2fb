import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { OverrideDirectories, type WriteFile } from '../../../src/registry/override-directory.js';
import { eventually } from '../../support/eventually.js';
import { ModelDirectory } from '../../support/model-directory.js';

const FILES = new Map([
  ['1/model.onnx', Buffer.from('model')],
  ['1/data/weights', Buffer.from('weights')],
  ['labels.txt', Buffer.from('cat')],
]);

class Rig implements AsyncDisposable {
  readonly parent: ModelDirectory;
  readonly directories: OverrideDirectories;

  static async create(write?: WriteFile): Promise<Rig> {
    return new Rig(await ModelDirectory.create({}), write);
  }

  private constructor(parent: ModelDirectory, write?: WriteFile) {
    this.parent = parent;
    this.directories = new OverrideDirectories(parent.path, write);
  }

  left(): Promise<string[]> {
    return readdir(this.parent.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.directories.close();
    await this.parent[Symbol.asyncDispose]();
  }
}

describe('OverrideDirectories', () => {
  it('makes a directory of the files that is open to no other user', async () => {
    await using rig = await Rig.create();
    await using directory = await rig.directories.create(FILES);
    expect(dirname(directory.path)).toBe(rig.parent.path);
    expect((await stat(directory.path)).mode & 0o777).toBe(0o700);
    for (const [name, content] of FILES) expect(await readFile(join(directory.path, name))).toEqual(content);
    expect((await readdir(directory.path)).sort()).toEqual(['1', 'labels.txt']);
  });

  it('keeps it while anybody holds it, and removes it when the last lets go', async () => {
    await using rig = await Rig.create();
    const directory = await rig.directories.create(FILES);
    const [first, second] = [directory.hold(), directory.hold()];
    await directory[Symbol.asyncDispose]();
    first();
    first();
    expect(await rig.left()).toHaveLength(1);
    second();
    await eventually('it is removed', async () => (await rig.left()).length === 0);
  });

  it('has removed it when its maker disposes of it as the last', async () => {
    await using rig = await Rig.create();
    const directory = await rig.directories.create(FILES);
    directory.hold()();
    expect(await rig.left()).toHaveLength(1);
    await directory[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
    expect(await rig.left()).toEqual([]);
  });

  it('leaves nothing behind where the disk is full', async () => {
    await using rig = await Rig.create(async (path, content) => {
      if (path.endsWith('weights')) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      await writeFile(path, content);
    });
    await expect(rig.directories.create(FILES)).rejects.toThrow('no space left on device');
    expect(await rig.left()).toEqual([]);
  });

  it('rejects where it can make none', async () => {
    await using rig = await Rig.create();
    await using missing = new Missing(new OverrideDirectories(join(rig.parent.path, 'nowhere')));
    await expect(missing.directories.create(FILES)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('removes all that are left when it closes, held or not, and makes no more', async () => {
    await using rig = await Rig.create();
    const [held, gone] = [await rig.directories.create(FILES), await rig.directories.create(FILES)];
    const letGo = held.hold();
    await rm(gone.path, { recursive: true });
    await rig.directories.close();
    expect(await rig.left()).toEqual([]);
    letGo();
    await held[Symbol.asyncDispose]();
    await rig.directories.close();
    await expect(rig.directories.create(FILES)).rejects.toMatchObject({ code: 'draining' });
  });

  it('waits for one that is being made when it closes', async () => {
    let finish = (): void => undefined;
    const writing = new Promise<void>((resolve) => {
      finish = resolve;
    });
    await using rig = await Rig.create(async (path, content) => {
      await writing;
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    });
    const creation = rig.directories.create(FILES);
    const closed = rig.directories.close();
    finish();
    await creation;
    await closed;
    expect(await rig.left()).toEqual([]);
  });
});

class Missing implements AsyncDisposable {
  readonly directories: OverrideDirectories;

  constructor(directories: OverrideDirectories) {
    this.directories = directories;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.directories.close();
  }
}
