import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import {
  FACADES,
  type Facade,
  type InferResponse,
  infer,
  MILLRACE,
  OIP,
  outputOf,
  type TestRequest,
  type TestTensor,
} from '../support/facades.js';
import { ModelDirectory } from '../support/model-directory.js';
import { doubleOnnx, modelFiles } from '../support/model-files.js';
import { identityOnnx } from '../support/onnx-builder.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';

/** A batch closes with its fourth row: who waits for company waits in the same batch for certain, whatever the machine's speed. */
const FOUR_ROWS = `
  max_batch_size: 4
  dynamic_batching { preferred_batch_size: 4 max_queue_delay_microseconds: 10000000 }`;

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  directory = await ModelDirectory.create(
    modelFiles({
      double: { onnx: doubleOnnx(['batch', 'height', 'width']) },
      fours: { onnx: doubleOnnx(), config: FOUR_ROWS },
      words: { onnx: identityOnnx('BYTES'), config: FOUR_ROWS },
    }),
  );
  app = await RunningApp.start({ modelRepository: [directory.path] });
  client = new DynamicClient(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function facadeOf(caller: number): Facade {
  const facade = FACADES[caller % FACADES.length];
  if (facade === undefined) throw new RangeError('no facade');
  return facade;
}

function fp32(shape: readonly number[], values: readonly number[]): TestTensor {
  return { name: 'X', datatype: 'FP32', shape, values };
}

/** One row of `width` values. */
function row(width: number, value: number): TestRequest {
  return { model: 'fours', inputs: [fp32([1, width], Array<number>(width).fill(value))] };
}

function word(value: string | Uint8Array): TestRequest {
  return { model: 'words', inputs: [{ name: 'X', datatype: 'BYTES', shape: [1, 1], values: [value] }] };
}

describe('requests of different row shapes', () => {
  it('all succeed, however many of them come at once', async () => {
    const callers = Array.from({ length: 120 }, async (_, caller) => {
      const shape = [1 + (caller % 3), 1 + (caller % 4), 1 + (caller % 5)];
      const values = Array.from({ length: shape.reduce((a, b) => a * b) }, (_value, at) => caller * 100 + at);
      const answer = await infer(
        client,
        facadeOf(caller),
        { model: 'double', inputs: [fp32(shape, values)] },
        caller % 3 === 0 ? 'typed' : 'raw',
      );
      expect(outputOf(answer, 'Y')).toEqual({ name: 'Y', datatype: 'FP32', shape, values: values.map((value) => value * 2) });
    });
    await Promise.all(callers);
  });

  it('never share a batch: each waits for company of its own shape', async () => {
    const widths = [2, 3, 2, 3, 3, 2, 3, 2];
    const answers = await Promise.all(
      widths.map((width, at) => client.unary<InferResponse>(MILLRACE.inferMethod, MILLRACE.message(row(width, at), 'typed'))),
    );
    expect(answers.map(({ timings }) => timings?.batch_size)).toEqual(widths.map(() => 4));
    expect(answers.map(({ outputs }) => outputs[0]?.floats)).toEqual(widths.map((width, at) => Array<number>(width).fill(at * 2)));
    expect(await app.total('millrace_batch_rows_count', { model: 'fours' })).toBe(2);
  });
});

describe('a malformed request', () => {
  it('fails alone: those that would have shared its batch are answered', async () => {
    const good = [1, 2, 3].map((value) => infer(client, OIP, row(2, value), 'raw'));
    const bad = { model: 'fours', inputs: [{ ...fp32([1, 2], []), raw: new Uint8Array(7) }] };
    for (const facade of FACADES) {
      expect(await refusalOf(infer(client, facade, bad, 'raw'))).toMatchObject({
        code: status.INVALID_ARGUMENT,
        reason: 'invalid_request',
      });
    }
    const answers = await Promise.all([...good, infer(client, MILLRACE, row(2, 4), 'raw')]);
    expect(answers.map((answer) => outputOf(answer, 'Y').values)).toEqual([
      [2, 2],
      [4, 4],
      [6, 6],
      [8, 8],
    ]);
  });

  it.each([
    ['is not UTF-8', Uint8Array.of(0x61, 0xff), 'is not valid UTF-8'],
    ['holds a NUL', Uint8Array.of(0x61, 0, 0x62), 'holds a NUL byte'],
  ])('fails alone too where only the backend can tell: a text that %s', async (_case, element, problem) => {
    const good = ['a', 'b', 'c'].map((text) => infer(client, MILLRACE, word(text), 'raw'));
    for (const facade of FACADES) {
      for (const encoding of ['raw', 'typed'] as const) {
        const refusal = await refusalOf(infer(client, facade, word(element), encoding));
        expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'invalid_request' });
        expect(refusal.text).toContain(`element 0 of input 'X' ${problem}`);
      }
    }
    const answers = await Promise.all([...good, infer(client, OIP, word('d'), 'raw')]);
    expect(answers.map((answer) => outputOf(answer, 'Y').values)).toEqual([['a'], ['b'], ['c'], ['d']]);
  });

  it('fails alone in a stream, before any of its rows are run', async () => {
    const values = ['a', 'b', 'c', Uint8Array.of(0xff)];
    const request = { model: 'words', inputs: [{ name: 'X', datatype: 'BYTES' as const, shape: [4, 1], values }] };
    const before = await app.total('millrace_batch_rows_count', { model: 'words' });
    const message = { ...MILLRACE.message(request, 'raw'), rows_per_message: 4, on_error: 'ON_ERROR_CONTINUE' };
    const { messages, refusal } = await client.failingStream('millrace.v1.InferenceService/InferStream', message);
    expect(messages).toEqual([]);
    expect(refusal.code).toBe(status.INVALID_ARGUMENT);
    expect(refusal.text).toContain("element 3 of input 'X' is not valid UTF-8");
    expect(await app.total('millrace_batch_rows_count', { model: 'words' })).toBe(before);
  });
});
