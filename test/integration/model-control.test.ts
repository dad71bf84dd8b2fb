import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import type { FlagValues } from '../../src/config/load.js';
import { DynamicClient } from '../support/dynamic-client.js';
import { infer, MILLRACE, OIP } from '../support/facades.js';
import { identityModels } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { doubleOnnx } from '../support/model-files.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';

const SERVICE = 'inference.GRPCInferenceService';
const FILES = { ...identityModels({ same: {} }), 'double/1/model.onnx': doubleOnnx() };

interface ModelIndex {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

/** A server in explicit mode over a repository of its own, which tests change. */
class Rig implements AsyncDisposable {
  readonly #files: ModelDirectory;
  readonly app: RunningApp;
  readonly client: DynamicClient;

  static async start(flags: FlagValues = {}): Promise<Rig> {
    const files = await ModelDirectory.create(FILES);
    return new Rig(files, await RunningApp.start({ modelRepository: [files.path], modelControlMode: 'explicit', ...flags }));
  }

  private constructor(files: ModelDirectory, app: RunningApp) {
    this.#files = files;
    this.app = app;
    this.client = new DynamicClient(app.address);
  }

  path(name: string): string {
    return join(this.#files.path, name);
  }

  async index(ready = false): Promise<string[]> {
    const { models } = await this.client.unary<{ models: ModelIndex[] }>(`${SERVICE}/RepositoryIndex`, { ready });
    return models.map(({ name, version, state, reason }) => [name, version, state, reason].join(' ').trimEnd());
  }

  load(model: string, rest: object = {}): Promise<object> {
    return this.client.unary(`${SERVICE}/RepositoryModelLoad`, { model_name: model, ...rest });
  }

  unload(model: string, rest: object = {}): Promise<object> {
    return this.client.unary(`${SERVICE}/RepositoryModelUnload`, { model_name: model, ...rest });
  }

  /** The version that answers, and what it answers to 3. */
  async double(facade = OIP): Promise<string> {
    const input = { name: 'X', datatype: 'FP32' as const, shape: [1, 1], values: [3] };
    const { version, outputs } = await infer(this.client, facade, { model: 'double', inputs: [input] }, 'raw');
    return `${version}: ${outputs.flatMap(({ values }) => values).join()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.app[Symbol.asyncDispose]();
    await this.#files[Symbol.asyncDispose]();
  }
}

describe('a server whose models are loaded by its clients', () => {
  it('loads, loads anew what has changed on the disk, and unloads', async () => {
    await using rig = await Rig.start();
    expect(await rig.index()).toEqual(['double  UNAVAILABLE not loaded', 'same  UNAVAILABLE not loaded']);
    expect(await rig.index(true)).toEqual([]);
    expect(await refusalOf(rig.double())).toMatchObject({
      code: status.NOT_FOUND,
      text: "Request for unknown model: 'double' is not found",
    });
    expect(await rig.load('double')).toEqual({});
    expect([await rig.double(), await rig.double(MILLRACE)]).toEqual(['1: 6', '1: 6']);
    expect(await rig.index(true)).toEqual(['double 1 READY']);

    await cp(rig.path('double/1'), rig.path('double/2'), { recursive: true });
    expect(await rig.double()).toBe('1: 6');
    await rig.load('double');
    expect(await rig.double()).toBe('2: 6');

    await rig.unload('double', { parameters: { unload_dependents: { bool_param: true } } });
    const refusal = await refusalOf(rig.double());
    expect([status.NOT_FOUND, status.UNAVAILABLE]).toContain(refusal.code);
    expect(refusal.text).toContain("Request for unknown model: 'double'");
    await rig.app.reaches(0, 'millrace_models');
    expect(await rig.index()).toEqual(['double  UNAVAILABLE unloaded', 'same  UNAVAILABLE not loaded']);
    await rig.load('double');
    expect(await rig.double()).toBe('2: 6');
  });

  it('goes on with what it has where a load fails, and counts on', async () => {
    await using rig = await Rig.start({ loadModel: ['double'] });
    await rig.double();
    await writeFile(rig.path('double/1/model.onnx'), 'this is no model'.repeat(100));
    const refusal = await refusalOf(rig.load('double'));
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'load_failed' });
    expect(refusal.text).toContain("load failed for model 'double': version 1: ");
    expect(refusal.text).not.toContain(rig.path(''));
    expect([await rig.double(), await rig.index(true)]).toEqual(['1: 6', ['double 1 READY']]);
    expect(await rig.app.total('millrace_batch_rows_count', { model: 'double' })).toBe(2);
    await writeFile(rig.path('double/1/model.onnx'), doubleOnnx());
    await rig.load('double');
    expect(await rig.double()).toBe('1: 6');
  });

  it('answers every call while a model is loaded anew', async () => {
    await using rig = await Rig.start({ loadModel: ['double'] });
    const reloads = (async () => {
      for (let round = 0; round < 3; round++) await rig.load('double');
      return 'done';
    })();
    let loading = true;
    void reloads.then(() => (loading = false));
    const answers = new Set<string>();
    while (loading) answers.add(await rig.double());
    expect([await reloads, [...answers]]).toEqual(['done', ['1: 6']]);
  });

  it('reads the configuration afresh, and warns of what has no effect', async () => {
    await using rig = await Rig.start();
    await writeFile(rig.path('double/config.pbtxt'), 'colour: "red"');
    const refusal = await refusalOf(rig.load('double'));
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(refusal.text).toContain("load failed for model 'double': ");
    expect(refusal.text).toContain("unknown field 'colour'");
    expect((await rig.index())[0]).toContain("unknown field 'colour'");
    await writeFile(rig.path('double/config.pbtxt'), 'response_cache { enable: true }');
    await rig.load('double');
    expect(rig.app.log.all('model_config')).toMatchObject([{ model: 'double', warning: expect.stringContaining('response_cache') }]);
  });

  it('shares one load between those who ask at once', async () => {
    await using rig = await Rig.start();
    await Promise.all([rig.load('double'), rig.load('double'), rig.load('double')]);
    expect(rig.app.log.all('model_ready')).toHaveLength(1);
  });

  it('finds what was put into a repository later, and nothing that was taken out', async () => {
    await using rig = await Rig.start();
    const unknown = { code: status.INTERNAL, text: "failed to load 'late', failed to poll from model repository" };
    expect(await refusalOf(rig.load('late'))).toMatchObject(unknown);
    await mkdir(rig.path('late'));
    await cp(rig.path('double/1'), rig.path('late/1'), { recursive: true });
    await rig.load('late');
    expect(await rig.index(true)).toEqual(['late 1 READY']);
    await rm(rig.path('late'), { recursive: true });
    expect(await refusalOf(rig.load('late'))).toMatchObject(unknown);
    expect(await rig.index(true)).toEqual(['late 1 READY']);
    await rig.unload('late');
    await rig.unload('nobody');
  });

  it.each(['', '..', '../double', 'same/../double', '/etc', 'x'.repeat(300)])('takes %j for no name', async (name) => {
    await using rig = await Rig.start();
    for (const refused of [rig.load(name), rig.unload(name)]) {
      const { code, text } = await refusalOf(refused);
      expect(code).toBe(status.INVALID_ARGUMENT);
      expect(text).toMatch(/^invalid model name '.*must not contain path traversal characters$/);
    }
  });

  it('knows no repository by a name', async () => {
    await using rig = await Rig.start();
    const refusal = await refusalOf(rig.load('double', { repository_name: 'models' }));
    expect(refusal).toMatchObject({ code: status.UNIMPLEMENTED, text: "'repository_name' specification is not supported" });
  });

  it('replaces all versions of a model together, or none of them', async () => {
    await using rig = await Rig.start();
    await writeFile(rig.path('double/config.pbtxt'), 'version_policy { all {} }');
    for (const version of ['2', '3']) await cp(rig.path('double/1'), rig.path(`double/${version}`), { recursive: true });
    await rig.load('double');
    await rm(rig.path('double/1'), { recursive: true });
    await writeFile(rig.path('double/2/model.onnx'), 'this is no model'.repeat(100));
    const refusal = await refusalOf(rig.load('double'));
    expect(refusal.text).toContain("load failed for model 'double': ");
    expect(refusal.text).toContain('version 2: ');
    expect(await rig.index(true)).toEqual(['double 1 READY', 'double 2 READY', 'double 3 READY']);
    await rm(rig.path('double/2'), { recursive: true });
    await rig.load('double');
    await rig.app.reaches(1, 'millrace_models');
    expect(await rig.index(true)).toEqual(['double 3 READY']);
  });

  it('counts the statistics of a model from 0 each time that it is loaded, and its metrics on', async () => {
    await using rig = await Rig.start({ loadModel: ['double'] });
    for (let call = 0; call < 3; call++) await rig.double();
    await rig.load('double');
    await rig.double();
    const { model_stats: models } = await rig.client.unary<{ model_stats: object[] }>(`${SERVICE}/ModelStatistics`, { name: 'double' });
    expect(models).toMatchObject([{ inference_count: '1', execution_count: '1', inference_stats: { success: { count: '1' } } }]);
    expect(await rig.app.total('nv_inference_count', { model: 'double' })).toBe(4);
    expect(await rig.app.total('millrace_batch_rows_count', { model: 'double' })).toBe(4);
  });
});

describe('a server whose models are not for its clients to load', () => {
  it('lists all the same', async () => {
    await using rig = await Rig.start({ modelControlMode: 'none' });
    expect(await rig.index()).toEqual(['double 1 READY', 'same 1 READY']);
    for (const refused of [rig.load('double'), rig.unload('double')]) {
      const { code, text } = await refusalOf(refused);
      expect([code, text]).toEqual([
        status.UNAVAILABLE,
        expect.stringContaining('explicit model load / unload is not allowed if polling is enabled'),
      ]);
    }
    expect(await rig.double()).toBe('1: 6');
  });

  it('says so where the control plane is off', async () => {
    await using rig = await Rig.start({ controlPlane: 'off', loadModel: ['double'] });
    for (const refused of [rig.load('double'), rig.unload('double')]) {
      expect(await refusalOf(refused)).toMatchObject({ code: status.PERMISSION_DENIED, reason: 'permission_denied' });
    }
    expect([await rig.double(), await rig.index(true)]).toEqual(['1: 6', ['double 1 READY']]);
  });
});
