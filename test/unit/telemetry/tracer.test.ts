import { describe, expect, it } from '@jest/globals';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { CallSampler, type TraceBudget, type TraceRule } from '../../../src/telemetry/call-sampler.js';
import type { Sampling } from '../../../src/telemetry/sampling.js';
import { CallTracer } from '../../../src/telemetry/tracer.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordedSpans } from '../../support/recorded-spans.js';

const PATH = '/millrace.v1.InferenceService/Infer';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const ALWAYS: Sampling = { parentBased: true, ratio: 1 };

function ruleOf(ratio: number, budget: TraceBudget = { left: Infinity }): TraceRule {
  return { on: true, ratio, budget };
}

function createTracer(spans: RecordedSpans | undefined, { parentBased, ratio } = ALWAYS, clock = new ManualClock()) {
  const sampler = new CallSampler(parentBased, { global: ruleOf(ratio), models: new Map() });
  return new CallTracer({ tracer: spans?.tracer, sampler, clock, random: () => 0.5 });
}

/** All calls without a rule of their own at ratio 0.1, those of `m` at 1; 0.5 is drawn each time. */
function createSettlingTracer(spans: RecordedSpans) {
  const sampler = new CallSampler(true, { global: ruleOf(0.1), models: new Map([['m', ruleOf(1)]]) });
  return new CallTracer({ tracer: spans.tracer, sampler, clock: new ManualClock(), random: () => 0.5 });
}

describe('CallTracer', () => {
  it('is disabled without a tracer, whatever the caller sampled', () => {
    const tracer = createTracer(undefined);
    expect(tracer.enabled).toBe(false);
    expect(tracer.start(PATH, `00-${TRACE}-${SPAN}-01`, undefined, 'unix:')).toBeUndefined();
  });

  it('makes nothing for a call that is not sampled', async () => {
    await using spans = new RecordedSpans();
    const tracer = createTracer(spans, { parentBased: true, ratio: 0.1 });
    expect(tracer.enabled).toBe(true);
    expect(tracer.start(PATH, undefined, undefined, 'unix:')).toBeUndefined();
    expect(tracer.start(PATH, `00-${TRACE}-${SPAN}-00`, undefined, 'unix:')).toBeUndefined();
  });

  it("makes a server span below the caller's, with its trace state", async () => {
    await using spans = new RecordedSpans();
    const tracer = createTracer(spans, { parentBased: true, ratio: 0 });
    const span = tracer.start(PATH, `00-${TRACE}-${SPAN}-01`, 'vendor=1', '127.0.0.1:50000');
    if (span === undefined) throw new Error('not sampled');
    tracer.endCall(span, 0, { model: 'digits', version: '2' });
    const ended = spans.one('millrace.v1.InferenceService/Infer');
    expect(ended.kind).toBe(SpanKind.SERVER);
    expect(ended.spanContext().traceId).toBe(TRACE);
    expect(ended.spanContext().traceState?.get('vendor')).toBe('1');
    expect(ended.parentSpanContext).toMatchObject({ spanId: SPAN, isRemote: true });
    expect(ended.attributes).toEqual({
      'rpc.system.name': 'grpc',
      'rpc.method': 'millrace.v1.InferenceService/Infer',
      'rpc.status_code': 'OK',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': 50000,
      'millrace.model': 'digits',
      'millrace.version': '2',
    });
    expect(ended.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('starts a trace of its own where there is no valid parent', async () => {
    await using spans = new RecordedSpans();
    const tracer = createTracer(spans);
    const span = tracer.start(PATH, 'nonsense', 'vendor=1', 'unix:');
    if (span === undefined) throw new Error('not sampled');
    tracer.endCall(span, 0, undefined);
    const [ended] = spans.ended;
    expect(ended?.parentSpanContext).toBeUndefined();
    expect(ended?.spanContext().traceState).toBeUndefined();
    expect(ended?.attributes).toMatchObject({ 'network.peer.address': 'unix:' });
    expect(ended?.attributes).not.toHaveProperty('millrace.model');
  });

  it('takes its times from the clock', async () => {
    await using spans = new RecordedSpans();
    const clock = new ManualClock();
    const tracer = createTracer(spans, ALWAYS, clock);
    const span = tracer.start(PATH, undefined, undefined, 'unix:');
    clock.advance(1500);
    if (span === undefined) throw new Error('not sampled');
    tracer.endCall(span, 0, undefined);
    const [seconds = 0, nanoseconds = 0] = spans.ended[0]?.duration ?? [];
    expect(seconds * 1000 + nanoseconds / 1e6).toBeCloseTo(1500, 2);
  });

  it("marks the server's own failures as errors, the caller's not", async () => {
    await using spans = new RecordedSpans();
    const tracer = createTracer(spans);
    for (const status of [3, 13]) {
      const span = tracer.start(PATH, undefined, undefined, '[::1]:7');
      if (span === undefined) throw new Error('not sampled');
      tracer.endCall(span, status, undefined);
    }
    expect(
      spans.ended.map(({ status, attributes }) => [status.code, attributes['error.type'], attributes['network.peer.address']]),
    ).toEqual([
      [SpanStatusCode.UNSET, undefined, '[::1]'],
      [SpanStatusCode.ERROR, 'INTERNAL', '[::1]'],
    ]);
  });

  it('is disabled while the rules sample nothing', async () => {
    await using spans = new RecordedSpans();
    const tracer = createTracer(spans, { parentBased: false, ratio: 0 });
    expect(tracer.enabled).toBe(false);
    expect(tracer.start(PATH, `00-${TRACE}-${SPAN}-01`, undefined, 'unix:')).toBeUndefined();
  });

  it('keeps every span where one rule is for all', async () => {
    await using spans = new RecordedSpans();
    const tracer = createTracer(spans);
    const span = tracer.start(PATH, undefined, undefined, 'unix:');
    if (span === undefined) throw new Error('not sampled');
    expect(tracer.keeps(span, 'm')).toBe(true);
  });

  it("lets the model's rule decide once it is known, and ends no span that it leaves out", async () => {
    await using spans = new RecordedSpans();
    const tracer = createSettlingTracer(spans);
    for (const [model, keeps] of [
      ['m', true],
      ['n', false],
    ] as const) {
      const span = tracer.start(PATH, undefined, undefined, 'unix:');
      if (span === undefined) throw new Error('not admitted');
      expect(tracer.keeps(span, model)).toBe(keeps);
      // The first model has decided.
      expect(tracer.keeps(span, 'n')).toBe(true);
      if (keeps) tracer.endCall(span, 0, { model, version: '1' });
    }
    expect(spans.ended.map(({ attributes }) => attributes['millrace.model'])).toEqual(['m']);
  });

  it('settles a call that asks for no model at its end', async () => {
    await using spans = new RecordedSpans();
    const tracer = createSettlingTracer(spans);
    const span = tracer.start(PATH, undefined, undefined, 'unix:');
    if (span === undefined) throw new Error('not admitted');
    tracer.endCall(span, 0, undefined);
    expect(spans.ended).toEqual([]);
  });
});
