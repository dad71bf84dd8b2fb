import { describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { infer, MILLRACE, OIP, type TestRequest } from '../support/facades.js';
import { ModelDirectory } from '../support/model-directory.js';
import { doubleOnnx, identityConfig, modelFiles } from '../support/model-files.js';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js';
import { refusalOf } from '../support/refusal.js';
import { ServerProcess } from '../support/server-process.js';

const INFER_STREAM = 'millrace.v1.InferenceService/InferStream';
const SERVER_KIND = 2;
/** Waits for its fourth row, so that calls share a batch for certain. */
const FOURS = `${identityConfig('FP32')} dynamic_batching { preferred_batch_size: 4 max_queue_delay_microseconds: 10000000 }`;

function row(model: string, name = 'INPUT0'): TestRequest {
  return { model, inputs: [{ name, datatype: 'FP32', shape: [1, 2], values: [1, 2] }] };
}

/** W3C's header of a caller in trace `trace`, whose own span is `span`. */
function traceparent(trace: string, span: string, sampled = true): { readonly metadata: { readonly traceparent: string } } {
  return { metadata: { traceparent: `00-${trace}-${span}-${sampled ? '01' : '00'}` } };
}

function traceId(digit: number): string {
  return String(digit).repeat(32);
}

const CALLER = 'abcdef0123456789';

/** Runs a traced server of its own, lets `use` call it and gives what it has exported by its end. */
async function traced(use: (client: DynamicClient) => Promise<void>, env: Readonly<Record<string, string>> = {}): Promise<OtlpReceiver> {
  const receiver = await OtlpReceiver.start();
  try {
    await using directory = await ModelDirectory.create(modelFiles({ double: { onnx: doubleOnnx() }, fours: { config: FOURS } }));
    await using server = await ServerProcess.start(['--model-repository', directory.path], {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      ...env,
    });
    await using client = new DynamicClient(server.address);
    await use(client);
    // The last spans leave with the server.
    server.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    return receiver;
  } catch (error) {
    await receiver[Symbol.asyncDispose]();
    throw error;
  }
}

function only(spans: readonly ReceivedSpan[]): ReceivedSpan {
  const [span, ...others] = spans;
  if (span === undefined || others.length > 0) throw new Error(`expected one span, got ${spans.length}`);
  return span;
}

describe('a traced server', () => {
  it("continues the caller's trace: a server span with a queue and an execution, beside the batch that ran it", async () => {
    await using receiver = await traced(async (client) => {
      await client.unary(OIP.inferMethod, OIP.message(row('double', 'X'), 'raw'), traceparent(traceId(1), CALLER));
    });
    const call = only(receiver.named(OIP.inferMethod));
    expect(call).toMatchObject({ traceId: traceId(1), parentSpanId: CALLER, kind: SERVER_KIND });
    expect(call.attributes).toMatchObject({
      'rpc.system.name': 'grpc',
      'rpc.method': OIP.inferMethod,
      'rpc.status_code': 'OK',
      'millrace.model': 'double',
      'millrace.version': '1',
    });

    const children = receiver.childrenOf(call).toSorted((a, b) => Number(a.start - b.start));
    expect(children.map(({ name }) => name)).toEqual(['queue', 'execute']);
    for (const child of children) {
      expect(child.start).toBeGreaterThanOrEqual(call.start);
      expect(child.end).toBeLessThanOrEqual(call.end);
      expect(child.end).toBeGreaterThanOrEqual(child.start);
    }
    const batch = only(receiver.named('batch'));
    expect(batch.traceId).not.toBe(call.traceId);
    expect(batch.links).toEqual([{ traceId: call.traceId, spanId: call.spanId }]);
    expect(children[1]?.links).toEqual([{ traceId: batch.traceId, spanId: batch.spanId }]);
    expect(receiver.resource).toMatchObject({ 'service.name': 'millrace' });
  });

  it('links a batch to every sampled call in it, and to no other', async () => {
    await using receiver = await traced(async (client) => {
      const message = MILLRACE.message(row('fours'), 'raw');
      const sampled = [1, 2, 3].map((digit) => client.unary(MILLRACE.inferMethod, message, traceparent(traceId(digit), CALLER)));
      const unsampled = client.unary(MILLRACE.inferMethod, message, traceparent(traceId(4), CALLER, false));
      await Promise.all([...sampled, unsampled]);
    });
    const calls = receiver.named(MILLRACE.inferMethod);
    expect(calls.map((call) => call.traceId).toSorted()).toEqual([1, 2, 3].map(traceId));
    const batch = only(receiver.named('batch'));
    expect(batch.links.map((link) => link.spanId).toSorted()).toEqual(calls.map(({ spanId }) => spanId).toSorted());
    expect(batch.attributes).toMatchObject({
      'millrace.model': 'fours',
      'millrace.batch.rows': 4,
      'millrace.batch.requests': 4,
      'millrace.batch.sampled_requests': 3,
      'millrace.batch.reason': 'preferred_batch_size',
    });
    for (const call of calls)
      expect(
        receiver
          .childrenOf(call)
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(['execute', 'queue']);
    expect(receiver.spans.filter((span) => span.traceId === traceId(4))).toEqual([]);
  });

  it('has one server span for a stream, with a queue and an execution for each piece', async () => {
    await using receiver = await traced(async (client) => {
      const request = { model: 'double', inputs: [{ name: 'X', datatype: 'FP32' as const, shape: [3, 1], values: [1, 2, 3] }] };
      const message = { ...MILLRACE.message(request, 'raw'), rows_per_message: 1 };
      expect(await client.stream(INFER_STREAM, message, traceparent(traceId(5), CALLER))).toHaveLength(3);
    });
    const call = only(receiver.named(INFER_STREAM));
    const children = receiver.childrenOf(call).map(({ name }) => name);
    expect(children.toSorted()).toEqual(['execute', 'execute', 'execute', 'queue', 'queue', 'queue']);
  });

  it('exports nothing for calls whose parent is not sampled, and the refused ones that are', async () => {
    await using receiver = await traced(async (client) => {
      const message = OIP.message(row('double', 'X'), 'raw');
      for (let call = 0; call < 5; call++) await client.unary(OIP.inferMethod, message, traceparent(traceId(6), CALLER, false));
      const unknown = { ...message, model_name: 'nobody' };
      await refusalOf(client.unary(OIP.inferMethod, unknown, traceparent(traceId(7), CALLER)));
    });
    const call = only(receiver.spans);
    expect(call).toMatchObject({ name: OIP.inferMethod, traceId: traceId(7), parentSpanId: CALLER });
    expect(call.attributes).toMatchObject({ 'rpc.status_code': 'NOT_FOUND' });
  });

  it('begins traces of its own for calls without a parent, unless the sampler says otherwise', async () => {
    const call = async (client: DynamicClient) => {
      await infer(client, OIP, row('double', 'X'), 'raw');
    };
    await using always = await traced(call);
    expect(only(always.named(OIP.inferMethod)).parentSpanId).toBe('');
    await using never = await traced(call, { OTEL_TRACES_SAMPLER: 'parentbased_always_off' });
    expect(never.spans).toEqual([]);
  });
});
