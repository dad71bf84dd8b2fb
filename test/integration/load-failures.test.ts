import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HealthCheckRequest, HealthCheckResponse, HealthListResponse } from '../../src/gen/grpc/health/v1/health.js';
import { ServerReadyResponse } from '../../src/gen/inference/metadata.js';
import { runCommand } from '../support/command.js';
import { type GrpcAnswer, RawClient } from '../support/grpc-client.js';
import { INFER, identityModels, identityRequest, MODEL_INFER, oipRequest } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { linearOnnx } from '../support/onnx-builder.js';
import { EXAMPLE_MODELS, RunningApp } from '../support/running-app.js';
import { ServerProcess } from '../support/server-process.js';

const OK = 0;
const NOT_FOUND = 5;
const NOTHING = new Uint8Array();
const SERVING = 1;
const NOT_SERVING = 2;

const linear = linearOnnx([[1], [1]], [0]);
const config = (text: string): Uint8Array => Buffer.from(text);

/** One model that serves, and each way not to. */
const FILES = {
  ...identityModels({ good: {} }),
  'garbage/1/model.onnx': Buffer.from('this is no model'.repeat(100)),
  'mismatch/config.pbtxt': config(
    'max_batch_size: 4 input [ { name: "X" data_type: TYPE_FP32 dims: [ 3 ] } ] output [ { name: "Y" data_type: TYPE_FP32 dims: [ 1 ] } ]',
  ),
  'mismatch/1/model.onnx': linear,
  'strange/config.pbtxt': config('backend: "tensorrt"'),
  'strange/1/placeholder': NOTHING,
  'unversioned/config.pbtxt': config('backend: "onnxruntime"'),
  'misspelt/config.pbtxt': config('backend: "onnxruntime"\ncolour: "red"'),
  'misspelt/1/model.onnx': linear,
  'fileless/1/placeholder': NOTHING,
};

/** What is said of each, in the log, by /readyz and by `check`. */
const REASONS = {
  garbage: 'Protobuf parsing failed.',
  mismatch: "model 'mismatch': input 'X': dims are configured as [3], but the model's are [2]",
  strange: "load failed for model 'strange': backend 'tensorrt' is unknown; there are onnxruntime, identity, repeat",
  unversioned: "model 'unversioned' has no version directory (one named by a positive integer, such as 1)",
  misspelt: "config.pbtxt of model 'misspelt': .inference.ModelConfig: unknown field 'colour' (line 2)",
  fileless: "version 1 of model 'fileless' has no model.onnx",
};

let repository: ModelDirectory;
let app: RunningApp;
let client: RawClient;

beforeAll(async () => {
  repository = await ModelDirectory.create(FILES);
  app = await RunningApp.start({ modelRepository: [repository.path] });
  client = await RawClient.connect(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await repository[Symbol.asyncDispose]();
});

async function health(at: RawClient, service: string): Promise<number> {
  const { messages } = await at.call('/grpc.health.v1.Health/Check', HealthCheckRequest.encode({ service }).finish());
  return HealthCheckResponse.decode(messages[0] ?? NOTHING).status;
}

/** Everything that an answer says, for a search. */
function wordsOf({ headers, trailers }: GrpcAnswer): string {
  return [headers, trailers]
    .map((end) => JSON.stringify(end) + Buffer.from(String(end['grpc-status-details-bin'] ?? ''), 'base64').toString())
    .join();
}

describe('a repository of which most models do not load', () => {
  it('serves the others and says how many failed', async () => {
    expect(await client.call(INFER, identityRequest('good'))).toMatchObject({ status: OK });
    expect(app.log.first('ready')).toMatchObject({ models: { ready: 1, failed: 6 } });
    expect(await app.total('millrace_models', { state: 'ready' })).toBe(1);
  });

  it.each(Object.entries(REASONS))('says in the log why %s failed', (model, reason) => {
    const lines = app.log.all('model_failed').filter((line) => line['model'] === model);
    expect(lines).toMatchObject([{ level: 'error', reason }]);
  });

  it('is ready all the same, with the reasons', async () => {
    const { status, body } = await app.page('/readyz');
    expect(status).toBe(200);
    for (const reason of Object.values(REASONS))
      expect(JSON.parse(body)).toMatchObject({ ready: true, reasons: expect.arrayContaining([expect.stringContaining(reason)]) });
    expect(body).not.toContain(repository.path);
    expect([await health(client, ''), await health(client, 'good')]).toEqual([SERVING, SERVING]);
    for (const model of Object.keys(REASONS)) expect([model, await health(client, model)]).toEqual([model, NOT_SERVING]);
  });

  it.each(Object.keys(REASONS))('answers calls of %s without a path of the host', async (model) => {
    const answers = [await client.call(INFER, identityRequest(model)), await client.call(MODEL_INFER, oipRequest(model))];
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: NOT_FOUND, text: `Request for unknown model: '${model}' has no available versions` });
      expect(wordsOf(answer)).not.toContain(repository.path);
    }
  });

  it('lists the health of all', async () => {
    const { messages } = await client.call('/grpc.health.v1.Health/List', NOTHING);
    const { statuses } = HealthListResponse.decode(messages[0] ?? NOTHING);
    expect(statuses).toMatchObject({ '': { status: SERVING }, good: { status: SERVING }, garbage: { status: NOT_SERVING } });
  });

  it('is told model by model by `check`, which ends with 1', async () => {
    const { code, stdout, stderr } = await runCommand(['check', repository.path]);
    expect([code, stderr]).toEqual([1, '']);
    for (const reason of Object.values(REASONS)) expect(stdout).toContain(`  ${reason}\n`);
    expect(stdout).toContain('good/1  ready  identity, not batched, 1 instance\n');
    expect(stdout).toMatch(/\n1 ready, 6 failed\n$/);
    expect(stdout).not.toContain(repository.path);
  });
});

describe('--strict-readiness', () => {
  it('with a failed model: no ready line, NOT_SERVING, 503; the models that loaded answer', async () => {
    await using server = ServerProcess.spawn(['--model-repository', repository.path, '--strict-readiness']);
    await server.logged('not_ready');
    expect(server.log.first('ready')).toBeUndefined();
    expect(server.log.first('not_ready')).toMatchObject({ level: 'error', models: { ready: 1, failed: 6 } });
    await using strict = await RawClient.connect(server.address);
    expect([await health(strict, ''), await health(strict, 'inference.GRPCInferenceService')]).toEqual([NOT_SERVING, NOT_SERVING]);
    const ready = await strict.call('/inference.GRPCInferenceService/ServerReady', NOTHING);
    expect(ServerReadyResponse.decode(ready.messages[0] ?? NOTHING)).toEqual({ ready: false });
    expect((await fetch(`http://${server.admin}/readyz`)).status).toBe(503);
    expect((await fetch(`http://${server.admin}/livez`)).status).toBe(200);
    expect(await strict.call(INFER, identityRequest('good'))).toMatchObject({ status: OK });
    expect(await health(strict, 'good')).toBe(SERVING);
    server.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    expect(server.log.first('ready')).toBeUndefined();
  });

  it('with models that all load: as ever', async () => {
    await using strict = await RunningApp.examples(['identity', 'repeat'], { strictReadiness: true });
    expect(strict.log.first('ready')).toMatchObject({ models: { ready: 2, failed: 0 } });
    expect(await strict.page('/readyz')).toEqual({ status: 200, body: '{"ready":true,"reasons":[]}\n' });
  });
});

describe('--model-control-mode explicit', () => {
  it('loads what --load-model names and nothing else', async () => {
    await using some = await RunningApp.examples(['identity', 'iris']);
    await using at = await RawClient.connect(some.address);
    expect(
      some.log
        .all('model_ready')
        .map(({ model, version }) => `${String(model)}/${String(version)}`)
        .sort(),
    ).toEqual(['identity/1', 'iris/1', 'iris/2']);
    const answer = await at.call(INFER, identityRequest('digits'));
    expect(answer).toMatchObject({ status: NOT_FOUND, text: "Request for unknown model: 'digits' is not found" });
  });

  it('without --load-model loads nothing, and with * everything', async () => {
    await using none = await RunningApp.start({ modelRepository: [repository.path], modelControlMode: 'explicit' });
    expect(none.log.first('ready')).toMatchObject({ models: { ready: 0, failed: 0 } });
    await using all = await RunningApp.start({ modelRepository: [repository.path], modelControlMode: 'explicit', loadModel: ['*'] });
    expect(all.log.first('ready')).toMatchObject({ models: { ready: 1, failed: 6 } });
  });

  it('says of a name that no repository has what is wrong with it, and serves the others', async () => {
    await using some = await RunningApp.examples(['identity', 'nonesuch']);
    const reason = "failed to load 'nonesuch': no model repository has a model of this name";
    expect(some.log.all('model_failed')).toMatchObject([{ model: 'nonesuch', reason }]);
    expect(some.log.first('ready')).toMatchObject({ models: { ready: 1, failed: 1 } });
    expect((await some.page('/readyz')).body).toContain(`nonesuch: ${reason}`);
  });
});

describe('two repositories', () => {
  it('are served as one, but for a model that both have', async () => {
    await using other = await ModelDirectory.create({ ...identityModels({ good: {}, extra: {} }) });
    await using both = await RunningApp.start({ modelRepository: [repository.path, other.path] });
    await using at = await RawClient.connect(both.address);
    expect(await at.call(INFER, identityRequest('extra'))).toMatchObject({ status: OK });
    expect(both.log.all('model_failed').find(({ model }) => model === 'good')).toMatchObject({
      reason: "model 'good' is in 2 model repositories, expected one",
    });
  });
});

it('examples/models load without a warning', async () => {
  await using examples = await RunningApp.start({ modelRepository: [EXAMPLE_MODELS], strictReadiness: true });
  expect(examples.log.first('ready')).toMatchObject({ models: { ready: 9, failed: 0 } });
  expect(examples.log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
});
