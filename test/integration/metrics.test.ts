import { describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { findSamples } from '../support/exposition.js';
import { infer, MILLRACE, OIP, type TestRequest } from '../support/facades.js';
import { heldOut, rowsOf } from '../support/held-out.js';
import { ModelDirectory } from '../support/model-directory.js';
import { identityConfig, modelFiles } from '../support/model-files.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';

const INFER_STREAM = 'millrace.v1.InferenceService/InferStream';
const DIGITS = { model: 'digits', version: '1' };
/** Those that api.md promises, and their types. */
const FAMILIES = {
  millrace_requests_total: 'counter',
  millrace_batch_rows: 'histogram',
  millrace_batch_requests: 'histogram',
  millrace_queue_seconds: 'histogram',
  millrace_execute_seconds: 'histogram',
  millrace_request_seconds: 'histogram',
  millrace_shed_total: 'counter',
  millrace_pool_leases_total: 'counter',
};

function digits(rows: number): TestRequest {
  return { model: 'digits', inputs: rowsOf(heldOut('digits'), 0, rows) };
}

describe('/metrics', () => {
  it('declares every family before its first sample', async () => {
    await using app = await RunningApp.examples(['identity']);
    const exposition = await app.metrics();
    expect(Object.fromEntries(exposition.types)).toMatchObject(FAMILIES);
    expect(findSamples(exposition, 'millrace_requests_total')).toEqual([]);
  });

  it('counts calls by model, version, method and code; no name that a client made up becomes a label', async () => {
    await using app = await RunningApp.examples(['digits', 'identity']);
    await using client = new DynamicClient(app.address);
    for (const rows of [1, 2, 3]) await infer(client, MILLRACE, digits(rows), 'raw');
    for (const rows of [4, 5]) await infer(client, OIP, digits(rows), 'typed');
    await client.stream(INFER_STREAM, { ...MILLRACE.message(digits(10), 'raw'), rows_per_message: 4 });
    await refusalOf(infer(client, OIP, digits(65), 'raw'));
    await refusalOf(infer(client, OIP, { ...digits(1), model: 'made-up' }, 'raw'));
    await refusalOf(infer(client, OIP, { ...digits(1), version: '77' }, 'raw'));
    await refusalOf(client.raw('made.up.Service/Method', new Uint8Array()));

    const requests = findSamples(await app.metrics(), 'millrace_requests_total').map(({ labels, value }) => ({ ...labels, value }));
    const unknown = { model: '', version: '' };
    expect(requests).toEqual(
      expect.arrayContaining([
        { ...DIGITS, method: MILLRACE.inferMethod, code: 'OK', value: 3 },
        { ...DIGITS, method: OIP.inferMethod, code: 'OK', value: 2 },
        { ...DIGITS, method: INFER_STREAM, code: 'OK', value: 1 },
        { ...DIGITS, method: OIP.inferMethod, code: 'INVALID_ARGUMENT', value: 1 },
        { ...unknown, method: OIP.inferMethod, code: 'NOT_FOUND', value: 2 },
        { ...unknown, method: 'unknown', code: 'UNIMPLEMENTED', value: 1 },
      ]),
    );
    expect(requests).toHaveLength(6);
    expect(await app.total('millrace_request_seconds_count', { ...DIGITS, method: OIP.inferMethod })).toBe(3);
  });

  it('counts batches, the requests and rows in them, their waits and their leases', async () => {
    await using app = await RunningApp.examples(['digits']);
    await using client = new DynamicClient(app.address);
    for (const rows of [1, 2, 3]) await infer(client, MILLRACE, digits(rows), 'raw');
    await client.stream(INFER_STREAM, { ...MILLRACE.message(digits(64), 'raw'), rows_per_message: 64 });
    await refusalOf(infer(client, OIP, digits(65), 'raw'));
    expect(await app.total('millrace_batch_rows_sum', DIGITS)).toBe(1 + 2 + 3 + 64);
    expect(await app.total('millrace_batch_rows_bucket', { ...DIGITS, le: '2' })).toBe(2);
    expect(await app.total('millrace_batch_requests_sum', DIGITS)).toBe(4);
    for (const family of ['batch_rows', 'batch_requests', 'queue_seconds', 'execute_seconds']) {
      expect([family, await app.total(`millrace_${family}_count`, DIGITS)]).toEqual([family, 4]);
    }
    expect(await app.total('millrace_execute_seconds_sum', DIGITS)).toBeGreaterThan(0);
    await app.reaches(4, 'millrace_pool_leases_total', DIGITS);
  });

  it('shows requests that shared a batch as one batch', async () => {
    const config = `${identityConfig('FP32')} dynamic_batching { preferred_batch_size: 8 max_queue_delay_microseconds: 10000000 }`;
    await using directory = await ModelDirectory.create(modelFiles({ eights: { config } }));
    await using app = await RunningApp.start({ modelRepository: [directory.path] });
    await using client = new DynamicClient(app.address);
    const request: TestRequest = { model: 'eights', inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [2, 1], values: [1, 2] }] };
    await Promise.all(Array.from({ length: 4 }, () => infer(client, MILLRACE, request, 'raw')));
    const counted = ['batch_rows_count', 'batch_rows_sum', 'batch_requests_sum', 'queue_seconds_count'].map((name) =>
      app.total(`millrace_${name}`, { model: 'eights' }),
    );
    expect(await Promise.all(counted)).toEqual([1, 8, 4, 4]);
  });

  it('counts what was shed, by cause', async () => {
    await using app = await RunningApp.examples(['identity'], { maxQueuedBytes: '64' });
    await using client = new DynamicClient(app.address);
    const values = Array<number>(100).fill(1);
    await refusalOf(
      infer(client, OIP, { model: 'identity', inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 100], values }] }, 'raw'),
    );
    expect(await app.total('millrace_shed_total', { cause: 'queued_bytes' })).toBe(1);
    expect(await app.total('millrace_shed_total')).toBe(1);
  });
});

describe('/livez and /readyz', () => {
  it('say that a server whose models are ready is live and ready', async () => {
    await using app = await RunningApp.examples(['identity']);
    const [live, ready] = await Promise.all([app.page('/livez'), app.page('/readyz')]);
    expect([live.status, JSON.parse(live.body)]).toEqual([200, { live: true }]);
    expect([ready.status, JSON.parse(ready.body)]).toEqual([200, { ready: true, reasons: [] }]);
  });

  it.each([
    ['false', 200],
    ['true', 503],
  ])('with --strict-readiness %s answer %d where a model has failed, and name it', async (strictReadiness, statusCode) => {
    const files = modelFiles({ broken: { onnx: Buffer.from('no model') }, fine: { config: identityConfig('FP32') } });
    await using directory = await ModelDirectory.create(files);
    await using app = await RunningApp.start({ modelRepository: [directory.path], strictReadiness });
    const { status, body } = await app.page('/readyz');
    const { ready, reasons } = JSON.parse(body) as { ready: boolean; reasons: string[] };
    expect({ status, ready }).toEqual({ status: statusCode, ready: statusCode === 200 });
    expect(reasons.join()).toContain('broken/1 is failed');
    expect(body).not.toContain(directory.path);
    expect((await app.page('/livez')).status).toBe(200);
  });
});
