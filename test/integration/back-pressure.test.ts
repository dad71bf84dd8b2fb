import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { eventually } from '../support/eventually.js';
import { infer, MILLRACE, type TestRequest, type WireTensor } from '../support/facades.js';
import { ModelDirectory } from '../support/model-directory.js';
import { identityConfig, modelFiles } from '../support/model-files.js';
import { RunningApp } from '../support/running-app.js';

const ROWS = 400;
/** 16 KiB a row: a few fill every buffer between the server and a reader who does not read. */
const WIDTH = 4096;
/** Far more than the buffers of both ends and the pieces that a stream may have under way; far fewer than there are. */
const BOUND = 100;
let directory: ModelDirectory;
let app: RunningApp;
let reader: DynamicClient;
let other: DynamicClient;

beforeAll(async () => {
  directory = await ModelDirectory.create(modelFiles({ wide: { config: identityConfig('FP32', 4) } }));
  app = await RunningApp.start({ modelRepository: [directory.path] });
  reader = new DynamicClient(app.address);
  other = new DynamicClient(app.address);
});

afterAll(async () => {
  await reader[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

/** Row n is full of n. */
function wideRows(rows: number): TestRequest {
  const raw = Buffer.concat(Array.from({ length: rows }, (_, row) => Buffer.from(new Float32Array(WIDTH).fill(row).buffer)));
  return { model: 'wide', inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [rows, WIDTH], values: [], raw }] };
}

function executedRows(): Promise<number> {
  return app.total('millrace_batch_rows_sum', { model: 'wide' });
}

/** Rows that the stream made the model execute while others made `calls` calls of one row each. */
async function progressDuring(calls: number): Promise<number> {
  const before = await executedRows();
  for (let call = 0; call < calls; call++) await infer(other, MILLRACE, wideRows(1), 'raw');
  return (await executedRows()) - before - calls;
}

interface Message {
  readonly row_offset: number;
  readonly outputs: readonly WireTensor[];
  readonly final: boolean;
}

describe('a reader who stops reading', () => {
  it('stops the dispatch of its own stream, costs others nothing, and misses nothing once it reads', async () => {
    const message = { ...MILLRACE.message(wideRows(ROWS), 'raw'), rows_per_message: 1 };
    const stream = reader.open<Message>('millrace.v1.InferenceService/InferStream', message);
    // grpc-js begins to hold back the server with the first message that is read.
    const unread = stream[Symbol.asyncIterator]() as AsyncIterableIterator<Message>;
    const { value: first } = (await unread.next()) as { value: Message };
    await eventually('the stream stands still', async () => (await progressDuring(10)) === 0);
    expect(await progressDuring(10)).toBe(0);

    const othersRows = await app.total('millrace_requests_total', { model: 'wide', code: 'OK' });
    expect((await executedRows()) - othersRows).toBeLessThan(BOUND);

    const messages: Message[] = [first];
    for await (const each of unread) messages.push(each);
    expect(messages.map((each) => each.row_offset)).toEqual(Array.from({ length: ROWS }, (_, row) => row));
    const lastValues = messages.map(({ outputs }) => outputs[0]?.raw?.readFloatLE((WIDTH - 1) * 4));
    expect(lastValues).toEqual(Array.from({ length: ROWS }, (_, row) => row));
    expect(messages.at(-1)?.final).toBe(true);
  });
});
