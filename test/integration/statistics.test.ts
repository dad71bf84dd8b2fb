import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { OIP } from '../support/facades.js';
import { identityModels } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { refusalOf } from '../support/refusal.js';
import { RunningApp } from '../support/running-app.js';
import { allStatistics, type Duration, statisticsOf } from '../support/served-statistics.js';

const CALLERS = 64;
const REQUESTS_EACH = 2;
const DELAY_MS = 20;
const MAX_BATCH_SIZE = 8;
const MODEL_STREAM_INFER = 'inference.GRPCInferenceService/ModelStreamInfer';
const MODEL_CONFIG = 'inference.GRPCInferenceService/ModelConfig';

/** Rows of caller number `caller`: 1, 2 or 3. */
function rowsOf(caller: number): number {
  return 1 + (caller % 3);
}

/** How long the client waited for the answer. */
async function send(client: DynamicClient, model: string, shape: readonly number[], timeoutMs = 15_000): Promise<number> {
  const startedAt = performance.now();
  await client.unary(OIP.inferMethod, requestOf(model, shape), { timeoutMs });
  return performance.now() - startedAt;
}

function requestOf(model: string, shape: readonly number[]): object {
  const values = Array<number>(shape.reduce((product, size) => product * size, 1)).fill(1);
  return OIP.message({ model, inputs: [{ name: 'INPUT0', datatype: 'FP32', shape, values }] }, 'raw');
}

describe('ModelStatistics after 64 concurrent callers', () => {
  it('agrees to the unit with what was sent, and so do the metrics', async () => {
    const files = identityModels({ slow: { delayMs: DELAY_MS, maxBatchSize: MAX_BATCH_SIZE } });
    await using directory = await ModelDirectory.create(files);
    await using app = await RunningApp.start({ modelRepository: [directory.path] });
    await using client = new DynamicClient(app.address);
    const before = Date.now();
    const latencies: number[] = [];
    const caller = async (_: unknown, number: number) => {
      for (let n = 0; n < REQUESTS_EACH; n++) latencies.push(await send(client, 'slow', [rowsOf(number), 1]));
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));

    const requests = CALLERS * REQUESTS_EACH;
    const rows = Array.from({ length: CALLERS }, (_, number) => rowsOf(number) * REQUESTS_EACH).reduce((sum, each) => sum + each, 0);
    const statistics = await statisticsOf(client, 'slow');
    const batches = statistics.batch_stats.map(({ batch_size: size, ...parts }) => ({
      size: Number(size),
      count: Number(parts.compute_infer.count),
      ns: Number(parts.compute_infer.ns),
      counts: [parts.compute_input.count, parts.compute_output.count].map(Number),
    }));
    const executions = batches.reduce((sum, { count }) => sum + count, 0);
    expect(Number(statistics.inference_count)).toBe(rows);
    expect(batches.reduce((sum, { size, count }) => sum + size * count, 0)).toBe(rows);
    expect(Number(statistics.execution_count)).toBe(executions);
    expect(await app.total('millrace_batch_rows_count', { model: 'slow' })).toBe(executions);
    expect(batches.map(({ size }) => size)).toEqual([...new Set(batches.map(({ size }) => size))].sort((a, b) => a - b));
    for (const { size, count, ns, counts } of batches) {
      expect(size).toBeLessThanOrEqual(MAX_BATCH_SIZE);
      expect(counts).toEqual([count, count]);
      // A timer may fire up to a millisecond early.
      expect(ns).toBeGreaterThanOrEqual(count * (DELAY_MS - 1) * 1e6);
    }
    // With this many callers the accumulator must have shared executions: as many rows as went in need at least this many, and far fewer than requests.
    expect(executions).toBeGreaterThanOrEqual(Math.ceil(rows / MAX_BATCH_SIZE));
    expect(executions).toBeLessThan(requests);

    const { fail, cache_hit: hit, cache_miss: miss, success, ...parts } = statistics.inference_stats;
    for (const never of [fail, hit, miss]) expect(never).toEqual({ count: '0', ns: '0' });
    for (const each of [success, ...Object.values(parts)]) expect(Number(each?.count)).toBe(requests);
    const spent = Object.values(parts).reduce((sum, { ns }) => sum + Number(ns), 0);
    expect(Object.keys(parts).sort()).toEqual(['compute_infer', 'compute_input', 'compute_output', 'queue']);
    // The parts of the requests' time are all of it, but for what is lost in whole nanoseconds.
    expect(Math.abs(spent - Number(success?.ns))).toBeLessThan(1000);
    expect(Number(success?.ns)).toBeLessThanOrEqual(latencies.reduce((sum, ms) => sum + ms * 1e6, 0));
    expect(Number(parts['compute_infer']?.ns)).toBeGreaterThanOrEqual(requests * (DELAY_MS - 1) * 1e6);
    expect(Number(statistics.last_inference)).toBeGreaterThanOrEqual(before);

    const labels = { model: 'slow', version: '1' };
    expect(await app.total('nv_inference_request_success', labels)).toBe(requests);
    expect(await app.total('nv_inference_request_failure', labels)).toBe(0);
    expect(await app.total('nv_inference_count', labels)).toBe(rows);
    expect(await app.total('nv_inference_exec_count', labels)).toBe(executions);
    expect(await app.total('nv_inference_pending_request_count', labels)).toBe(0);
    expect(await app.total('nv_inference_compute_infer_duration_us', labels)).toBe(Math.round(Number(parts['compute_infer']?.ns) / 1000));
  });

  it('counts an unbatched model by requests, each an execution of its own', async () => {
    await using directory = await ModelDirectory.create(identityModels({ single: {} }));
    await using app = await RunningApp.start({ modelRepository: [directory.path] });
    await using client = new DynamicClient(app.address);
    await Promise.all(Array.from({ length: 16 }, (_, number) => send(client, 'single', [rowsOf(number)])));
    const { inference_count: inferences, execution_count: executions, batch_stats: batches } = await statisticsOf(client, 'single');
    expect([inferences, executions]).toEqual(['16', '16']);
    expect(batches.map(({ batch_size: size, compute_infer: { count } }) => [size, count])).toEqual([['1', '16']]);
  });
});

describe('ModelStatistics', () => {
  it('counts who found the queue full as rejected, and nothing of a request that never got so far', async () => {
    const config = 'dynamic_batching { default_queue_policy { max_queue_size: 1 } }';
    await using directory = await ModelDirectory.create(identityModels({ tight: { delayMs: DELAY_MS, config } }));
    await using app = await RunningApp.start({ modelRepository: [directory.path] });
    await using client = new DynamicClient(app.address);
    const outcomes = await Promise.allSettled(Array.from({ length: CALLERS }, () => send(client, 'tight', [1])));
    const answered = outcomes.filter(({ status: outcome }) => outcome === 'fulfilled').length;
    const malformed = { model_name: 'tight', inputs: [] };
    await refusalOf(client.unary(OIP.inferMethod, malformed));
    const { inference_stats: stats, execution_count: executions } = await statisticsOf(client, 'tight');
    expect(answered).toBeLessThan(CALLERS);
    expect([stats['success']?.count, stats['fail']?.count, executions].map(Number)).toEqual([answered, CALLERS - answered, answered]);
    expect(await app.total('nv_inference_request_failure', { model: 'tight', reason: 'REJECTED' })).toBe(CALLERS - answered);
    expect(await app.total('nv_inference_request_failure', { model: 'tight' })).toBe(CALLERS - answered);
  });

  it('shows who waits, and counts who gave up or expired while waiting as canceled', async () => {
    await using directory = await ModelDirectory.create(identityModels({ slow: { delayMs: 1000 } }));
    await using app = await RunningApp.start({ modelRepository: [directory.path] });
    await using client = new DynamicClient(app.address);
    const outcomes = Promise.allSettled([1, 2, 3].map(() => send(client, 'slow', [1], 1500)));
    await app.reaches(2, 'nv_inference_pending_request_count', { model: 'slow' });
    expect((await outcomes).map(({ status: outcome }) => outcome)).toEqual(['fulfilled', 'rejected', 'rejected']);
    await app.reaches(2, 'nv_inference_request_failure', { model: 'slow', reason: 'CANCELED' });
    expect(await app.total('nv_inference_request_failure', { model: 'slow' })).toBe(2);
    expect(await app.total('nv_inference_request_success', { model: 'slow' })).toBe(1);
    expect(await app.total('nv_inference_pending_request_count', { model: 'slow' })).toBe(0);
  });

  it('counts who left while a batch ran by what came of the batch, so that the rows of batches are the inferences', async () => {
    await using directory = await ModelDirectory.create(identityModels({ slow: { delayMs: 1000, maxBatchSize: MAX_BATCH_SIZE } }));
    await using app = await RunningApp.start({ modelRepository: [directory.path] });
    await using client = new DynamicClient(app.address);
    const first = send(client, 'slow', [1, 1]);
    await app.reaches(1, 'millrace_inflight_calls');
    // While the first runs, these gather and make the second batch.
    const leaving = client.converse(MODEL_STREAM_INFER);
    const left = once(leaving, 'error');
    leaving.write(requestOf('slow', [2, 1]));
    const staying = send(client, 'slow', [3, 1]);
    await app.reaches(2, 'nv_inference_pending_request_count', { model: 'slow' });
    await first;
    await app.reaches(0, 'nv_inference_pending_request_count', { model: 'slow' });
    leaving.cancel();
    await left;
    await staying;
    const statistics = await statisticsOf(client, 'slow');
    const batches = statistics.batch_stats.map(({ batch_size: size, compute_infer: { count } }) => [Number(size), Number(count)]);
    const counted = [statistics.inference_count, statistics.execution_count].map(Number);
    const { success, fail, ...parts } = statistics.inference_stats;
    expect([counted, batches, Number(fail?.count)]).toEqual([
      [1 + 2 + 3, 2],
      [
        [1, 1],
        [5, 1],
      ],
      0,
    ]);
    const { queue, compute_input: input, compute_infer: infer, compute_output: output } = parts;
    expect([success, queue, input, infer, output].map((each: Duration | undefined) => Number(each?.count))).toEqual([3, 3, 3, 3, 3]);
  });

  it('counts no execution that everybody had left', async () => {
    await using directory = await ModelDirectory.create(identityModels({ slow: { delayMs: 3_600_000, maxBatchSize: MAX_BATCH_SIZE } }));
    await using app = await RunningApp.start({ modelRepository: [directory.path] });
    await using client = new DynamicClient(app.address);
    const outcomes = await Promise.allSettled([1, 2, 3].map((rows) => send(client, 'slow', [rows, 1], 300)));
    expect(outcomes.map(({ status: outcome }) => outcome)).toEqual(['rejected', 'rejected', 'rejected']);
    await app.reaches(3, 'nv_inference_request_failure', { model: 'slow', reason: 'CANCELED' });
    expect(await statisticsOf(client, 'slow')).toMatchObject({ inference_count: '0', execution_count: '0', batch_stats: [] });
  });

  it('tells of every ready version of every model where no name is given, and of none that is unknown', async () => {
    await using app = await RunningApp.examples(['identity', 'repeat']);
    await using client = new DynamicClient(app.address);
    const all = await allStatistics(client);
    expect(all.map(({ name, version }) => `${name}/${version}`)).toEqual(['identity/1', 'repeat/1']);
    expect(all.map(({ inference_count: count, last_inference: last }) => [count, last])).toEqual([
      ['0', '0'],
      ['0', '0'],
    ]);
    const { text } = await refusalOf(allStatistics(client, 'nobody'));
    expect(text).toBe("Request for unknown model: 'nobody' is not found");
  });
});

describe('ModelConfig', () => {
  it('gives the completed configuration: what the model file says is there', async () => {
    await using app = await RunningApp.examples(['digits']);
    await using client = new DynamicClient(app.address);
    const { config } = await client.unary<{ config: object }>(MODEL_CONFIG, { name: 'digits' });
    expect(config).toMatchObject({ name: 'digits', platform: 'onnxruntime_onnx', backend: 'onnxruntime', dynamic_batching: {} });
    expect(config).toMatchObject({ input: [{ data_type: 'TYPE_FP32' }], instance_group: [{ kind: 'KIND_CPU' }] });
  });
});
