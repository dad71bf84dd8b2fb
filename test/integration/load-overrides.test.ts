import { readdir } from 'node:fs/promises';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import type { AppParts } from '../../src/app.js';
import type { FlagValues } from '../../src/config/load.js';
import { DynamicClient } from '../support/dynamic-client.js';
import { eventually } from '../support/eventually.js';
import { infer, OIP } from '../support/facades.js';
import { identityModels } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { doubleOnnx } from '../support/model-files.js';
import { buildOnnx, externalDataOnnx } from '../support/onnx-builder.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';

const SERVICE = 'inference.GRPCInferenceService';
const FILES = { ...identityModels({ same: {} }), 'double/1/model.onnx': doubleOnnx() };
/** What the worker of test/fixtures/mortal-worker.ts dies of. */
const DEADLY = -6666;
const ONNX = '{"backend": "onnxruntime"}';

interface Overrides {
  readonly config?: string;
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

interface ModelIndex {
  readonly name: string;
  readonly version: string;
  readonly state: string;
}

interface ShownConfig {
  readonly config: { readonly max_batch_size: number; readonly platform: string; readonly input: readonly { readonly name: string }[] };
}

/** X + X + X → Y. */
function tripleOnnx(): Uint8Array {
  const shape = ['batch', 'width'];
  return buildOnnx({
    inputs: [{ name: 'X', type: 'FP32', shape }],
    outputs: [{ name: 'Y', type: 'FP32', shape }],
    nodes: [{ op: 'Sum', inputs: ['X', 'X', 'X'], outputs: ['Y'] }],
  });
}

/** A server in explicit mode, whose temporary directory tests look into. */
class Rig implements AsyncDisposable {
  readonly #repository: ModelDirectory;
  readonly #temporary: ModelDirectory;
  readonly app: RunningApp;
  readonly client: DynamicClient;

  static async start(flags: FlagValues = {}, parts: AppParts = {}): Promise<Rig> {
    const [repository, temporary] = [await ModelDirectory.create(FILES), await ModelDirectory.create({})];
    const app = await RunningApp.start(
      { modelRepository: [repository.path], modelControlMode: 'explicit', ...flags },
      { temporaryDirectory: temporary.path, ...parts },
    );
    return new Rig(repository, temporary, app);
  }

  private constructor(repository: ModelDirectory, temporary: ModelDirectory, app: RunningApp) {
    this.#repository = repository;
    this.#temporary = temporary;
    this.app = app;
    this.client = new DynamicClient(app.address);
  }

  load(model: string, { config, files = {} }: Overrides = {}): Promise<object> {
    const named = Object.entries(files).map(([path, content]) => [`file:${path}`, { bytes_param: content }] as const);
    const parameters = { ...(config === undefined ? {} : { config: { string_param: config } }), ...Object.fromEntries(named) };
    return this.client.unary(`${SERVICE}/RepositoryModelLoad`, { model_name: model, parameters });
  }

  unload(model: string): Promise<object> {
    return this.client.unary(`${SERVICE}/RepositoryModelUnload`, { model_name: model });
  }

  async ready(): Promise<string[]> {
    const { models } = await this.client.unary<{ models: ModelIndex[] }>(`${SERVICE}/RepositoryIndex`, { ready: true });
    return models.map(({ name, version }) => `${name} ${version}`);
  }

  async config(model: string): Promise<ShownConfig['config']> {
    return (await this.client.unary<ShownConfig>(`${SERVICE}/ModelConfig`, { name: model })).config;
  }

  /** The version that answers, and its answer. */
  async answer(model: string, value = 3): Promise<string> {
    const input = { name: 'X', datatype: 'FP32' as const, shape: [1, 1], values: [value] };
    const { version, outputs } = await infer(this.client, OIP, { model, inputs: [input] }, 'raw');
    return `${version}: ${outputs.flatMap(({ values }) => values).join()}`;
  }

  /** What lies in the temporary directory. */
  left(): Promise<string[]> {
    return readdir(this.#temporary.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.app[Symbol.asyncDispose]();
    await this.#temporary[Symbol.asyncDispose]();
    await this.#repository[Symbol.asyncDispose]();
  }
}

describe('a model that is loaded with a config of the caller', () => {
  it('is configured so until it is loaded again', async () => {
    await using rig = await Rig.start({ loadModel: ['double'] });
    expect((await rig.config('double')).max_batch_size).toBe(32);
    for (const config of ['{"max_batch_size": 4}', '{"maxBatchSize": "4", "backend": "onnxruntime"}']) {
      await rig.load('double', { config });
      expect([await rig.config('double'), await rig.answer('double')]).toMatchObject([{ max_batch_size: 4 }, '1: 6']);
    }
    await rig.load('double');
    expect((await rig.config('double')).max_batch_size).toBe(32);
    expect(await rig.left()).toEqual([]);
  });

  it('warns of what has no effect there', async () => {
    await using rig = await Rig.start();
    await rig.load('double', { config: '{"response_cache": {"enable": true}}' });
    expect(rig.app.log.all('model_config')).toMatchObject([{ model: 'double', warning: expect.stringContaining('response_cache') }]);
  });

  it.each([
    ['an unknown field', '{"colour": "red"}', 'key "colour" is unknown'],
    ['a word for a number', '{"max_batch_size": "many"}', 'max_batch_size'],
    ['a negative size', '{"max_batch_size": -1}', 'max_batch_size is -1'],
    ['another name', '{"name": "other"}', "name is 'other'"],
    ['an input that the model has not', '{"input": [{"name": "Z"}]}', "'Z'"],
    ['text format', 'max_batch_size: 4', 'JSON'],
    ['no end', `{"input": ${'['.repeat(100_000)}`, 'JSON'],
    ['too many characters', `{"name": "${'x'.repeat(1_000_000)}"}`, 'expected at most'],
  ])('goes on as it is where the config has %s', async (_, config, phrase) => {
    await using rig = await Rig.start({ loadModel: ['double'] });
    const refusal = await refusalOf(rig.load('double', { config }));
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'load_failed' });
    expect(refusal.text).toContain("load failed for model 'double': ");
    expect(refusal.text).toContain(phrase);
    expect(refusal.text.length).toBeLessThan(450);
    expect([await rig.answer('double'), (await rig.config('double')).max_batch_size]).toEqual(['1: 6', 32]);
  });

  it('must be in a repository', async () => {
    await using rig = await Rig.start();
    expect(await refusalOf(rig.load('nobody', { config: ONNX }))).toMatchObject({
      code: status.INTERNAL,
      text: "failed to load 'nobody', failed to poll from model repository",
    });
  });
});

describe('a model that is loaded with files of the caller', () => {
  it('is made of these alone, and of its repository when it is loaded again', async () => {
    await using rig = await Rig.start({ loadModel: ['double'] });
    await rig.load('double', { config: ONNX, files: { '7/model.onnx': tripleOnnx() } });
    expect([await rig.answer('double'), await rig.ready()]).toEqual(['7: 9', ['double 7']]);
    expect(await rig.left()).toHaveLength(1);
    await rig.load('double');
    expect([await rig.answer('double'), await rig.ready()]).toEqual(['1: 6', ['double 1']]);
    await eventually('the files are gone', async () => (await rig.left()).length === 0);
  });

  it('need not be in a repository, and leaves nothing behind when it is unloaded', async () => {
    await using rig = await Rig.start();
    const config = '{"name": "sent", "backend": "onnxruntime", "version_policy": {"all": {}}}';
    await rig.load('sent', {
      config,
      files: { '1/model.onnx': doubleOnnx(), '2/model.onnx': tripleOnnx(), 'labels.txt': Buffer.from('a') },
    });
    expect([await rig.answer('sent'), await rig.ready()]).toEqual(['2: 9', ['sent 1', 'sent 2']]);
    expect(await rig.config('sent')).toMatchObject({ platform: 'onnxruntime_onnx', input: [{ name: 'X' }] });
    await rig.unload('sent');
    await eventually('the files are gone', async () => (await rig.left()).length === 0);
    expect((await refusalOf(rig.load('sent'))).text).toBe("failed to load 'sent', failed to poll from model repository");
  });

  it('keeps the files as long as an instance may have to be made anew', async () => {
    await using rig = await Rig.start({}, { onnxWorkerUrl: new URL('../fixtures/mortal-worker.js', import.meta.url) });
    await rig.load('sent', { config: ONNX, files: { '1/model.onnx': tripleOnnx() } });
    await refusalOf(rig.answer('sent', DEADLY));
    await eventually('a new instance answers', () =>
      rig.answer('sent').then(
        (answer) => answer === '1: 9',
        () => false,
      ),
    );
    expect(rig.app.log.all('model_ready')).toHaveLength(1);
  });

  it('has its external data there too, and no file of the server', async () => {
    await using rig = await Rig.start();
    const weights = new Uint8Array(Float32Array.of(10, 20).buffer);
    const files = { '1/model.onnx': externalDataOnnx('weights.bin'), '1/weights.bin': weights };
    await rig.load('sent', { config: ONNX, files });
    const input = { name: 'X', datatype: 'FP32' as const, shape: [2], values: [1, 2] };
    expect((await infer(rig.client, OIP, { model: 'sent', inputs: [input] }, 'raw')).outputs).toMatchObject([{ values: [11, 22] }]);
    const outside = { '1/model.onnx': externalDataOnnx('../weights.bin'), 'weights.bin': weights };
    expect(await refusalOf(rig.load('sent', { config: ONNX, files: outside }))).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('has its labels and the data of its warm-ups there too', async () => {
    await using rig = await Rig.start();
    const config = JSON.stringify({
      backend: 'onnxruntime',
      max_batch_size: 4,
      output: [{ name: 'Y', data_type: 'TYPE_FP32', dims: [-1], label_filename: 'labels.txt' }],
      model_warmup: [{ name: 'w', batch_size: 1, inputs: { X: { data_type: 'TYPE_FP32', dims: [2], input_data_file: 'row' } } }],
    });
    const files = { '1/model.onnx': doubleOnnx(), 'labels.txt': Buffer.from('cat\ndog'), 'warmup/row': new Uint8Array(8) };
    await rig.load('sent', { config, files });
    const answer = await rig.client.unary<{ raw_output_contents: Uint8Array[] }>(`${SERVICE}/ModelInfer`, {
      model_name: 'sent',
      inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 2], contents: { fp32_contents: [1, 3] } }],
      outputs: [{ name: 'Y', parameters: { classification: { int64_param: 1 } } }],
    });
    expect(Buffer.from(answer.raw_output_contents[0] ?? []).toString()).toContain(':1:dog');
    const { 'warmup/row': _row, ...others } = files;
    const refusal = await refusalOf(rig.load('sent', { config, files: others }));
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, text: expect.stringContaining('warm-up') });
    expect(await rig.left()).toHaveLength(1);
  });

  it('keeps no files that others have taken the place of', async () => {
    await using rig = await Rig.start();
    await rig.load('sent', { config: ONNX, files: { '1/model.onnx': doubleOnnx() } });
    const [first] = await rig.left();
    await rig.load('sent', { config: ONNX, files: { '1/model.onnx': tripleOnnx() } });
    await eventually('the files of one are left', async () => (await rig.left()).length === 1);
    expect([await rig.left(), await rig.answer('sent')]).toEqual([[expect.not.stringMatching(`^${first}$`)], '1: 9']);
  });

  it('goes on as it is where the files make no model, and none of them is left', async () => {
    await using rig = await Rig.start({ loadModel: ['double'] });
    const bad = Buffer.from('this is no model'.repeat(100));
    const attempts = [{ '1/model.onnx': bad }, { '1/net.onnx': doubleOnnx() }, { 'model.onnx': doubleOnnx() }];
    for (const files of attempts) {
      const refusal = await refusalOf(rig.load('double', { config: ONNX, files }));
      expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'load_failed' });
      expect(refusal.text).toContain("load failed for model 'double': ");
      expect(refusal.text).not.toContain('millrace-override');
      expect(await rig.left()).toEqual([]);
    }
    expect([await rig.answer('double'), await rig.ready()]).toEqual(['1: 6', ['double 1']]);
  });

  it('needs a config', async () => {
    await using rig = await Rig.start({ loadModel: ['double'] });
    const { code, text } = await refusalOf(rig.load('double', { files: { '1/model.onnx': tripleOnnx() } }));
    expect([code, text]).toEqual([
      status.INVALID_ARGUMENT,
      "failed to load 'double', failed to poll from model repository: load parameter 'config' must be specified for model file override",
    ]);
    expect(await rig.answer('double')).toBe('1: 6');
  });

  it.each([
    '../double/1/model.onnx',
    '../../../../root/.bashrc',
    '1/../../model.onnx',
    '/etc/passwd',
    '1//model.onnx',
    '1/..\\..\\model.onnx',
    '1/model\0.onnx',
    '0/model.onnx',
    'one/model.onnx',
    '',
    'x'.repeat(300),
  ])('takes no file %j', async (path) => {
    await using rig = await Rig.start({ loadModel: ['double'] });
    const files = { '1/model.onnx': tripleOnnx(), [path]: Buffer.from('x') };
    const refusal = await refusalOf(rig.load('double', { config: ONNX, files }));
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'invalid_request' });
    expect(refusal.text).toMatch(/^failed to load 'double': file parameter 'file:.*(must stay within model|is in no version) directory/su);
    expect([await rig.left(), await rig.answer('double')]).toEqual([[], '1: 6']);
  });

  it('says that the files cannot be stored', async () => {
    await using rig = await Rig.start({ loadModel: ['double'] }, { temporaryDirectory: '/nowhere/to/be/found' });
    const refusal = await refusalOf(rig.load('double', { config: ONNX, files: { '1/model.onnx': tripleOnnx() } }));
    expect(refusal).toMatchObject({
      code: status.INTERNAL,
      text: "failed to load 'double': its override files cannot be stored (ENOENT)",
    });
    expect(await rig.answer('double')).toBe('1: 6');
  });

  it('leaves nothing behind when the server ends', async () => {
    await using rig = await Rig.start();
    await rig.load('sent', { config: ONNX, files: { '1/model.onnx': doubleOnnx() } });
    expect(await rig.left()).toHaveLength(1);
    await rig.app.server.drain();
    expect(await rig.left()).toEqual([]);
  });

  it('is loaded once for each caller, one after the other', async () => {
    await using rig = await Rig.start();
    const models = [doubleOnnx(), tripleOnnx(), doubleOnnx(), tripleOnnx()];
    await Promise.all(models.map((onnx, index) => rig.load('sent', { config: ONNX, files: { [`${index + 1}/model.onnx`]: onnx } })));
    const loaded = rig.app.log.all('model_ready').map(({ version }) => version);
    expect(loaded.sort()).toEqual(['1', '2', '3', '4']);
    expect(await rig.ready()).toHaveLength(1);
    await eventually('the files of one are left', async () => (await rig.left()).length === 1);
  });
});

describe('a caller who may not load', () => {
  it('has nothing of his overrides read', async () => {
    await using rig = await Rig.start({ controlPlane: 'off', loadModel: ['double'] });
    const files = { '../x': Buffer.from('x') };
    for (const overrides of [{ config: 'no JSON' }, { config: 'no JSON', files }, { files }]) {
      expect(await refusalOf(rig.load('double', overrides))).toMatchObject({ code: status.PERMISSION_DENIED });
    }
    expect(await rig.left()).toEqual([]);
  });
});

describe('the extension model_repository', () => {
  it('is advertised', async () => {
    await using rig = await Rig.start();
    const { extensions } = await rig.client.unary<{ extensions: string[] }>(`${SERVICE}/ServerMetadata`, {});
    expect(extensions).toContain('model_repository');
  });
});
