import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readModelFile } from '../../../src/serving/model-file.js';
import { ModelDirectory } from '../../support/model-directory.js';
import { never } from '../../support/pool-rig.js';

const DATA = Uint8Array.of(1, 2, 3);
const FILES = { 'warmup/one.bin': DATA, 'warmup/sets/two.bin': DATA, 'secret.bin': DATA, 'warmup-else/three.bin': DATA };

let root: ModelDirectory;
let directory: string;

beforeAll(async () => {
  root = await ModelDirectory.create(FILES);
  directory = join(root.path, 'warmup');
  await symlink('sets/two.bin', join(directory, 'inner'));
  await symlink('../secret.bin', join(directory, 'outer'));
  await symlink('..', join(directory, 'up'));
  await symlink('../warmup-else/three.bin', join(directory, 'beside'));
  await symlink('nowhere', join(directory, 'dangling'));
  await mkdir(join(directory, 'folder'));
});

afterAll(async () => root[Symbol.asyncDispose]());

describe('readModelFile', () => {
  it.each(['one.bin', 'sets/two.bin', 'inner'])('reads %s', async (name) => {
    expect(Array.from(await readModelFile(directory, name, 3, never()))).toEqual([1, 2, 3]);
  });

  it.each([
    ['outer', 'leads out of its directory'],
    ['up/secret.bin', 'leads out of its directory'],
    ['../secret.bin', 'leads out of its directory'],
    ['beside', 'leads out of its directory'],
    ['.', 'leads out of its directory'],
    ['folder', 'is no file'],
    ['missing.bin', 'does not exist'],
    ['dangling', 'does not exist'],
    ['one.bin/x', 'cannot be read (ENOTDIR)'],
    ['x'.repeat(300), 'cannot be read (ENAMETOOLONG)'],
  ])('refuses %s without telling where it lies', async (name, message) => {
    await expect(readModelFile(directory, name, 3, never())).rejects.toMatchObject({ name: 'FileProblem', message });
  });

  it('refuses what is too large before it is read', async () => {
    await writeFile(join(directory, 'large.bin'), new Uint8Array(4));
    await expect(readModelFile(directory, 'large.bin', 3, never())).rejects.toMatchObject({ message: 'has 4 bytes, expected at most 3' });
  });

  it('gives up when nobody wants it any more', async () => {
    const reason = new Error('enough');
    await expect(readModelFile(directory, 'one.bin', 3, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
