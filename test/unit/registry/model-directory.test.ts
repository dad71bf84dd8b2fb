import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { codeOf, listDirectories, loadFailed, readModelDirectory } from '../../../src/registry/model-directory.js';
import { ModelDirectory } from '../../support/model-directory.js';
import { modelSettings } from '../../support/model-source.js';

const NOTHING = new Uint8Array();
const FILES = { '1/x': NOTHING, '10/x': NOTHING, '9/x': NOTHING, 'warmup/x': NOTHING, '.2/x': NOTHING, '3': NOTHING };

describe('readModelDirectory', () => {
  it('finds the versions that the settings want, ascending, and says who keeps them', async () => {
    await using directory = await ModelDirectory.create(FILES);
    const owner = { hold: () => () => undefined };
    const settings = modelSettings({ versionPolicy: { kind: 'latest', count: 2 } });
    const version = (number: string) => ({ model: 'm', version: number, directory: join(directory.path, number), settings, owner });
    expect(await readModelDirectory('m', directory.path, settings, owner)).toEqual({
      model: 'm',
      settings,
      versions: [version('9'), version('10')],
    });
  });

  it.each([
    [FILES, "model 'm' has versions ['1','9','10'], but its version policy is specific [7]"],
    [{ 'v1/x': NOTHING }, "model 'm' has no version directory (one named by a positive integer, such as 1)"],
  ])('refuses %j where nothing of it is wanted', async (files, message) => {
    await using directory = await ModelDirectory.create(files);
    const settings = modelSettings({ versionPolicy: { kind: 'specific', versions: ['7'] } });
    await expect(readModelDirectory('m', directory.path, settings)).rejects.toMatchObject({ code: 'load_failed', message });
  });

  it('says that a directory cannot be read, without its path', async () => {
    await expect(readModelDirectory('m', '/nowhere/m', modelSettings())).rejects.toMatchObject({
      message: "model 'm' has a directory that cannot be read (ENOENT)",
    });
  });
});

describe('listDirectories', () => {
  it('leaves out files and what is hidden', async () => {
    await using directory = await ModelDirectory.create(FILES);
    expect((await listDirectories(directory.path)).sort()).toEqual(['1', '10', '9', 'warmup']);
  });
});

describe('loadFailed', () => {
  it('names the model', () => {
    const cause = new Error('why');
    expect(loadFailed('m', 'is ill', cause)).toMatchObject({ code: 'load_failed', message: "model 'm' is ill", cause });
  });
});

describe('codeOf', () => {
  it('is what the file system says, where it says anything', () => {
    expect([codeOf({ code: 'ENOENT' }), codeOf(new Error('x')), codeOf(undefined), codeOf(null)]).toEqual([
      'ENOENT',
      'unknown error',
      'unknown error',
      'unknown error',
    ]);
  });
});
