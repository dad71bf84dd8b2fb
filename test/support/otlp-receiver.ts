import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';

/** As much of opentelemetry-proto as these tests look at; the numbers are its own. */
const SCHEMA = `
  syntax = "proto3";
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1;
    bytes span_id = 2;
    string trace_state = 3;
    bytes parent_span_id = 4;
    string name = 5;
    int32 kind = 6;
    fixed64 start_time_unix_nano = 7;
    fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9;
    repeated Link links = 13;
    Status status = 15;
  }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`;

const request = protobuf.parse(SCHEMA).root.lookupType('ExportTraceServiceRequest');

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
}

export interface ReceivedSpan extends SpanLink {
  readonly parentSpanId: string;
  readonly name: string;
  /** 2 is a server's. */
  readonly kind: number;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly SpanLink[];
}

interface WireKeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, string | number | boolean>>;
}

interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly WireKeyValue[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface WireRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly WireKeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

/** A collector that takes traces over OTLP/HTTP and keeps them. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** Of the resource that was exported last. */
  resource: Readonly<Record<string, string | number | boolean>> = {};
  readonly #server = createServer((message, response) => {
    void this.#receive(message).then(() => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  /** What OTEL_EXPORTER_OTLP_ENDPOINT should say. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  named(name: string): readonly ReceivedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  childrenOf({ traceId, spanId }: SpanLink): readonly ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId && span.parentSpanId === spanId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(message: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const options = { longs: String, bytes: String, defaults: true, arrays: true };
    const { resourceSpans } = request.toObject(request.decode(Buffer.concat(chunks)), options) as WireRequest;
    for (const { resource, scopeSpans } of resourceSpans) {
      this.resource = attributesOf(resource.attributes);
      for (const { spans } of scopeSpans) this.spans.push(...spans.map(toReceived));
    }
  }
}

function toReceived(span: WireSpan): ReceivedSpan {
  const { name, kind, parentSpanId, startTimeUnixNano, endTimeUnixNano, attributes, links } = span;
  return {
    ...toLink(span),
    name,
    kind,
    parentSpanId: hex(parentSpanId),
    start: BigInt(startTimeUnixNano),
    end: BigInt(endTimeUnixNano),
    attributes: attributesOf(attributes),
    links: links.map(toLink),
  };
}

function toLink({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }): SpanLink {
  return { traceId: hex(traceId), spanId: hex(spanId) };
}

function attributesOf(pairs: readonly WireKeyValue[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => {
      const [kind = '', content = ''] = Object.entries(value).find(([field]) => field !== 'value') ?? [];
      return [key, kind === 'intValue' ? Number(content) : content];
    }),
  );
}

function hex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}
