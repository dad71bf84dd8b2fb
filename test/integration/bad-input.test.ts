import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BAD_MESSAGES } from '../support/bad-messages.js';
import { BAD_REQUESTS, tensor } from '../support/bad-requests.js';
import { DynamicClient } from '../support/dynamic-client.js';
import { FACADES, type Facade, infer, MILLRACE, outputOf, type TestRequest } from '../support/facades.js';
import { heldOut, METRICS, rowsOf } from '../support/held-out.js';
import { ModelDirectory } from '../support/model-directory.js';
import { identityConfig, modelFiles } from '../support/model-files.js';
import { addOnnx } from '../support/onnx-builder.js';
import { type Refusal, refusalOf } from '../support/refusal.js';
import { EXAMPLE_MODELS, ROOT, RunningApp } from '../support/running-app.js';

const MAX_TEXT = 500;
const MODELS = ['digits', 'iris', 'topics', 'pair', 'free', 'bytes'];
const FREE = `
  backend: "identity"
  max_batch_size: 8
  input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1, -1 ] } ]
  output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1, -1 ] } ]`;

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  directory = await ModelDirectory.create(
    modelFiles({ pair: { onnx: addOnnx() }, free: { config: FREE }, bytes: { config: identityConfig('UINT8') } }),
  );
  app = await RunningApp.start({
    modelRepository: [EXAMPLE_MODELS, directory.path],
    modelControlMode: 'explicit',
    loadModel: MODELS,
    maxTypedBytes: '262144',
    maxMessageBytes: '4194304',
  });
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const REASONS: Readonly<Record<number, string>> = {
  [status.INVALID_ARGUMENT]: 'invalid_request',
  [status.NOT_FOUND]: 'model_not_found',
  [status.UNIMPLEMENTED]: 'unsupported',
};

/** Short, to the point, machine readable, and silent about the host. */
function expectRefusal(refusal: Refusal, code: number, says: readonly string[], reason = REASONS[code]): void {
  expect(refusal).toMatchObject({ code, reason, domain: 'millrace' });
  for (const part of says) expect(refusal.text).toContain(part);
  expect(refusal.text.length).toBeLessThan(MAX_TEXT);
  for (const place of [ROOT, directory.path, EXAMPLE_MODELS, 'node_modules', '.onnx', '    at ']) expect(refusal.text).not.toContain(place);
}

interface Variant {
  readonly facade: Facade;
  readonly encoding: 'raw' | 'typed';
}

const VARIANTS: readonly Variant[] = FACADES.flatMap((facade) => [
  { facade, encoding: 'raw' },
  { facade, encoding: 'typed' },
]);

describe('a request with', () => {
  describe.each(BAD_REQUESTS)(
    '$what',
    ({ request, says, code = status.INVALID_ARGUMENT, facades = FACADES, encodings = ['raw', 'typed'] }) => {
      const variants = VARIANTS.filter(({ facade, encoding }) => facades.includes(facade) && encodings.includes(encoding));

      it.each(variants)('is refused on $facade.name, $encoding', async ({ facade, encoding }) => {
        expectRefusal(await refusalOf(infer(client, facade, request, encoding)), code, says);
      });
    },
  );

  it.each(BAD_MESSAGES)('$what is refused on $facade.name', async ({ facade, message, says, code = status.INVALID_ARGUMENT, reason }) => {
    expectRefusal(await refusalOf(client.unary(facade.inferMethod, message)), code, says, reason);
  });

  it('bad rows is refused as a stream too, before its first message', async () => {
    const request = { model: 'digits', inputs: [tensor('image', 'FP32', [3, 63])] };
    const { messages, refusal } = await client.failingStream('millrace.v1.InferenceService/InferStream', MILLRACE.message(request, 'raw'));
    expect(messages).toEqual([]);
    expectRefusal(refusal, status.INVALID_ARGUMENT, ['Expected [-1,64], got [3,63]']);
  });
});

/** Numbers from 0 to 255 that are the same in each run. */
function* seededBytes(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state >>> 24;
  }
}

describe('bytes that are no request', () => {
  const invalidUtf8 = Buffer.from([0x0a, 2, 0xc3, 0x28]);
  const endlessVarint = Buffer.alloc(64, 0xff);
  const group = Buffer.from([0x0b, 0x0c]);
  const cutShort = Buffer.from([0x0a, 200, 1, 0x61]);

  it.each(FACADES)('are refused on $name', async ({ inferMethod }) => {
    for (const bytes of [invalidUtf8, endlessVarint, group, cutShort]) {
      expectRefusal(await refusalOf(client.raw(inferMethod, bytes)), status.INVALID_ARGUMENT, ['not a well-formed protobuf message']);
    }
    expectRefusal(await refusalOf(client.raw(inferMethod, new Uint8Array())), status.NOT_FOUND, ["model: '' is not found"]);
  });

  it.each(FACADES)('of every kind are refused on $name, and never as an internal error', async ({ inferMethod }) => {
    const noise = seededBytes(7);
    const messages = Array.from({ length: 200 }, (_, length) => Buffer.from(Array.from({ length: 1 + length }, () => noise.next().value)));
    const refusals = await Promise.all(messages.map((bytes) => refusalOf(client.raw(inferMethod, bytes))));
    for (const refusal of refusals) {
      expectRefusal(refusal, refusal.code, []);
      expect([status.INVALID_ARGUMENT, status.NOT_FOUND]).toContain(refusal.code);
    }
  });

  it('are refused at the size limit, without a hint to come back', async () => {
    const request = { model: 'digits', inputs: [{ ...tensor('image', 'FP32', [1, 64], []), raw: new Uint8Array(5 * 1024 * 1024) }] };
    for (const facade of FACADES) {
      const refusal = await refusalOf(infer(client, facade, request, 'raw'));
      expect(refusal).toMatchObject({ code: status.RESOURCE_EXHAUSTED, retryAfterMs: undefined });
    }
  });
});

describe('after all that', () => {
  const good: readonly TestRequest[] = METRICS.filter(({ model }) => MODELS.includes(model)).map(({ model, version }) => ({
    model,
    version,
    inputs: rowsOf(heldOut(model), 0, 20),
  }));

  it('no bad request has reached a batch, and nothing was logged as a failure', async () => {
    expect(await app.total('millrace_batch_rows_count')).toBe(0);
    expect(await app.total('millrace_requests_total', { code: 'INTERNAL' })).toBe(0);
    expect(await app.total('millrace_queued_bytes')).toBe(0);
    expect(app.log.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });

  it('the server still predicts, the same as a new one', async () => {
    await using fresh = await RunningApp.examples(['digits', 'iris', 'topics']);
    await using other = new DynamicClient(fresh.address);
    for (const request of good) {
      const [answer, expected] = await Promise.all([infer(client, MILLRACE, request, 'raw'), infer(other, MILLRACE, request, 'raw')]);
      expect(answer).toEqual(expected);
      expect(outputOf(answer, 'label').values).toHaveLength(20);
    }
    expect(good.map(({ model }) => model)).toEqual(['digits', 'iris', 'iris', 'topics']);
  });
});
