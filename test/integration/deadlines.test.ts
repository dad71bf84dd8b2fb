import { constants } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Datatype } from '../../src/gen/millrace/v1/tensor.js';
import { DeadlineWheel } from '../../src/grpc/deadline-wheel.js';
import { systemClock } from '../../src/model/clock.js';
import { eventually } from '../support/eventually.js';
import { frame, RawClient } from '../support/grpc-client.js';
import {
  INFER,
  INFER_STREAM,
  identityModels,
  identityRequest,
  identityRow,
  identityRows,
  inferStreamRequest,
  isFinal,
  rawTensor,
} from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { RunningApp } from '../support/running-app.js';

const OK = 0;
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const EXECUTIONS = 'millrace_execute_seconds_count';

const wheel = new DeadlineWheel(systemClock);
let repository: ModelDirectory;
let app: RunningApp;
let client: RawClient;

beforeAll(async () => {
  repository = await ModelDirectory.create(
    identityModels({
      quick: {},
      slow: { delayMs: 600 },
      endless: { delayMs: 3_600_000, maxBatchSize: 4 },
      paired: {
        delayMs: 1000,
        maxBatchSize: 4,
        config: 'dynamic_batching { preferred_batch_size: [ 2 ] max_queue_delay_microseconds: 5000000 }',
      },
      rows: { delayMs: 10, maxBatchSize: 1 },
      busy: { delayMs: 5, maxBatchSize: 4 },
    }),
  );
  app = await RunningApp.start({ modelRepository: [repository.path] }, { wheel });
  client = await RawClient.connect(app.address);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await repository[Symbol.asyncDispose]();
});

function inflight(calls: number): Promise<void> {
  return app.reaches(calls, 'millrace_inflight_calls');
}

/** InferStream of the repeat model: each value after its delay. */
function repeatRequest(values: readonly number[], delaysMs: readonly number[]): Uint8Array {
  const tensor = (name: string, length: number) => ({ ...rawTensor(name, [length], []), raw: undefined });
  const inputs = [
    { ...tensor('IN', values.length), datatype: Datatype.DATATYPE_INT32, ints: values.map(BigInt) },
    { ...tensor('DELAY', delaysMs.length), datatype: Datatype.DATATYPE_UINT32, uints: delaysMs.map(BigInt) },
    { ...tensor('WAIT', 1), datatype: Datatype.DATATYPE_UINT32, uints: [0n] },
  ];
  return inferStreamRequest('repeat', inputs, 0);
}

describe('a deadline', () => {
  it('that passes in the queue is answered before the instance is free, and the call is never executed', async () => {
    const before = await app.total(EXECUTIONS, { model: 'slow' });
    const order: string[] = [];
    const running = client.call(INFER, identityRequest('slow')).finally(() => order.push('running'));
    await inflight(1);
    const sentAt = performance.now();
    const expired = await client.call(INFER, identityRequest('slow'), { 'grpc-timeout': '50m' });
    const waitedMs = performance.now() - sentAt;
    order.push('expired');
    expect(expired).toMatchObject({ status: DEADLINE_EXCEEDED, text: 'deadline exceeded', messages: [] });
    expect(waitedMs).toBeGreaterThanOrEqual(45);
    expect(await running).toMatchObject({ status: OK });
    expect(order).toEqual(['expired', 'running']);
    expect(await client.call(INFER, identityRequest('slow'))).toMatchObject({ status: OK });
    expect(await app.total(EXECUTIONS, { model: 'slow' })).toBe(before + 2);
  });

  it('that passes while the batch runs is answered at once and costs the other member nothing', async () => {
    const before = await app.total(EXECUTIONS, { model: 'paired' });
    const order: string[] = [];
    const patient = client.call(INFER, identityRow('paired', [7])).finally(() => order.push('patient'));
    const hasty = client.call(INFER, identityRow('paired', [8]), { 'grpc-timeout': '500m' }).finally(() => order.push('hasty'));
    expect(await hasty).toMatchObject({ status: DEADLINE_EXCEEDED });
    expect(await patient).toMatchObject({ status: OK });
    expect(order).toEqual(['hasty', 'patient']);
    expect(await app.total(EXECUTIONS, { model: 'paired' })).toBe(before + 1);
    expect(await app.total('millrace_batch_requests_sum', { model: 'paired' })).toBe(2);
  });

  it('that passes for everyone in the batch frees the instance', async () => {
    const timeout = { 'grpc-timeout': '80m' };
    const answers = await Promise.all([1, 2].map(() => client.call(INFER, identityRow('endless'), timeout)));
    expect(answers.map(({ status }) => status)).toEqual([DEADLINE_EXCEEDED, DEADLINE_EXCEEDED]);
    await inflight(0);
    await app.reaches(0, 'millrace_queued_bytes');
    // Only an instance that was freed can take this one, and only to lose it in the same way.
    const next = await client.call(INFER, identityRow('endless'), timeout);
    expect(next.status).toBe(DEADLINE_EXCEEDED);
  });

  it('holds for the whole of a stream', async () => {
    const answer = await client.call(INFER_STREAM, identityRows('rows', 1000, 1), { 'grpc-timeout': '150m' });
    expect(answer.status).toBe(DEADLINE_EXCEEDED);
    expect(answer.messages.length).toBeLessThan(1000);
    expect(answer.messages.some(isFinal)).toBe(false);
    await inflight(0);
    const executed = await app.total(EXECUTIONS, { model: 'rows' });
    expect(await client.call(INFER, identityRow('rows'))).toMatchObject({ status: OK });
    expect(await app.total(EXECUTIONS, { model: 'rows' })).toBe(executed + 1);
  });

  it.each(['2592000S', '99999999H', '99999999S', '99999999M'])('as far away as %s is no deadline now', async (timeout) => {
    expect(await client.call(INFER, identityRequest('quick'), { 'grpc-timeout': timeout })).toMatchObject({ status: OK });
  });

  it.each(['0S', '0m', '0n', '1n'])('of %s has passed before the call is read', async (timeout) => {
    const before = await app.total(EXECUTIONS, { model: 'quick' });
    expect(await client.call(INFER, identityRequest('quick'), { 'grpc-timeout': timeout })).toMatchObject({ status: DEADLINE_EXCEEDED });
    expect(await app.total(EXECUTIONS, { model: 'quick' })).toBe(before);
  });

  it.each(['10', 'S', '10x', '1.5S', '-1S', '+1S', '123456789S', '1 S', '1S1S', '0x1S'])(
    'of %j is refused before the call is read',
    async (timeout) => {
      const before = await app.total(EXECUTIONS, { model: 'quick' });
      const call = client.open(INFER, { 'grpc-timeout': timeout });
      const { status, text } = await call.answer;
      expect(status).toBe(INVALID_ARGUMENT);
      expect(text).toBe(`malformed grpc-timeout: expected 1 to 8 digits and one of H, M, S, m, u, n, got '${timeout}'`);
      expect(await app.total(EXECUTIONS, { model: 'quick' })).toBe(before);
    },
  );
});

describe('a cancelled call', () => {
  it('that waits for an instance leaves at once and is never executed', async () => {
    const before = await app.total(EXECUTIONS, { model: 'slow' });
    const running = client.call(INFER, identityRequest('slow'));
    await inflight(1);
    const bytes = await app.total('millrace_queued_bytes');
    const waiting = client.open(INFER);
    waiting.stream.end(frame(identityRequest('slow')));
    await app.reaches(2 * bytes, 'millrace_queued_bytes');
    waiting.stream.close(constants.NGHTTP2_CANCEL);
    await app.reaches(bytes, 'millrace_queued_bytes');
    await inflight(1);
    expect(await running).toMatchObject({ status: OK });
    expect(await client.call(INFER, identityRequest('slow'))).toMatchObject({ status: OK });
    expect(await app.total(EXECUTIONS, { model: 'slow' })).toBe(before + 2);
  });

  it('that streams dispatches no more rows', async () => {
    const before = await app.total(EXECUTIONS, { model: 'rows' });
    const stream = client.open(INFER_STREAM);
    stream.stream.end(frame(identityRows('rows', 10_000, 1)));
    await eventually('rows are executed', async () => (await app.total(EXECUTIONS, { model: 'rows' })) > before + 2);
    stream.stream.close(constants.NGHTTP2_CANCEL);
    await inflight(0);
    const executed = await app.total(EXECUTIONS, { model: 'rows' });
    expect(await client.call(INFER, identityRow('rows'))).toMatchObject({ status: OK });
    const after = await app.total(EXECUTIONS, { model: 'rows' });
    // One batch may have been on its way out when the stream ended.
    expect(after - executed).toBeLessThanOrEqual(2);
    expect(after - before).toBeLessThan(1000);
  });
});

describe('a cancelled stream of a decoupled model', () => {
  it('gives its instance back between two responses', async () => {
    await using repeat = await RunningApp.examples(['repeat']);
    await using caller = await RawClient.connect(repeat.address);
    const stream = caller.open(INFER_STREAM);
    stream.stream.end(frame(repeatRequest([1, 2], [0, 3_600_000])));
    await new Promise((resolve) => stream.stream.once('data', resolve));
    stream.stream.close(constants.NGHTTP2_CANCEL);
    await repeat.reaches(0, 'millrace_inflight_calls');
    expect(await caller.call(INFER_STREAM, repeatRequest([3], [0]))).toMatchObject({ status: OK });
  });
});

describe('a storm of calls of which half are cancelled', () => {
  it('answers the other half and leaves nothing behind', async () => {
    const calls = Array.from({ length: 200 }, (_, at) => {
      const call = client.open(INFER, { 'grpc-timeout': '60S' });
      const isCancelled = at % 2 === 1;
      // A third of those goes before the body, a third right after it, a third once some calls are answered.
      if (isCancelled && at % 3 === 0) call.stream.close(constants.NGHTTP2_CANCEL);
      else call.stream.end(frame(identityRow('busy', [at])));
      if (isCancelled && at % 3 === 1) call.stream.close(constants.NGHTTP2_CANCEL);
      return { call, isCancelled };
    });
    const patient = calls.filter(({ isCancelled }) => !isCancelled).map(({ call }) => call.answer);
    await Promise.race(patient);
    for (const { call, isCancelled } of calls) if (isCancelled) call.stream.close(constants.NGHTTP2_CANCEL);
    const answers = await Promise.all(patient);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => OK));
    await inflight(0);
    await app.reaches(0, 'millrace_queued_bytes');
    await eventually('no deadline is waited for', () => wheel.size === 0);
    // 33 of the cancelled ones never sent their body, so that at most 167 can have run.
    expect(await app.total('millrace_batch_requests_sum', { model: 'busy' })).toBeLessThanOrEqual(167);
    expect(app.log.all('call_failed')).toEqual([]);
  });
});
