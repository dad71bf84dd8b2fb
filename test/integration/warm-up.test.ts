import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import type { AppParts } from '../../src/app.js';
import type { FlagValues } from '../../src/config/load.js';
import { DynamicClient } from '../support/dynamic-client.js';
import { infer, OIP } from '../support/facades.js';
import { HeldRuns } from '../support/held-runs.js';
import { identityModels } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { lookupOnnx, modelFiles } from '../support/model-files.js';
import { identityOnnx } from '../support/onnx-builder.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';

const SERVICE = 'inference.GRPCInferenceService';
const heldWorker = new URL('../fixtures/held-worker.js', import.meta.url);

/** One input of a warm-up; `data` is its member of the oneof. */
const input = (name: string, type: string, dims: string, data: string): string =>
  `inputs { key: "${name}" value { data_type: ${type} dims: [ ${dims} ] ${data} } }`;
const warmup = (rest: string): string => `model_warmup { ${rest} }`;
const x = (data: string): string => input('X', 'TYPE_FP32', '2', data);

/** A zero, a random and a file warm-up of the model X, FP32 [-1,2]. */
const THREE = [
  'max_batch_size: 4',
  warmup(`name: "zero" batch_size: 3 count: 2 ${x('zero_data: true')}`),
  warmup(`name: "random" batch_size: 1 ${x('random_data: true')}`),
  warmup(`name: "file" batch_size: 2 ${x('input_data_file: "sets/row.bin"')}`),
].join('\n');
const ROW = new Uint8Array(Float32Array.of(7, 8).buffer);

interface Statistics {
  readonly inference_count: string;
  readonly execution_count: string;
  readonly batch_stats: readonly object[];
  readonly inference_stats: { readonly success: { readonly count: string }; readonly compute_infer: { readonly count: string } };
}

/** A server over a repository of its own. */
class Rig implements AsyncDisposable {
  readonly app: RunningApp;
  readonly client: DynamicClient;
  readonly #files: ModelDirectory;

  static async start(files: Readonly<Record<string, Uint8Array>>, flags: FlagValues = {}, parts: AppParts = {}): Promise<Rig> {
    const directory = await ModelDirectory.create(files);
    return new Rig(directory, await RunningApp.start({ modelRepository: [directory.path], ...flags }, parts));
  }

  private constructor(files: ModelDirectory, app: RunningApp) {
    this.#files = files;
    this.app = app;
    this.client = new DynamicClient(app.address);
  }

  get path(): string {
    return this.#files.path;
  }

  load(model: string): Promise<object> {
    return this.client.unary(`${SERVICE}/RepositoryModelLoad`, { model_name: model });
  }

  async ready(model: string): Promise<boolean> {
    return (await this.client.unary<{ ready: boolean }>(`${SERVICE}/ModelReady`, { name: model })).ready;
  }

  async state(model: string): Promise<string> {
    const { models } = await this.client.unary<{ models: { name: string; state: string; reason: string }[] }>(
      `${SERVICE}/RepositoryIndex`,
      {},
    );
    return models.flatMap(({ name, state, reason }) => (name === model ? [`${state} ${reason}`.trim()] : [])).join();
  }

  async statistics(model: string): Promise<Statistics> {
    const { model_stats: all } = await this.client.unary<{ model_stats: Statistics[] }>(`${SERVICE}/ModelStatistics`, { name: model });
    const [first] = all;
    if (first === undefined) throw new Error(`${model} has no statistics`);
    return first;
  }

  async values(
    model: string,
    datatype: 'FP32' | 'INT64',
    shape: readonly number[],
    values: readonly (number | bigint)[],
  ): Promise<unknown> {
    const request = { model, inputs: [{ name: 'X', datatype, shape, values }] };
    return (await infer(this.client, OIP, request, 'raw')).outputs.map((output) => output.values);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.app[Symbol.asyncDispose]();
    await this.#files[Symbol.asyncDispose]();
  }
}

const NOTHING_RAN = {
  inference_count: '0',
  execution_count: '0',
  batch_stats: [],
  inference_stats: { success: { count: '0' }, compute_infer: { count: '0' } },
};

describe('a model with warm-ups', () => {
  it('is ready only when every instance has run all of them, and none of it is counted', async () => {
    using held = new HeldRuns();
    const files = {
      'm/config.pbtxt': Buffer.from(`${THREE} instance_group { count: 2 kind: KIND_CPU }`),
      'm/1/model.onnx': new Uint8Array(1),
      'm/warmup/sets/row.bin': ROW,
    };
    await using rig = await Rig.start(files, { modelControlMode: 'explicit' }, { onnxWorkerUrl: heldWorker });
    const load = rig.load('m');
    for (let run = 1; run <= 8; run++) {
      await held.begun(run);
      expect([await rig.ready('m'), await rig.state('m')]).toEqual([false, 'LOADING']);
      held.release();
    }
    await load;
    expect([await rig.ready('m'), await rig.state('m')]).toEqual([true, 'READY']);
    const [, , random] = held.seen;
    expect(random?.values.every((value) => value >= 0 && value <= 1)).toBe(true);
    const zeros = { shape: [3, 2], values: [0, 0, 0, 0, 0, 0] };
    const ofOne = [zeros, zeros, { shape: [1, 2] }, { shape: [2, 2], values: [7, 8, 7, 8] }];
    expect(held.seen).toMatchObject([...ofOne, ...ofOne]);
    expect(await rig.statistics('m')).toMatchObject(NOTHING_RAN);
    for (const name of ['millrace_batch_rows_count', 'millrace_pool_leases_total', 'nv_inference_exec_count', 'nv_inference_count']) {
      expect([name, await rig.app.total(name, { model: 'm' })]).toEqual([name, 0]);
    }

    held.releaseAll();
    expect(await rig.values('m', 'FP32', [1, 2], [1, 2])).toEqual([[1, 2]]);
    expect(await rig.statistics('m')).toMatchObject({ inference_count: '1', execution_count: '1' });
  });

  it('runs zeros, random data and files in ONNX Runtime, of text too', async () => {
    const words = (data: string) => input('X', 'TYPE_STRING', '2', data);
    const texts = [
      'max_batch_size: 4',
      warmup(`name: "zero" batch_size: 2 ${words('zero_data: true')}`),
      warmup(`name: "random" batch_size: 2 ${words('random_data: true')}`),
      warmup(`name: "file" batch_size: 2 ${words('input_data_file: "words.bin"')}`),
    ].join('\n');
    await using rig = await Rig.start({
      'numbers/config.pbtxt': Buffer.from(THREE),
      'numbers/1/model.onnx': identityOnnx('FP32', ['batch', 2]),
      'numbers/warmup/sets/row.bin': ROW,
      'words/config.pbtxt': Buffer.from(texts),
      'words/1/model.onnx': identityOnnx('BYTES', ['batch', 2]),
      'words/warmup/words.bin': Uint8Array.of(1, 0, 0, 0, 0x61, 0, 0, 0, 0),
    });
    expect([await rig.state('numbers'), await rig.state('words')]).toEqual(['READY', 'READY']);
    expect(await rig.statistics('numbers')).toMatchObject(NOTHING_RAN);
    expect(await rig.values('numbers', 'FP32', [1, 2], [5, 6])).toEqual([[5, 6]]);
    expect(rig.app.log.all('model_config')).toEqual([]);
  });

  it('reads all that a decoupled model answers', async () => {
    const inputs = [
      input('IN', 'TYPE_INT32', '3', 'random_data: true'),
      input('DELAY', 'TYPE_UINT32', '3', 'zero_data: true'),
      input('WAIT', 'TYPE_UINT32', '1', 'zero_data: true'),
    ];
    const decoupled = 'backend: "repeat" model_transaction_policy { decoupled: true }';
    await using rig = await Rig.start(
      modelFiles({
        good: { config: `${decoupled} ${warmup(`name: "w" batch_size: 1 count: 3 ${inputs.join(' ')}`)}` },
        bad: {
          config: `${decoupled} ${warmup(`name: "w" batch_size: 1 ${inputs.join(' ').replace('dims: [ 3 ]', 'dims: [ 2 ]')}`)}`,
        },
      }),
    );
    expect(await rig.state('good')).toBe('READY');
    expect(await rig.statistics('good')).toMatchObject(NOTHING_RAN);
    expect(await rig.state('bad')).toContain("warm-up 'w' failed: expected IN and DELAY shape to match, got [2] and [3]");
  });

  it('goes on with what it has where the warm-up of a new load fails, and tells the operator why', async () => {
    const lookup = lookupOnnx([10, 11, 12]);
    const files = { 'm/1/model.onnx': lookup, 'm/warmup/far.bin': new Uint8Array(BigInt64Array.of(99n).buffer) };
    await using rig = await Rig.start(files, { modelControlMode: 'explicit', loadModel: ['m'] });
    expect(await rig.values('m', 'INT64', [1, 1], [2n])).toEqual([[12]]);
    const far = warmup(`name: "far" batch_size: 1 ${input('X', 'TYPE_INT64', '1', 'input_data_file: "far.bin"')}`);
    await writeFile(join(rig.path, 'm/config.pbtxt'), `max_batch_size: 8 ${far}`);
    const refusal = await refusalOf(rig.load('m'));
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'load_failed' });
    expect(refusal.text).toContain("warm-up 'far' failed: the model failed to execute in the runtime");
    expect([await rig.ready('m'), await rig.state('m')]).toEqual([true, 'READY']);
    expect(await rig.values('m', 'INT64', [1, 1], [1n])).toEqual([[11]]);
    expect(rig.app.log.toString()).toContain('Gather');
  });

  it('has failed where its warm-ups take longer than a load may', async () => {
    const run = warmup(`name: "long" batch_size: 1 ${input('INPUT0', 'TYPE_FP32', '1', 'zero_data: true')}`);
    await using rig = await Rig.start(identityModels({ slow: { delayMs: 3_600_000, config: run } }), { loadTimeoutMs: '300' });
    expect(await rig.state('slow')).toBe('UNAVAILABLE an instance was not ready within 300 ms');
  });
});

describe('a warm-up that is wrong', () => {
  const FILES: Readonly<Record<string, string>> = {
    absolute: '/etc/passwd',
    above: '../1/model.onnx',
    linked: 'link.bin',
    missing: 'none.bin',
    folder: 'folder',
    short: 'short.bin',
  };
  const REASONS: Readonly<Record<string, string>> = {
    absolute: "input 'X' with input_data_file '/etc/passwd', expected the path of a file in the model's directory warmup",
    above: "input 'X' with input_data_file '../1/model.onnx', expected the path of a file in the model's directory warmup",
    linked: "warm-up 'w' has input 'X' of file 'link.bin', which leads out of its directory",
    missing: "warm-up 'w' has input 'X' of file 'none.bin', which does not exist",
    folder: "warm-up 'w' has input 'X' of file 'folder', which is no file",
    short: "warm-up 'w': input byte size mismatch for input 'X' for model 'short'. Expected 8, got 4",
  };

  it('fails the load, says what is wrong and never where the host has it', async () => {
    const files: Record<string, Uint8Array> = {
      'linked/warmup/row.bin': ROW,
      'folder/warmup/folder/row.bin': ROW,
      'short/warmup/short.bin': ROW.subarray(4),
    };
    for (const [model, file] of Object.entries(FILES)) {
      const run = warmup(`name: "w" batch_size: 1 ${x(`input_data_file: "${file}"`)}`);
      files[`${model}/config.pbtxt`] = Buffer.from(`max_batch_size: 4 ${run}`);
      files[`${model}/1/model.onnx`] = identityOnnx('FP32', ['batch', 2]);
    }
    await using rig = await Rig.start(files, { modelControlMode: 'explicit' });
    await symlink('/etc/passwd', join(rig.path, 'linked/warmup/link.bin'));
    for (const [model, reason] of Object.entries(REASONS)) {
      const refusal = await refusalOf(rig.load(model));
      expect([model, refusal.code, refusal.text]).toEqual([model, status.INVALID_ARGUMENT, expect.stringContaining(reason)]);
      expect(refusal.text).not.toContain(rig.path);
    }
  });
});
