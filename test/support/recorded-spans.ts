import type { Tracer } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** A tracer whose ended spans can be looked at. */
export class RecordedSpans implements AsyncDisposable {
  readonly tracer: Tracer;
  readonly #exporter = new InMemorySpanExporter();
  readonly #provider: BasicTracerProvider;

  constructor() {
    this.#provider = new BasicTracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors: [new SimpleSpanProcessor(this.#exporter)] });
    this.tracer = this.#provider.getTracer('test');
  }

  get ended(): ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  named(name: string): ReadableSpan[] {
    return this.ended.filter((span) => span.name === name);
  }

  /** The only span of that name. */
  one(name: string): ReadableSpan {
    const [span, ...others] = this.named(name);
    if (span === undefined || others.length > 0) throw new Error(`${this.named(name).length} spans are named ${name}`);
    return span;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#provider.shutdown();
  }
}
