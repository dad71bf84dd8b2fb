import { describe, expect, it } from '@jest/globals';
import type { Span, Tracer } from '@opentelemetry/api';
import type { ClosedBatch, ClosedEntry } from '../../../src/batching/scheduler.js';
import { SERVING_ERROR_CODES, type ServingErrorCode } from '../../../src/error/code.js';
import { ServingError } from '../../../src/error/serving-error.js';
import type { VersionId } from '../../../src/model/id.js';
import { BatchTelemetry } from '../../../src/serving/batch-telemetry.js';
import { Instruments } from '../../../src/telemetry/instruments.js';
import { findSamples, parseExposition } from '../../support/exposition.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordedSpans } from '../../support/recorded-spans.js';

const ID: VersionId = { model: 'digits', version: '2' };

function entry(enqueuedAt: number, span?: Span): ClosedEntry {
  return { span, enqueuedAt, rows: 1, key: '' };
}

/** Waited from 500 or 750 to 1,000, ran from 1,250 to 3,250 ms of the clock. */
function closedBatch(given: Partial<ClosedBatch> = {}): ClosedBatch {
  const times = { dispatchedAt: 1000, assembledAt: 1250, executedAt: 3250 };
  const entries = [entry(500), entry(750)];
  return {
    entries,
    rows: 5,
    cost: 15,
    ownCost: 12,
    reason: 'instance_free',
    instance: 'digits/2#1',
    executeUs: 9,
    error: undefined,
    ...times,
    ...given,
  };
}

function createTelemetry(tracer?: Tracer) {
  const instruments = new Instruments();
  const failures: [VersionId, ServingError][] = [];
  const clock = new ManualClock();
  clock.advance(3500 - clock.now());
  const telemetry = new BatchTelemetry(ID, instruments, clock, tracer, (id, error) => failures.push([id, error]));
  const values = async (name: string, labels: Readonly<Record<string, string>> = { ...ID }) =>
    findSamples(parseExposition(await instruments.metrics()), name, labels).map(({ value }) => value);
  return { telemetry, failures, values, statistics: instruments.model(ID).statistics };
}

function errorOf(code: ServingErrorCode): ServingError {
  if (code === 'model_not_ready' || code === 'overloaded' || code === 'draining' || code === 'backend_unavailable') {
    return new ServingError(code, 'text', { retryAfterMs: 1 });
  }
  return new ServingError(code, 'text');
}

describe('BatchTelemetry', () => {
  it.each([undefined, errorOf('backend_failed')])('counts rows, requests and seconds of each batch (error: %s)', async (error) => {
    const { telemetry, values } = createTelemetry();
    telemetry.closed(closedBatch({ error }));
    expect(await values('millrace_batch_rows_sum')).toEqual([5]);
    expect(await values('millrace_batch_rows_count')).toEqual([1]);
    expect(await values('millrace_batch_requests_sum')).toEqual([2]);
    expect(await values('millrace_queue_seconds_sum')).toEqual([0.5 + 0.25]);
    expect(await values('millrace_queue_seconds_count')).toEqual([2]);
    expect(await values('millrace_execute_seconds_sum')).toEqual([2]);
    expect(await values('millrace_execute_seconds_count')).toEqual([1]);
    expect(await values('millrace_batches_total', { ...ID, reason: 'instance_free' })).toEqual([1]);
    expect(await values('millrace_batch_cost_total', { ...ID, kind: 'real' })).toEqual([12]);
    expect(await values('millrace_batch_cost_total', { ...ID, kind: 'padding' })).toEqual([3]);
  });

  it('counts failed batches that were run again in parts', async () => {
    const { telemetry, values } = createTelemetry();
    telemetry.split();
    telemetry.split();
    expect(await values('millrace_batch_splits_total')).toEqual([2]);
  });

  it('adds each batch to the statistics of its version', () => {
    const { telemetry, statistics } = createTelemetry();
    telemetry.closed(closedBatch());
    telemetry.closed(closedBatch({ error: errorOf('backend_failed') }));
    expect(statistics.batches).toEqual([{ rows: 5, count: 1, inputMs: 250, inferMs: 2000, outputMs: 250 }]);
    expect(statistics.executionCount).toBe(1);
    expect([statistics.success, statistics.failures('BACKEND')]).toMatchObject([
      { count: 2, ms: 3000 + 2750 },
      { count: 2, ms: 3000 + 2750 },
    ]);
  });

  it('counts who found the queue full', async () => {
    const { telemetry, values } = createTelemetry();
    telemetry.refused();
    telemetry.refused();
    expect(await values('millrace_shed_total', { cause: 'queue_full' })).toEqual([2]);
  });

  it("tells of failures that are the backend's own doing, and of no others", () => {
    const { telemetry, failures } = createTelemetry();
    const errors = SERVING_ERROR_CODES.map(errorOf);
    for (const error of [undefined, ...errors]) telemetry.closed(closedBatch({ error }));
    expect(failures).toEqual(errors.filter(({ code }) => code === 'backend_failed' || code === 'internal').map((error) => [ID, error]));
    expect(failures).toHaveLength(2);
  });

  it('traces a batch with a sampled member, naming the version', async () => {
    await using spans = new RecordedSpans();
    const { telemetry } = createTelemetry(spans.tracer);
    telemetry.closed(closedBatch({ entries: [entry(500), entry(750, spans.tracer.startSpan('call'))], error: errorOf('backend_failed') }));
    expect(spans.ended.map(({ name }) => name).sort()).toEqual(['batch', 'execute', 'queue']);
    const { attributes, status } = spans.one('batch');
    expect(attributes).toMatchObject({ 'millrace.model': 'digits', 'millrace.version': '2', 'millrace.batch.rows': 5 });
    expect(attributes).toMatchObject({ 'millrace.batch.requests': 2, 'millrace.batch.reason': 'instance_free' });
    expect(status.message).toBe('text');
  });

  it('traces nothing where no member is sampled, or nothing is traced at all', async () => {
    await using spans = new RecordedSpans();
    createTelemetry(spans.tracer).telemetry.closed(closedBatch());
    createTelemetry().telemetry.closed(closedBatch({ entries: [entry(500, spans.tracer.startSpan('call'))] }));
    expect(spans.ended).toEqual([]);
  });
});
