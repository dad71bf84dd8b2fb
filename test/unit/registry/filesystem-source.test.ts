import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { invalidRequest } from '../../../src/error/serving-error.js';
import type { ModelSettings } from '../../../src/model/spec.js';
import { FilesystemSource, RepositoryError } from '../../../src/registry/filesystem-source.js';
import type { AspiredModel } from '../../../src/registry/source.js';
import { modelSettings } from '../../support/model-source.js';

/** A directory that is removed at the end of its scope. */
class ScratchDirectory implements AsyncDisposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** A path that ends in / is a directory, any other a file. */
  async add(...paths: string[]): Promise<void> {
    for (const path of paths.map((relative) => join(this.path, relative))) {
      await mkdir(path.endsWith('/') ? path : dirname(path), { recursive: true });
      if (!path.endsWith('/')) await writeFile(path, path);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

async function scratch(...paths: string[]): Promise<ScratchDirectory> {
  const directory = new ScratchDirectory(await realpath(await mkdtemp(join(tmpdir(), 'repository-'))));
  await directory.add(...paths);
  return directory;
}

function scan(repositories: readonly string[], settings: Partial<ModelSettings> = {}): Promise<readonly AspiredModel[]> {
  return sourceOf(repositories, settings).aspired(AbortSignal.timeout(10_000));
}

function sourceOf(repositories: readonly string[], settings: Partial<ModelSettings> = {}): FilesystemSource {
  return new FilesystemSource({
    repositories,
    parseSettings: (text, model) => {
      if (text.includes('broken')) throw invalidRequest(`model '${model}': config.pbtxt line 1`);
      return modelSettings({ ...settings, backend: 'parsed' });
    },
    defaultSettings: (model) => modelSettings({ ...settings, backend: `default for ${model}` }),
  });
}

function versionsOf(aspired: AspiredModel | undefined): string[] {
  return aspired !== undefined && 'versions' in aspired ? aspired.versions.map(({ version }) => version) : [];
}

function reasonOf(aspired: AspiredModel | undefined): unknown {
  return aspired !== undefined && 'error' in aspired ? { code: aspired.error.code, message: aspired.error.message } : undefined;
}

describe('FilesystemSource', () => {
  it('finds models and versions, by name', async () => {
    await using repository = await scratch('iris/1/', 'digits/1/model.onnx', 'digits/2/', 'digits/config.pbtxt');
    const models = await scan([repository.path], { versionPolicy: { kind: 'all' } });
    expect(models).toEqual([
      {
        model: 'digits',
        settings: expect.objectContaining({ backend: 'parsed' }),
        versions: ['1', '2'].map((version) => ({
          model: 'digits',
          version,
          directory: join(repository.path, 'digits', version),
          settings: expect.objectContaining({ backend: 'parsed' }),
        })),
      },
      expect.objectContaining({ model: 'iris', settings: expect.objectContaining({ backend: 'default for iris' }) }),
    ]);
  });

  it('passes by what is hidden, a file, or not named like a version', async () => {
    await using repository = await scratch('.git/1/', 'README.md', 'm/2/', 'm/.3/', 'm/01/', 'm/0/', 'm/v4/', 'm/labels.txt', 'm/5');
    const models = await scan([repository.path], { versionPolicy: { kind: 'all' } });
    expect(models.map(({ model }) => model)).toEqual(['m']);
    expect(versionsOf(models[0])).toEqual(['2']);
  });

  it('follows links, but not into nowhere', async () => {
    await using elsewhere = await scratch('real/7/');
    await using repository = await scratch('other/1/');
    await symlink(join(elsewhere.path, 'real'), join(repository.path, 'linked'));
    await symlink(join(elsewhere.path, 'absent'), join(repository.path, 'dangling'));
    const models = await scan([repository.path]);
    expect(models.map((aspired) => [aspired.model, ...versionsOf(aspired)])).toEqual([
      ['linked', '7'],
      ['other', '1'],
    ]);
  });

  it('lets the version policy choose', async () => {
    await using repository = await scratch('m/9/', 'm/10/', 'm/8/');
    expect(versionsOf((await scan([repository.path]))[0])).toEqual(['10']);
    const specific = await scan([repository.path], { versionPolicy: { kind: 'specific', versions: ['8', '9'] } });
    expect(versionsOf(specific[0])).toEqual(['8', '9']);
  });

  it('says what a policy chose from where it chooses nothing', async () => {
    await using repository = await scratch('m/1/', 'm/2/');
    const models = await scan([repository.path], { versionPolicy: { kind: 'specific', versions: ['3'] } });
    expect(reasonOf(models[0])).toEqual({
      code: 'load_failed',
      message: "model 'm' has versions ['1','2'], but its version policy is specific [3]",
    });
  });

  it('tells a model without versions, and one with a bad config, as their own problems', async () => {
    await using repository = await scratch(
      'empty/config.pbtxt',
      'broken/1/',
      'broken/config.pbtxt',
      'odd/1/',
      'odd/config.pbtxt/',
      'fine/1/',
    );
    const models = await scan([repository.path]);
    expect(Object.fromEntries(models.map((aspired) => [aspired.model, reasonOf(aspired)]))).toEqual({
      broken: { code: 'invalid_request', message: "model 'broken': config.pbtxt line 1" },
      empty: { code: 'load_failed', message: "model 'empty' has no version directory (one named by a positive integer, such as 1)" },
      fine: undefined,
      odd: { code: 'load_failed', message: "model 'odd' has a config.pbtxt that cannot be read (EISDIR)" },
    });
  });

  it('refuses a model that is in two repositories', async () => {
    await using first = await scratch('m/1/', 'a/1/');
    await using second = await scratch('m/1/', 'b/1/');
    const models = await scan([first.path, second.path]);
    expect(models.map(({ model }) => model)).toEqual(['a', 'b', 'm']);
    expect(reasonOf(models[2])).toEqual({ code: 'load_failed', message: "model 'm' is in 2 model repositories, expected one" });
  });

  it('counts a repository that is named twice once', async () => {
    await using repository = await scratch('m/1/');
    const models = await scan([repository.path, `${repository.path}/m/..`]);
    expect(models.map(versionsOf)).toEqual([['1']]);
  });

  it('rejects with the path where a repository is not there or no directory', async () => {
    await using directory = await scratch('file');
    const missing = join(directory.path, 'missing');
    const error = await scan([missing]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RepositoryError);
    expect(error).toMatchObject({ repository: missing, message: `model repository '${missing}' does not exist` });
    await expect(scan([join(directory.path, 'file')])).rejects.toThrow("file' is not a directory");
  });

  it('is empty where the repository is', async () => {
    await using repository = await scratch();
    expect(await scan([repository.path])).toEqual([]);
  });

  it('stops at an aborted signal', async () => {
    await using repository = await scratch('m/1/');
    const source = new FilesystemSource({
      repositories: [repository.path],
      parseSettings: () => modelSettings(),
      defaultSettings: () => modelSettings(),
    });
    await expect(source.aspired(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });

  it('names every model without reading any', async () => {
    await using first = await scratch('b/', 'a/config.pbtxt', '.git/', 'README.md');
    await using second = await scratch('c/1/', 'a/1/');
    const source = sourceOf([first.path, second.path, first.path]);
    expect(await source.names(AbortSignal.timeout(10_000))).toEqual(['a', 'b', 'c']);
    await expect(sourceOf([join(first.path, 'nowhere')]).names(AbortSignal.timeout(10_000))).rejects.toThrow(RepositoryError);
  });

  it('finds one model as it is now, and none that no repository lists', async () => {
    await using repository = await scratch('m/1/', 'n/1/', 'broken/config.pbtxt');
    const source = sourceOf([repository.path]);
    const find = (model: string) => source.find(model, AbortSignal.timeout(10_000));
    expect(versionsOf(await find('m'))).toEqual(['1']);
    await repository.add('m/2/');
    expect(versionsOf(await find('m'))).toEqual(['2']);
    expect(reasonOf(await find('broken'))).toMatchObject({ code: 'invalid_request' });
    for (const model of ['nobody', '', '.', '..', 'm/1', `../${basename(repository.path)}/m`]) expect(await find(model)).toBeUndefined();
  });

  it('finds one model with settings that are not of its directory', async () => {
    await using repository = await scratch('m/1/', 'm/2/', 'm/config.pbtxt', 'broken/config.pbtxt', 'broken/1/');
    const source = sourceOf([repository.path]);
    const settings = modelSettings({ backend: 'sent', versionPolicy: { kind: 'all' } });
    const find = (model: string) => source.findWith(model, settings, AbortSignal.timeout(10_000));
    expect(await find('m')).toMatchObject({
      settings,
      versions: [
        { version: '1', settings },
        { version: '2', settings },
      ],
    });
    expect(versionsOf(await find('broken'))).toEqual(['1']);
    expect(await find('nobody')).toBeUndefined();
    await expect(source.findWith('m', settings, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
