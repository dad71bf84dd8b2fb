import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import {
  type InferResponse,
  infer,
  MILLRACE,
  outputOf,
  parseTensor,
  type TestRequest,
  type TestTensor,
  type WireTensor,
} from '../support/facades.js';
import { heldOut, joinRows, rowsOf, sliceRows } from '../support/held-out.js';
import { ModelDirectory } from '../support/model-directory.js';
import { lookupOnnx, modelFiles } from '../support/model-files.js';
import { identityOnnx } from '../support/onnx-builder.js';
import { differences } from '../support/ort-reference.js';
import { type RpcStatus, refusalOf } from '../support/refusal.js';
import { EXAMPLE_MODELS, RunningApp } from '../support/running-app.js';

const INFER_STREAM = 'millrace.v1.InferenceService/InferStream';
/** One row a batch, so that a row that fails fails alone. */
const LOOKUP_CONFIG = 'max_batch_size: 1';

interface StreamMessage extends Omit<InferResponse, 'outputs'> {
  readonly sequence: number;
  readonly row_offset: number;
  readonly row_count: number;
  readonly outputs: readonly WireTensor[];
  readonly error: RpcStatus | null;
  readonly final: boolean;
}

interface StreamOptions {
  readonly rows_per_message?: number;
  readonly ordering?: string;
  readonly on_error?: string;
}

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  directory = await ModelDirectory.create(
    modelFiles({
      words: { onnx: identityOnnx('BYTES', ['batch', 2]) },
      whole: { onnx: identityOnnx('FP32', [3, 2]) },
      lookup: { onnx: lookupOnnx([10, 11, 12, 13]), config: LOOKUP_CONFIG },
    }),
  );
  app = await RunningApp.start({ modelRepository: [EXAMPLE_MODELS, directory.path] });
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function streamRequest(request: TestRequest, options: StreamOptions): object {
  return { ...MILLRACE.message(request, 'typed'), ...options };
}

function stream(request: TestRequest, options: StreamOptions = {}): Promise<StreamMessage[]> {
  return client.stream<StreamMessage>(INFER_STREAM, streamRequest(request, options));
}

function digits(rows: number): TestRequest {
  return { model: 'digits', id: 'mine', inputs: rowsOf(heldOut('digits'), 0, rows) };
}

function lookups(...indices: number[]): TestRequest {
  return { model: 'lookup', inputs: [{ name: 'X', datatype: 'INT64', shape: [indices.length, 1], values: indices }] };
}

/** Row ranges of the messages, as "offset+count". */
function ranges(messages: readonly StreamMessage[]): string[] {
  return messages.map(({ row_offset: offset, row_count: count }) => `${offset}+${count}`);
}

function output(messages: readonly StreamMessage[], name: string) {
  return joinRows(messages.map(({ outputs }) => outputOf({ outputs: outputs.map(parseTensor) }, name)));
}

/** What every whole stream of a tensor model holds to. */
function expectWellFormed(messages: readonly StreamMessage[], { model, id = '' }: TestRequest): void {
  expect(messages.map(({ sequence }) => sequence)).toEqual(messages.map((_, at) => at));
  expect(messages.map(({ final }) => final)).toEqual(messages.map((_, at) => at === messages.length - 1));
  for (const message of messages) expect(message).toMatchObject({ model, version: '1', request_id: id });
}

describe('a stream of a tensor model', () => {
  it('sends 10 rows, 4 a message, as 3 messages that together are what Infer answers', async () => {
    const request = digits(10);
    const messages = await stream(request, { rows_per_message: 4 });
    expectWellFormed(messages, request);
    expect(ranges(messages)).toEqual(['0+4', '4+4', '8+2']);
    const whole = await infer(client, MILLRACE, request, 'typed');
    expect(whole.outputs.flatMap((expected) => differences(output(messages, expected.name), expected))).toEqual([]);
    expect(output(messages, 'probabilities').shape).toEqual([10, 10]);
  });

  it('says of every message where its time went', async () => {
    const messages = await stream(digits(3), { rows_per_message: 1 });
    expect(messages).toHaveLength(3);
    for (const { timings } of messages) {
      expect(Number(timings?.execute_us)).toBeGreaterThan(0);
      expect(timings?.batch_size).toBeGreaterThanOrEqual(1);
    }
  });

  it('as ready comes in any order, whole', async () => {
    const request = digits(100);
    const messages = await stream(request, { rows_per_message: 3, ordering: 'ORDERING_AS_READY' });
    expectWellFormed(messages, request);
    const sorted = messages.toSorted((a, b) => a.row_offset - b.row_offset);
    expect(ranges(sorted)).toEqual(Array.from({ length: 34 }, (_, at) => `${at * 3}+${at === 33 ? 1 : 3}`));
    const inOrder = await stream(request, { rows_per_message: 3, ordering: 'ORDERING_IN_ORDER' });
    expect(output(sorted, 'label')).toEqual(output(inOrder, 'label'));
  });

  it('that leaves the choice to the server takes 32 rows a message', async () => {
    expect(ranges(await stream(digits(70)))).toEqual(['0+32', '32+32', '64+6']);
  });

  it('may have more rows than a batch, and more rows a message asked for than a batch holds', async () => {
    const request = { model: 'iris', version: '1', inputs: rowsOf(heldOut('iris')) };
    const messages = await stream(request, { rows_per_message: 1000 });
    expectWellFormed(messages, request);
    expect(ranges(messages)).toEqual(['0+32', '32+18']);
    const parts = await Promise.all(
      [0, 25].map((from) =>
        infer(client, MILLRACE, { ...request, inputs: request.inputs.map((input) => sliceRows(input, from, from + 25)) }, 'raw'),
      ),
    );
    expect(output(messages, 'label')).toEqual(joinRows(parts.map((part) => outputOf(part, 'label'))));
  });

  it('answers only the outputs asked for', async () => {
    const messages = await stream({ ...digits(5), outputs: ['probabilities'] }, { rows_per_message: 2 });
    expect(messages.map(({ outputs }) => outputs.map(({ name }) => name))).toEqual([
      ['probabilities'],
      ['probabilities'],
      ['probabilities'],
    ]);
  });

  it('carries texts', async () => {
    const values = ['', 'one', 'zwei', 'три', '四', '🖐', 'six', 'seven', 'eight', 'nine'];
    const input: TestTensor = { name: 'X', datatype: 'BYTES', shape: [5, 2], values };
    const messages = await stream({ model: 'words', inputs: [input] }, { rows_per_message: 2 });
    expect(ranges(messages)).toEqual(['0+2', '2+2', '4+1']);
    expect(output(messages, 'Y').values).toEqual(values);
  });
});

describe('a stream of a model without a batch axis', () => {
  it('is one message without rows', async () => {
    const input: TestTensor = { name: 'X', datatype: 'FP32', shape: [3, 2], values: [1, 2, 3, 4, 5, 6] };
    const messages = await stream({ model: 'whole', inputs: [input] }, { rows_per_message: 1 });
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({ sequence: 0, row_offset: 0, row_count: 0, final: true, timings: { batch_size: 1 } });
    expect(output(messages, 'Y')).toEqual({ ...input, name: 'Y' });
  });
});

describe('a stream of which a piece fails', () => {
  it('fails with it, after the pieces before it', async () => {
    for (const on_error of ['ON_ERROR_UNSPECIFIED', 'ON_ERROR_FAIL_STREAM']) {
      const request = streamRequest(lookups(3, 0, 99, 1), { rows_per_message: 1, on_error });
      const { messages, refusal } = await client.failingStream<StreamMessage>(INFER_STREAM, request);
      expect(output(messages, 'Y').values).toEqual([13, 10]);
      expect(messages.map(({ final }) => final)).toEqual([false, false]);
      expect(refusal).toMatchObject({
        code: status.INTERNAL,
        reason: 'backend_failed',
        text: 'the model failed to execute in the runtime',
      });
    }
  });

  it('goes on where the client wishes so, and tells of the failed rows in their place', async () => {
    const request = lookups(3, 99, 0, -99, 1);
    const messages = await stream(request, { rows_per_message: 1, on_error: 'ON_ERROR_CONTINUE' });
    expectWellFormed(messages, request);
    expect(ranges(messages)).toEqual(['0+1', '1+1', '2+1', '3+1', '4+1']);
    expect(messages.map(({ error }) => error?.code)).toEqual([undefined, status.INTERNAL, undefined, status.INTERNAL, undefined]);
    expect(messages.map(({ outputs }) => outputs.length)).toEqual([1, 0, 1, 0, 1]);
    expect(
      output(
        messages.filter(({ error }) => error === null),
        'Y',
      ).values,
    ).toEqual([13, 10, 11]);
  });

  it('is final even where the failed piece is the last', async () => {
    const messages = await stream(lookups(1, 99), { rows_per_message: 1, on_error: 'ON_ERROR_CONTINUE' });
    expect(messages.map(({ final, error }) => [final, error === null])).toEqual([
      [false, true],
      [true, false],
    ]);
  });

  it('leaves the model able to answer the next call', async () => {
    await client.failingStream(INFER_STREAM, streamRequest(lookups(99), {}));
    expect(outputOf(await infer(client, MILLRACE, lookups(2), 'raw'), 'Y').values).toEqual([12]);
  });
});

describe('a decoupled model', () => {
  const repeat: TestRequest = {
    model: 'repeat',
    id: 'again',
    inputs: [
      { name: 'IN', datatype: 'INT32', shape: [4], values: [4, 2, 0, 1] },
      { name: 'DELAY', datatype: 'UINT32', shape: [4], values: [1, 0, 3, 0] },
      { name: 'WAIT', datatype: 'UINT32', shape: [1], values: [0] },
    ],
  };

  it('sends a message for each of its responses, then one that closes', async () => {
    const messages = await stream(repeat);
    expectWellFormed(messages, repeat);
    expect(ranges(messages)).toEqual(['0+0', '0+0', '0+0', '0+0', '0+0']);
    const responses = messages.slice(0, -1);
    expect(output(responses, 'OUT').values).toEqual([4, 2, 0, 1]);
    expect(output(responses, 'IDX').values).toEqual([0, 1, 2, 3]);
    expect(messages.at(-1)).toMatchObject({ outputs: [], final: true });
  });

  it('closes a stream without responses too', async () => {
    const inputs = repeat.inputs.map((input) => (input.name === 'WAIT' ? input : { ...input, shape: [0], values: [] }));
    expect(await stream({ ...repeat, inputs })).toMatchObject([{ sequence: 0, outputs: [], row_count: 0, final: true }]);
  });

  it('cannot answer Infer', async () => {
    const refusal = await refusalOf(infer(client, MILLRACE, repeat, 'typed'));
    expect(refusal).toMatchObject({ code: status.UNIMPLEMENTED, reason: 'unsupported' });
    expect(refusal.text).toContain("doesn't support models with decoupled transaction policy");
  });
});
