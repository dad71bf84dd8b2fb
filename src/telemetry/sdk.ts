import { DiagLogLevel, diag, type Tracer } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from './logger.js';
import { type Environment, type OtlpProtocol, readTracingSettings } from './otel-env.js';
import type { Sampling } from './sampling.js';

export interface Tracing {
  readonly tracer: Tracer;
  readonly sampling: Sampling;
  /** Sends what is waiting and ends; gives up without a word when the signal aborts. Never rejects. */
  shutdown(signal: AbortSignal): Promise<void>;
}

/**
 * Starts the SDK where the environment asks for it. Nothing of it is loaded otherwise: an untraced server pays for the import of
 * this file alone. Endpoint, headers, certificates, time-outs and queue sizes are read from the environment by the SDK itself.
 */
export async function startTracing(env: Environment, serviceVersion: string, logger: Logger): Promise<Tracing | undefined> {
  const settings = readTracingSettings(env);
  for (const warning of settings.warnings) logger.warn('tracing_setting_ignored', { reason: warning });
  if (settings.kind === 'off') return undefined;
  reportSdkProblems(logger);
  return createTracing(await createExporter(settings.protocol), settings.sampling, serviceVersion, logger);
}

/** `exporter` gets every span that is started: the calls were sampled before. */
export async function createTracing(exporter: SpanExporter, sampling: Sampling, serviceVersion: string, logger: Logger): Promise<Tracing> {
  const { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const provider = new BasicTracerProvider({
    sampler: new AlwaysOnSampler(),
    resource: await createResource(serviceVersion),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const flush = () => provider.shutdown().catch((error: unknown) => logger.warn('tracing_flush_failed', { error }));
  return { tracer: provider.getTracer('millrace', serviceVersion), sampling, shutdown: (signal) => settledOrAborted(flush(), signal) };
}

async function createExporter(protocol: OtlpProtocol): Promise<SpanExporter> {
  switch (protocol) {
    case 'grpc': {
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
      return new OTLPTraceExporter();
    }
    case 'http/protobuf': {
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
      return new OTLPTraceExporter();
    }
  }
}

/** What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say comes before our own words. */
async function createResource(serviceVersion: string) {
  const { defaultResource, detectResources, envDetector, resourceFromAttributes, serviceInstanceIdDetector } = await import(
    '@opentelemetry/resources'
  );
  const own = resourceFromAttributes({ 'service.name': 'millrace', 'service.version': serviceVersion });
  const detected = detectResources({ detectors: [serviceInstanceIdDetector, envDetector] });
  return defaultResource().merge(own).merge(detected);
}

/** An exporter that cannot reach its collector says so in the log, not on the console. */
function reportSdkProblems(logger: Logger): void {
  const warn = (message: string, ...details: unknown[]) =>
    logger.warn('tracing', { message, ...(details.length === 0 ? {} : { details }) });
  const silent = () => undefined;
  diag.setLogger(
    { error: warn, warn, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

async function settledOrAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let stop: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  await Promise.race([work, aborted]);
  signal.removeEventListener('abort', stop);
}
