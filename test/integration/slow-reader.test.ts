import { constants } from 'node:http2';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { frame, RawClient } from '../support/grpc-client.js';
import { INFER, INFER_STREAM, inferRequest, inferStreamRequest, rawTensor } from '../support/identity-model.js';
import { RunningApp } from '../support/running-app.js';

const OK = 0;
const ROWS = 10_000;
const PIXELS = 64;
/**
 * About 70 bytes a row: HTTP/2's window of 64 KiB, a socket's buffer or two and the pieces under way hold some 2,000 rows; the rest
 * must not have been computed.
 */
const BOUND = 5_000;

function digits(rows: number): number[] {
  return Array.from({ length: rows * PIXELS }, (_, at) => at % 17);
}

const one = inferRequest('digits', rawTensor('image', [1, PIXELS], digits(1)));
const many = inferStreamRequest('digits', [rawTensor('image', [ROWS, PIXELS], digits(ROWS))], 10);

describe('a reader of 10,000 rows of digits who falls asleep', () => {
  it('has a bounded number of rows computed, holds up nobody, and leaves nothing behind when it goes', async () => {
    await using app = await RunningApp.examples(['digits']);
    await using sleeper = await RawClient.connect(app.address);
    await using other = await RawClient.connect(app.address);
    const headers = { ':method': 'POST', ':path': INFER_STREAM, 'content-type': 'application/grpc', te: 'trailers' };
    // Nobody listens to its data, so that node:http2 reads as much as it buffers and no more.
    const stream = sleeper.session.request(headers).end(frame(many));
    stream.on('error', () => undefined);

    let calls = 0;
    const executed = async (): Promise<number> => (await app.total('millrace_batch_rows_sum', { model: 'digits' })) - calls;
    const progressDuringCalls = async (): Promise<number> => {
      const before = await executed();
      for (let call = 0; call < 20; call += 1) {
        calls += 1;
        expect(await other.call(INFER, one)).toMatchObject({ status: OK });
      }
      return (await executed()) - before;
    };
    await eventually('rows are computed', async () => (await executed()) > 0);
    await eventually('the stream stands still', async () => (await progressDuringCalls()) === 0);
    expect(await executed()).toBeLessThan(BOUND);
    expect(await app.total('millrace_inflight_calls')).toBe(1);

    stream.close(constants.NGHTTP2_CANCEL);
    await app.reaches(0, 'millrace_inflight_calls');
    await app.reaches(0, 'millrace_queued_bytes');
    const atEnd = await executed();
    expect(await progressDuringCalls()).toBe(0);
    expect(await executed()).toBe(atEnd);
  });
});
