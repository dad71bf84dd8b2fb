import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ServingError } from '../../../src/error/serving-error.js';
import { OverrideDirectories, type WriteFile } from '../../../src/registry/override-directory.js';
import { OverrideSource } from '../../../src/registry/override-source.js';
import { aspiredModel } from '../../support/fake-servables.js';
import { ModelDirectory } from '../../support/model-directory.js';
import { modelSettings } from '../../support/model-source.js';

const SIGNAL = new AbortController().signal;

class Rig implements AsyncDisposable {
  readonly parent: ModelDirectory;
  readonly directories: OverrideDirectories;
  readonly source: OverrideSource;
  readonly parsed: string[] = [];

  static async create(write?: WriteFile): Promise<Rig> {
    return new Rig(await ModelDirectory.create({}), write);
  }

  private constructor(parent: ModelDirectory, write?: WriteFile) {
    this.parent = parent;
    this.directories = new OverrideDirectories(parent.path, write);
    this.source = new OverrideSource({
      repositories: {
        findWith: (model, settings) => Promise.resolve(model === 'm' ? { ...aspiredModel('m', '1'), settings } : undefined),
      },
      directories: this.directories,
      parseConfig: (json, model) => {
        this.parsed.push(json);
        if (json === 'bad') throw new ServingError('load_failed', `config override of model '${model}': bad`);
        return modelSettings({ backend: json, versionPolicy: { kind: 'all' } });
      },
    });
  }

  override(model: string, config: string, files: Readonly<Record<string, string>> = {}) {
    const contents = Object.entries(files).map(([path, text]) => [path, Buffer.from(text)] as const);
    return this.source.override(model, { config, files: new Map(contents) }, SIGNAL);
  }

  left(): Promise<string[]> {
    return readdir(this.parent.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.directories.close();
    await this.parent[Symbol.asyncDispose]();
  }
}

describe('OverrideSource', () => {
  it('has the files of a repository with the config that was sent', async () => {
    await using rig = await Rig.create();
    await using overridden = await rig.override('m', 'sent');
    expect(overridden?.aspired).toMatchObject({ model: 'm', settings: { backend: 'sent' }, versions: [{ version: '1' }] });
    expect(await rig.left()).toEqual([]);
  });

  it('has no model without files of its own that no repository has', async () => {
    await using rig = await Rig.create();
    expect(await rig.override('nobody', 'sent')).toBeUndefined();
  });

  it('has the files that were sent, and only those, kept until nobody holds them', async () => {
    await using rig = await Rig.create();
    const overridden = await rig.override('nobody', 'sent', { '2/model.onnx': 'model', 'labels.txt': 'cat' });
    const aspired = overridden?.aspired;
    const [version, ...others] = aspired !== undefined && 'versions' in aspired ? aspired.versions : [];
    expect(version).toMatchObject({ model: 'nobody', version: '2', settings: { backend: 'sent' } });
    expect([others, await readFile(join(version?.directory ?? '', '../labels.txt'), 'utf8')]).toEqual([[], 'cat']);
    const letGo = version?.owner?.hold();
    await overridden?.[Symbol.asyncDispose]();
    expect(await rig.left()).toHaveLength(1);
    letGo?.();
  });

  it('says why files make no model, and leaves none of them behind', async () => {
    await using rig = await Rig.create();
    const overridden = await rig.override('m', 'sent', { 'model.onnx': 'model' });
    expect(overridden?.aspired).toMatchObject({ error: { message: expect.stringContaining("model 'm' has no version directory") } });
    await overridden?.[Symbol.asyncDispose]();
    expect(await rig.left()).toEqual([]);
  });

  it('says why a config is none, before it stores anything', async () => {
    await using rig = await Rig.create();
    await using overridden = await rig.override('m', 'bad', { '1/model.onnx': 'model' });
    expect(overridden?.aspired).toMatchObject({ error: { code: 'load_failed', message: "config override of model 'm': bad" } });
    expect(await rig.left()).toEqual([]);
  });

  it('refuses files that would lie elsewhere, before it reads anything', async () => {
    await using rig = await Rig.create();
    await expect(rig.override('m', 'bad', { '../model.onnx': 'model' })).rejects.toMatchObject({ code: 'invalid_request' });
    expect(rig.parsed).toEqual([]);
  });

  it('says that the disk is full, without its path', async () => {
    const cause = Object.assign(new Error('/secret'), { code: 'ENOSPC' });
    await using rig = await Rig.create(() => Promise.reject(cause));
    const message = "failed to load 'm': its override files cannot be stored (ENOSPC)";
    await expect(rig.override('m', 'sent', { '1/model.onnx': 'model' })).rejects.toMatchObject({ code: 'backend_failed', message, cause });
    expect(await rig.left()).toEqual([]);
  });

  it('stops once the server closes', async () => {
    await using rig = await Rig.create();
    await rig.directories.close();
    await expect(rig.override('m', 'sent', { '1/model.onnx': 'model' })).rejects.toMatchObject({ code: 'draining' });
    const aborted = AbortSignal.abort(new Error('enough'));
    await expect(rig.source.override('m', { config: 'sent', files: new Map() }, aborted)).rejects.toThrow('enough');
  });
});
