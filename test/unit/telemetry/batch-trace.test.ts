import { describe, expect, it } from '@jest/globals';
import { SpanStatusCode } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import { recordBatch, type TracedBatch } from '../../../src/telemetry/batch-trace.js';
import { RecordedSpans } from '../../support/recorded-spans.js';

const BATCH: TracedBatch = {
  model: 'digits',
  version: '1',
  rows: 5,
  reason: 'full',
  instance: 'digits/1#1',
  dispatchedAt: 30,
  assembledAt: 31,
  executedAt: 40,
  error: undefined,
};

describe('recordBatch', () => {
  it('records nothing where no member is sampled', async () => {
    await using spans = new RecordedSpans();
    recordBatch(spans.tracer, [{ span: undefined, enqueuedAt: 0 }], BATCH);
    expect(spans.ended).toEqual([]);
  });

  it('gives each sampled member its wait and its run, at the times of the clock', async () => {
    await using spans = new RecordedSpans();
    const call = spans.tracer.startSpan('call');
    recordBatch(
      spans.tracer,
      [
        { span: undefined, enqueuedAt: 1 },
        { span: call, enqueuedAt: 10 },
      ],
      BATCH,
    );
    const [queue, execute] = [spans.one('queue'), spans.one('execute')];
    for (const child of [queue, execute]) {
      expect(child.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
      expect(child.spanContext().traceId).toBe(call.spanContext().traceId);
    }
    const since = (time: readonly [number, number]) => hrTimeToMilliseconds([time[0], time[1]]) - performance.timeOrigin;
    expect(since(queue.startTime)).toBeCloseTo(10, 2);
    expect(since(queue.endTime)).toBeCloseTo(30, 2);
    expect(since(execute.startTime)).toBeCloseTo(31, 2);
    expect(since(execute.endTime)).toBeCloseTo(40, 2);
  });

  it('links the batch to its members and their runs to the batch', async () => {
    await using spans = new RecordedSpans();
    const calls = [spans.tracer.startSpan('a', { root: true }), spans.tracer.startSpan('b', { root: true })];
    recordBatch(
      spans.tracer,
      calls.map((span) => ({ span, enqueuedAt: 0 })),
      BATCH,
    );
    const batch = spans.one('batch');
    expect(batch.parentSpanContext).toBeUndefined();
    expect(batch.links.map(({ context }) => context.spanId)).toEqual(calls.map((span) => span.spanContext().spanId));
    for (const execute of spans.named('execute')) {
      expect(execute.links.map(({ context }) => context.spanId)).toEqual([batch.spanContext().spanId]);
    }
    expect(batch.attributes).toEqual({
      'millrace.model': 'digits',
      'millrace.version': '1',
      'millrace.batch.rows': 5,
      'millrace.batch.requests': 2,
      'millrace.batch.sampled_requests': 2,
      'millrace.batch.reason': 'full',
      'millrace.instance': 'digits/1#1',
    });
  });

  it('keeps within the limit of links and says how many there would be', async () => {
    await using spans = new RecordedSpans();
    const members = Array.from({ length: 200 }, () => ({ span: spans.tracer.startSpan('call'), enqueuedAt: 0 }));
    recordBatch(spans.tracer, members, BATCH);
    expect(spans.one('batch').links).toHaveLength(128);
    expect(spans.one('batch').attributes['millrace.batch.sampled_requests']).toBe(200);
    expect(spans.named('execute')).toHaveLength(200);
  });

  it('marks the batch and the runs of a failed one, not the waits', async () => {
    await using spans = new RecordedSpans();
    recordBatch(spans.tracer, [{ span: spans.tracer.startSpan('call'), enqueuedAt: 0 }], { ...BATCH, error: new Error('worker died') });
    expect(spans.one('batch').status).toEqual({ code: SpanStatusCode.ERROR, message: 'worker died' });
    expect(spans.one('execute').status.code).toBe(SpanStatusCode.ERROR);
    expect(spans.one('queue').status.code).toBe(SpanStatusCode.UNSET);
  });
});
