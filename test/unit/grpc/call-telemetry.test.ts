import { describe, expect, it } from '@jest/globals';
import type { Call } from '../../../src/grpc/call.js';
import { CallTelemetry } from '../../../src/grpc/call-telemetry.js';
import { HeaderMetadata } from '../../../src/grpc/metadata.js';
import { CallSampler } from '../../../src/telemetry/call-sampler.js';
import { Instruments } from '../../../src/telemetry/instruments.js';
import { createLogger, type LogLevel } from '../../../src/telemetry/logger.js';
import { CallTracer } from '../../../src/telemetry/tracer.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';
import { LogBook } from '../../support/log-book.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordedSpans } from '../../support/recorded-spans.js';

const PATH = '/test.Test/Fake';
const PEER = { address: 'unix:', local: true };
const TARGET = { model: 'm', version: '1' };

/** Every call is traced. */
function open(spans: RecordedSpans, level: LogLevel = 'info') {
  const book = new LogBook();
  const clock = new ManualClock();
  const instruments = new Instruments();
  const sampler = new CallSampler(true, { global: { on: true, ratio: 1, budget: { left: Infinity } }, models: new Map() });
  const tracer = new CallTracer({ tracer: spans.tracer, sampler, clock, random: () => 0 });
  const telemetry = new CallTelemetry(instruments, tracer, clock, createLogger({ level, destination: book }));
  return { book, clock, instruments, sampler, telemetry };
}

function endedCall(span: Call['span']): FakeSendingCall<unknown> {
  return Object.assign(new FakeSendingCall(), { span, target: TARGET });
}

describe('CallTelemetry', () => {
  it('starts a span below the one that the headers name, and ends it with what the call found', async () => {
    await using spans = new RecordedSpans();
    const { telemetry } = open(spans);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    telemetry.end(endedCall(telemetry.start(PATH, new HeaderMetadata(['traceparent', traceparent]), PEER)), 5);
    const span = spans.one('test.Test/Fake');
    expect(span.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(span.attributes).toMatchObject({ 'millrace.model': 'm', 'rpc.status_code': 'NOT_FOUND' });
  });

  it('reads no header while nothing is traced', async () => {
    await using spans = new RecordedSpans();
    const { sampler, telemetry } = open(spans);
    sampler.replace({ global: { on: false, ratio: 1, budget: { left: Infinity } }, models: new Map() });
    const read = () => {
      throw new Error('a header was read');
    };
    const metadata = { get: read, getBinary: read, entries: () => [] };
    expect(telemetry.start(PATH, metadata, PEER)).toBeUndefined();
  });

  it('counts calls that ended, calls that were refused and connections that were not taken', async () => {
    await using spans = new RecordedSpans();
    const { clock, instruments, telemetry } = open(spans);
    clock.advance(250);
    telemetry.end(endedCall(undefined), 0);
    telemetry.refused('/x/Y', 8);
    telemetry.connectionRefused();
    const text = await instruments.metrics();
    expect(text).toContain('millrace_requests_total{model="m",version="1",method="test.Test/Fake",code="OK"} 1');
    expect(text).toContain('millrace_request_seconds_sum{model="m",version="1",method="test.Test/Fake"} 0.25');
    expect(text).toContain('millrace_requests_total{model="",version="",method="x/Y",code="RESOURCE_EXHAUSTED"} 1');
    expect(text).toContain('millrace_shed_total{cause="connections"} 1');
  });

  it('writes a debug line of each call where those are on, and none where they are off', async () => {
    await using spans = new RecordedSpans();
    const quiet = open(spans);
    quiet.telemetry.end(endedCall(undefined), 0);
    quiet.telemetry.refused(PATH, 8);
    expect(quiet.book.lines).toEqual([]);
    const { book, clock, telemetry } = open(spans, 'debug');
    clock.advance(1.23456);
    telemetry.end(endedCall(undefined), 0);
    telemetry.refused('unknown', 12);
    expect(book.lines).toMatchObject([
      { level: 'debug', event: 'call', path: PATH, status: 'OK', ms: 1.235, ...TARGET },
      { level: 'debug', event: 'call_refused', path: 'unknown', status: 'UNIMPLEMENTED' },
    ]);
  });
});
