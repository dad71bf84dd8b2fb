import { once } from 'node:events';
import { type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CallOptions, DynamicClient } from '../support/dynamic-client.js';
import { eventually } from '../support/eventually.js';
import { type ModelInferResponse, OIP, type TestRequest } from '../support/facades.js';
import { frame, RawClient, unframe } from '../support/grpc-client.js';
import { identityModels, oipRequest } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { parseRefusal } from '../support/refusal.js';
import { EXAMPLE_MODELS, RunningApp } from '../support/running-app.js';

const METHOD = 'inference.GRPCInferenceService/ModelStreamInfer';
const EMPTY_FINAL = { triton_enable_empty_final_response: { bool_param: true } };
/** 256 KiB. */
const ANSWER_VALUES = Array.from({ length: 64 * 1024 }, (_, at) => at % 7);
const INFLIGHT = 'millrace_inflight_calls';

interface StreamMessage {
  readonly error_message: string;
  readonly infer_response: ModelInferResponse & { readonly parameters: Readonly<Record<string, { readonly bool_param?: boolean }>> };
}

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  const models = {
    quick: { delayMs: 2, maxBatchSize: 16, config: 'dynamic_batching { }' },
    slow: { delayMs: 50, maxBatchSize: 1 },
    stuck: { delayMs: 3_600_000 },
    wide: {},
  };
  directory = await ModelDirectory.create(identityModels(models));
  app = await RunningApp.start({
    modelRepository: [EXAMPLE_MODELS, directory.path],
    modelControlMode: 'explicit',
    loadModel: ['repeat', 'iris', ...Object.keys(models)],
  });
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

/** A stream and what came of it. */
class Conversation {
  readonly stream: ClientDuplexStream<object, StreamMessage>;
  readonly messages: StreamMessage[] = [];
  error: ServiceError | undefined;
  /** Once the stream is over, one way or the other. */
  readonly ended: Promise<void>;

  constructor(options: CallOptions = {}) {
    this.stream = client.converse(METHOD, options);
    this.stream.on('data', (message: StreamMessage) => this.messages.push(message));
    this.stream.on('error', (error: ServiceError) => {
      this.error = error;
    });
    this.ended = new Promise((resolve) => {
      this.stream.on('status', () => setImmediate(resolve));
    });
  }

  ask(request: TestRequest, parameters: object = {}): void {
    this.stream.write({ ...OIP.message(request, 'raw'), parameters });
  }

  /** Half-closes, and returns everything that was answered. */
  async finish(): Promise<readonly StreamMessage[]> {
    this.stream.end();
    await this.ended;
    if (this.error !== undefined) throw this.error;
    return this.messages;
  }
}

function row(model: string, value: number): TestRequest {
  return { model, id: `${model} ${value}`, inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 1], values: [value] }] };
}

function stuck(): TestRequest {
  return { model: 'stuck', inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1], values: [1] }] };
}

function repeat(id: string, values: readonly number[], delayMs = 0): TestRequest {
  const shape = [values.length];
  return {
    model: 'repeat',
    id,
    inputs: [
      { name: 'IN', datatype: 'INT32', shape, values },
      { name: 'DELAY', datatype: 'UINT32', shape, values: values.map(() => delayMs) },
      { name: 'WAIT', datatype: 'UINT32', shape: [1], values: [0] },
    ],
  };
}

function valuesOf(messages: readonly StreamMessage[]): unknown[] {
  return messages.map(({ infer_response }) => OIP.parse(infer_response).outputs[0]?.values[0]);
}

function idsOf(messages: readonly StreamMessage[]): string[] {
  return messages.map(({ infer_response }) => infer_response.id);
}

function finalsOf(messages: readonly StreamMessage[]): (boolean | undefined)[] {
  return messages.map(({ infer_response }) => infer_response.parameters['triton_final_response']?.bool_param);
}

describe('ModelStreamInfer of an ordinary model', () => {
  it('answers 100 requests in their order, each final, in shared batches', async () => {
    const batches = await app.total('millrace_batch_rows_count', { model: 'quick' });
    const conversation = new Conversation();
    const values = Array.from({ length: 100 }, (_, at) => at);
    for (const value of values) conversation.ask(row('quick', value));
    const messages = await conversation.finish();
    expect(valuesOf(messages)).toEqual(values);
    expect(idsOf(messages)).toEqual(values.map((value) => `quick ${value}`));
    expect(finalsOf(messages)).toEqual(values.map(() => true));
    expect(messages[0]).toMatchObject({ error_message: '', infer_response: { model_name: 'quick', model_version: '1' } });
    const made = (await app.total('millrace_batch_rows_count', { model: 'quick' })) - batches;
    expect(100 / made).toBeGreaterThan(1);
  });

  it('keeps the order over models, however fast each is', async () => {
    const conversation = new Conversation();
    const asked = ['slow', 'quick', 'slow', 'quick', 'quick'].map((model, at) => row(model, at));
    for (const request of asked) conversation.ask(request);
    expect(idsOf(await conversation.finish())).toEqual(asked.map(({ id }) => id));
  });

  it('answers while the client has not half-closed', async () => {
    const conversation = new Conversation();
    for (const value of [1, 2, 3]) {
      conversation.ask(row('quick', value));
      await eventually('the answer', () => conversation.messages.length === value);
    }
    expect(valuesOf(await conversation.finish())).toEqual([1, 2, 3]);
  });

  it('without a request ends well', async () => {
    expect(await new Conversation().finish()).toEqual([]);
  });
});

describe('ModelStreamInfer of a decoupled model', () => {
  it('sends its responses, none of them final, and nothing more', async () => {
    const conversation = new Conversation();
    conversation.ask(repeat('r', [4, 2, 0]));
    const messages = await conversation.finish();
    expect([valuesOf(messages), finalsOf(messages), idsOf(messages)]).toEqual([
      [4, 2, 0],
      [false, false, false],
      ['r', 'r', 'r'],
    ]);
  });

  it.each([[[4, 2]], [[]]])('closes with an empty response where that is asked for: %j', async (values) => {
    const conversation = new Conversation();
    conversation.ask(repeat('r', values), EMPTY_FINAL);
    const messages = await conversation.finish();
    expect(finalsOf(messages)).toEqual([...values.map(() => false), true]);
    expect(messages.at(-1)).toMatchObject({
      error_message: '',
      infer_response: { id: 'r', model_name: 'repeat', model_version: '1', outputs: [], raw_output_contents: [] },
    });
  });

  it('neither holds up the requests behind it nor waits for those before it', async () => {
    const conversation = new Conversation();
    conversation.ask(repeat('long', [1], 3_600_000));
    conversation.ask(row('quick', 2));
    conversation.ask(stuck());
    conversation.ask(repeat('short', [3]));
    await eventually('the answers', () => conversation.messages.length === 2);
    expect(idsOf(conversation.messages).sort()).toEqual(['quick 2', 'short']);
    conversation.stream.cancel();
    await conversation.ended;
  });

  it('runs many at once', async () => {
    const conversation = new Conversation();
    for (let at = 0; at < 100; at++) conversation.ask(repeat(String(at), [1, 2], 1), EMPTY_FINAL);
    const messages = await conversation.finish();
    expect(messages).toHaveLength(300);
    expect(finalsOf(messages).filter((final) => final === true)).toHaveLength(100);
  });
});

describe('an error in ModelStreamInfer', () => {
  it('is told in its place, and the stream goes on', async () => {
    const conversation = new Conversation();
    conversation.ask(row('quick', 1));
    conversation.ask(row('nobody', 2));
    conversation.ask({ ...row('quick', 3), inputs: [{ name: 'INPUT0', datatype: 'INT32', shape: [1, 1], values: [3] }] });
    conversation.ask({ ...row('quick', 4), version: '1abc' });
    conversation.ask(row('quick', 5), { triton_enable_empty_final_response: { string_param: 'yes' } });
    conversation.ask(row('quick', 6));
    const messages = await conversation.finish();
    expect(messages.map(({ error_message }) => error_message)).toEqual([
      '',
      "Request for unknown model: 'nobody' is not found",
      expect.stringContaining("inference input 'INPUT0' data-type is 'INT32', but model 'quick' expects 'FP32'"),
      expect.stringContaining("failed to get model version from specified version string '1abc'"),
      expect.stringContaining('expected bool_param'),
      '',
    ]);
    expect(idsOf(messages)).toEqual(['quick 1', 'nobody 2', 'quick 3', 'quick 4', 'quick 5', 'quick 6']);
    expect(messages[1]?.infer_response).toMatchObject({ model_name: '', model_version: '', parameters: {}, outputs: [] });
  });

  it('ends the stream with its status where the metadata ask for that', async () => {
    const conversation = new Conversation({ metadata: { triton_grpc_error: 'true' } });
    conversation.ask(row('slow', 1));
    conversation.ask(row('nobody', 2));
    conversation.ask(stuck());
    await conversation.ended;
    expect(idsOf(conversation.messages)).toEqual(['slow 1']);
    expect(conversation.error && parseRefusal(conversation.error)).toMatchObject({ code: status.NOT_FOUND, reason: 'model_not_found' });
    await app.reaches(0, INFLIGHT);
    await app.reaches(0, 'millrace_queued_bytes');
  });

  it('ends the stream where the bytes are no message', async () => {
    await using raw = await RawClient.connect(app.address);
    const call = raw.open(`/${METHOD}`);
    call.send(oipRequest('quick', [1], [1, 1]));
    call.send(Uint8Array.of(0x1a, 200, 1));
    const { status: code, messages } = await call.answer;
    expect([code, messages.length]).toEqual([status.INVALID_ARGUMENT, 1]);
  });
});

describe('the end of ModelStreamInfer', () => {
  it('by the client leaves nothing under way', async () => {
    const conversation = new Conversation();
    for (let at = 0; at < 10; at++) conversation.ask(stuck());
    conversation.ask(repeat('r', [1, 2], 3_600_000));
    await eventually('the requests are queued', async () => (await app.total('millrace_queued_bytes')) >= 40);
    conversation.stream.cancel();
    await conversation.ended;
    expect(conversation.error?.code).toBe(status.CANCELLED);
    await app.reaches(0, INFLIGHT);
    await app.reaches(0, 'millrace_queued_bytes');
  });

  it('by the deadline leaves nothing under way', async () => {
    const conversation = new Conversation({ timeoutMs: 300 });
    for (let at = 0; at < 10; at++) conversation.ask(stuck());
    await conversation.ended;
    expect(conversation.error?.code).toBe(status.DEADLINE_EXCEEDED);
    await app.reaches(0, INFLIGHT);
    await app.reaches(0, 'millrace_queued_bytes');
  });
});

describe('a client of ModelStreamInfer that does not read', () => {
  it('is not read either, and gets everything once it reads', async () => {
    const asked = 300;
    const request = frame(oipRequest('wide', ANSWER_VALUES));
    await using raw = await RawClient.connect(app.address);
    const headers = { ':method': 'POST', ':path': `/${METHOD}`, 'content-type': 'application/grpc', te: 'trailers' };
    // Nobody listens to its data, so that node:http2 reads as much as it buffers and no more.
    const stream = raw.session.request(headers);
    let written = 0;
    const write = async () => {
      for (; written < asked; written += 1) if (!stream.write(request)) await once(stream, 'drain');
      stream.end();
    };
    const writing = write();
    const executed = () => app.total('millrace_batch_rows_count', { model: 'wide' });
    const progressDuringCalls = async (): Promise<number> => {
      const before = await executed();
      for (let call = 0; call < 20; call += 1) await client.unary(OIP.inferMethod, OIP.message(row('quick', call), 'raw'));
      return (await executed()) - before;
    };
    await eventually('requests are answered', async () => (await executed()) > 0);
    await eventually('the stream stands still', async () => (await progressDuringCalls()) === 0);
    // The window of requests under way, and what HTTP/2's windows and the sockets hold of answers of 256 KiB.
    expect(await executed()).toBeLessThan(150);
    expect(written).toBeLessThan(150);
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    await Promise.all([writing, once(stream, 'close')]);
    expect([unframe(Buffer.concat(chunks)).length, await executed()]).toEqual([asked, asked]);
    await app.reaches(0, INFLIGHT);
  });
});

describe('a drain', () => {
  it('answers what is under way in a stream and does not wait for an idle one', async () => {
    await using own = await RunningApp.start({ modelRepository: [directory.path], modelControlMode: 'explicit', loadModel: ['slow'] });
    await using raw = await RawClient.connect(own.address);
    const [idle, busy] = [raw.open(`/${METHOD}`), raw.open(`/${METHOD}`)];
    idle.send(oipRequest('slow', [1], [1, 1]));
    await new Promise((resolve) => idle.stream.once('data', resolve));
    for (const value of [2, 3, 4]) busy.send(oipRequest('slow', [value], [1, 1]));
    await eventually('the requests are queued', async () => (await own.total('millrace_queued_bytes')) === 12);
    expect(await own.server.drain()).toBe('drained');
    expect((await idle.answer).status).toBe(status.UNAVAILABLE);
    const { status: code, messages } = await busy.answer;
    expect([code, messages.length]).toEqual([status.UNAVAILABLE, 3]);
  });
});
