import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { InferResponse } from '../../src/gen/millrace/v1/inference.js';
import { eventually } from '../support/eventually.js';
import { type GrpcAnswer, RawClient } from '../support/grpc-client.js';
import {
  INFER,
  INFER_STREAM,
  identityModels,
  identityRow,
  inferRequest,
  inferStreamRequest,
  isFinal,
  rawTensor,
} from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { linearOnnx } from '../support/onnx-builder.js';
import { RunningApp } from '../support/running-app.js';

const OK = 0;
const INTERNAL = 13;
const UNAVAILABLE = 14;
/** What the worker of test/fixtures/mortal-worker.ts dies of. */
const EXIT = -6666;
const THROW = -7777;
const PATIENCE = { 'grpc-timeout': '2S' };

const onnxWorkerUrl = new URL('../fixtures/mortal-worker.js', import.meta.url);

/** Y = 2 · X + 1, one instance, and batches of exactly four rows where four come within a second. */
const FOUR = 'max_batch_size: 4 dynamic_batching { preferred_batch_size: [ 4 ] max_queue_delay_microseconds: 1000000 }';

async function createRepository(): Promise<ModelDirectory> {
  const linear = linearOnnx([[2]], [1]);
  return ModelDirectory.create({
    'alone/1/model.onnx': linear,
    'four/1/model.onnx': linear,
    'four/config.pbtxt': Buffer.from(FOUR),
    'other/1/model.onnx': linear,
    'pair/1/model.onnx': linear,
    'pair/config.pbtxt': Buffer.from('max_batch_size: 1 instance_group [ { count: 2 kind: KIND_CPU } ]'),
    ...identityModels({ identity: { maxBatchSize: 4 } }),
  });
}

class Rig implements AsyncDisposable {
  readonly app: RunningApp;
  readonly client: RawClient;
  readonly #repository: ModelDirectory;

  static async start(): Promise<Rig> {
    const repository = await createRepository();
    const app = await RunningApp.start({ modelRepository: [repository.path] }, { onnxWorkerUrl });
    return new Rig(app, await RawClient.connect(app.address), repository);
  }

  private constructor(app: RunningApp, client: RawClient, repository: ModelDirectory) {
    this.app = app;
    this.client = client;
    this.#repository = repository;
  }

  ask(model: string, value: number, headers: Record<string, string> = PATIENCE): Promise<GrpcAnswer> {
    return this.client.call(INFER, inferRequest(model, rawTensor('X', [1, 1], [value])), headers);
  }

  /** The answer to one row, or the status where there is none. */
  async value(model: string, value: number): Promise<number> {
    const { status, messages } = await this.ask(model, value);
    if (status !== OK) throw new Error(`status ${status}`);
    const [output] = InferResponse.decode(messages[0] ?? Buffer.alloc(0)).outputs;
    return Buffer.from(output?.raw ?? []).readFloatLE();
  }

  /** Where the file of a model lies. */
  fileOf(model: string): string {
    return join(this.#repository.path, model, '1', 'model.onnx');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.app[Symbol.asyncDispose]();
    await this.#repository[Symbol.asyncDispose]();
  }
}

describe.each([
  ['exits', EXIT, 'worker exited with code 7'],
  ['throws', THROW, 'crashed in the middle of a run'],
])('a worker that %s during a run', (_how, poison, cause) => {
  it('fails that run alone, is not asked to run it again, and the next call works within two seconds', async () => {
    await using rig = await Rig.start();
    expect(await rig.value('alone', 3)).toBe(7);
    const executions = await rig.app.total('millrace_execute_seconds_count', { model: 'alone' });

    const failed = await rig.ask('alone', poison);
    expect(failed).toMatchObject({ status: INTERNAL, text: 'the worker died while it ran this batch', messages: [] });
    // The deadline of this call is two seconds: it waits for the new worker.
    expect(await rig.value('alone', 4)).toBe(9);

    expect(await rig.app.total('millrace_execute_seconds_count', { model: 'alone' })).toBe(executions + 2);
    expect(rig.app.log.all('instance_broken')).toMatchObject([{ level: 'warn', model: 'alone', version: '1', error: { message: cause } }]);
    expect(rig.app.log.all('instance_replaced')).toMatchObject([{ model: 'alone', version: '1' }]);
    expect(await rig.app.page('/livez')).toMatchObject({ status: 200 });
    expect(await rig.app.page('/readyz')).toMatchObject({ status: 200 });
  });
});

describe('a worker that dies', () => {
  it('fails every member of its batch and no other call', async () => {
    await using rig = await Rig.start();
    const inBatch = [1, EXIT, 2, 3].map((value) => rig.ask('four', value));
    const next = [5, 6, 7, 8].map((value) => rig.value('four', value));
    const answers = await Promise.all(inBatch);
    expect(answers.map(({ status }) => status)).toEqual([INTERNAL, INTERNAL, INTERNAL, INTERNAL]);
    expect(await Promise.all(next)).toEqual([11, 13, 15, 17]);
    expect(rig.app.log.all('instance_broken')).toHaveLength(1);
    expect(await rig.app.total('millrace_batch_rows_sum', { model: 'four' })).toBe(8);
  });

  it('again and again keeps its model away for less than two seconds each time, and disturbs no other model', async () => {
    await using rig = await Rig.start();
    let isOver = false;
    const undisturbed = async (call: () => Promise<GrpcAnswer>): Promise<number> => {
      let answers = 0;
      for (; !isOver; answers += 1) expect(await call()).toMatchObject({ status: OK });
      return answers;
    };
    const others = [undisturbed(() => rig.ask('other', 1)), undisturbed(() => rig.client.call(INFER, identityRow('identity'), PATIENCE))];
    for (let death = 0; death < 4; death += 1) {
      expect(await rig.ask('alone', death % 2 === 0 ? EXIT : THROW)).toMatchObject({ status: INTERNAL });
      expect(await rig.value('alone', death)).toBe(2 * death + 1);
    }
    isOver = true;
    for (const answers of await Promise.all(others)) expect(answers).toBeGreaterThan(0);
    expect(rig.app.log.all('instance_broken').map(({ model }) => model)).toEqual(['alone', 'alone', 'alone', 'alone']);
  });

  it('leaves the second instance of its model to the others meanwhile', async () => {
    await using rig = await Rig.start();
    const failed = rig.ask('pair', EXIT);
    const values = Array.from({ length: 20 }, (_, at) => rig.value('pair', at));
    expect(await failed).toMatchObject({ status: INTERNAL });
    expect(await Promise.all(values)).toEqual(values.map((_, at) => 2 * at + 1));
    await eventually('the dead one is replaced', () => rig.app.log.all('instance_replaced').length === 1);
  });

  it('ends a stream with its status, or only its rows where the client wishes so', async () => {
    await using rig = await Rig.start();
    const input = rawTensor('X', [4, 1], [1, 2, EXIT, 4]);
    const failed = await rig.client.call(INFER_STREAM, inferStreamRequest('pair', [input], 1), PATIENCE);
    expect([INTERNAL, UNAVAILABLE]).toContain(failed.status);
    expect(failed.messages.some(isFinal)).toBe(false);
    const failures = await rig.client.call(INFER_STREAM, inferStreamRequest('pair', [input], 1, 'continue'), PATIENCE);
    expect(failures).toMatchObject({ status: OK });
    expect(failures.messages).toHaveLength(4);
    expect(failures.messages.filter(isFinal)).toHaveLength(1);
  });

  it('and cannot be replaced makes its model unavailable, with a hint and nobody waiting, until it can', async () => {
    await using rig = await Rig.start();
    const file = rig.fileOf('alone');
    await rename(file, `${file}.away`);
    expect(await rig.ask('alone', EXIT)).toMatchObject({ status: INTERNAL });
    await eventually('the log tells that none can be made', () => rig.app.log.first('create_failed'));
    const refused = await rig.ask('alone', 1);
    expect(refused).toMatchObject({ status: UNAVAILABLE, text: 'no instance of the model can be made at present' });
    const end = refused.trailers['grpc-status'] === undefined ? refused.headers : refused.trailers;
    expect(Number(end['grpc-retry-pushback-ms'])).toBeGreaterThan(0);
    expect(JSON.stringify(end)).not.toContain(file);
    expect(await rig.value('other', 1)).toBe(3);

    await rename(`${file}.away`, file);
    const value = await eventually('the model is back', () => rig.value('alone', 5).catch(() => undefined));
    expect(value).toBe(11);
  });
});
