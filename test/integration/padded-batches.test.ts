import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { type Facade, infer, MILLRACE, OIP, outputOf, type TestRequest } from '../support/facades.js';
import { ModelDirectory } from '../support/model-directory.js';
import { doubleOnnx, modelFiles } from '../support/model-files.js';
import { parameters } from '../support/own-parameters.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';

const PADDED = parameters({ pad_inputs: 'X[0]=7', pad_outputs: 'Y[0]' });

let directory: ModelDirectory;
let app: RunningApp;
let client: DynamicClient;

beforeAll(async () => {
  directory = await ModelDirectory.create(
    modelFiles({
      lengths: {
        onnx: doubleOnnx(['batch', 'length']),
        config: `max_batch_size: 16 dynamic_batching { preferred_batch_size: 8 max_queue_delay_microseconds: 10000000 } ${PADDED}`,
      },
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

function ofLength(length: number, rows = 1): TestRequest {
  const values = Array.from({ length: rows * length }, (_, at) => at);
  return { model: 'lengths', inputs: [{ name: 'X', datatype: 'FP32', shape: [rows, length], values }] };
}

describe('requests of different lengths', () => {
  it('share batches, and each gets back its own length on both facades', async () => {
    const lengths = [19, 20, 19, 20, 20, 19, 20, 20];
    const facades: readonly Facade[] = [OIP, MILLRACE];
    const answers = await Promise.all(lengths.map((length, at) => infer(client, facades[at % 2] ?? OIP, ofLength(length), 'raw')));
    for (const [at, answer] of answers.entries()) {
      const { shape, values } = outputOf(answer, 'Y');
      expect(shape).toEqual([1, lengths[at]]);
      expect(values).toEqual(Array.from({ length: lengths[at] ?? 0 }, (_, place) => 2 * place));
    }
    const batches = await app.total('millrace_batch_rows_count', { model: 'lengths' });
    expect(batches).toBeLessThan(lengths.length);
    expect(await app.total('millrace_batch_cost_total', { model: 'lengths', kind: 'real' })).toBe(157);
    expect(await app.total('millrace_batch_cost_total', { model: 'lengths', kind: 'padding' })).toBeGreaterThan(0);
  });

  it('may be rows of one request, too, which all have its length', async () => {
    const answer = await infer(client, OIP, ofLength(3, 8), 'raw');
    expect(outputOf(answer, 'Y')).toMatchObject({ shape: [8, 3], values: Array.from({ length: 24 }, (_, at) => 2 * at) });
  });

  it('are still refused where they are of another rank', async () => {
    const request: TestRequest = { model: 'lengths', inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 2, 2], values: [1, 2, 3, 4] }] };
    expect((await refusalOf(infer(client, OIP, request, 'raw'))).text).toContain("unexpected shape for input 'X'");
  });
});
