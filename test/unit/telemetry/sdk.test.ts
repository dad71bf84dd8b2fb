import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { createLogger } from '../../../src/telemetry/logger.js';
import { createTracing, startTracing } from '../../../src/telemetry/sdk.js';

const SAMPLING = { parentBased: true, ratio: 1 };

function createLog() {
  const lines: string[] = [];
  return { lines, logger: createLogger({ level: 'debug', destination: { write: (line) => lines.push(line) } }) };
}

class ListExporter implements SpanExporter {
  readonly spans: ReadableSpan[] = [];
  shutdowns = 0;

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.spans.push(...spans);
    done({ code: ExportResultCode.SUCCESS });
  }

  shutdown(): Promise<void> {
    this.shutdowns += 1;
    return Promise.resolve();
  }
}

describe('startTracing', () => {
  it('starts nothing where the environment does not ask for it', async () => {
    const { lines, logger } = createLog();
    expect(await startTracing({}, '1.2.3', logger)).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it('logs what it could not follow', async () => {
    const { lines, logger } = createLog();
    expect(await startTracing({ OTEL_TRACES_EXPORTER: 'zipkin' }, '1.2.3', logger)).toBeUndefined();
    expect(lines.join()).toContain('tracing_setting_ignored');
  });

  it.each(['grpc', 'http/protobuf'])('has an exporter for %s and gives the sampling to the caller', async (protocol) => {
    const { logger } = createLog();
    const env = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_TRACES_SAMPLER: 'always_off' };
    const tracing = await startTracing(env, '1.2.3', logger);
    expect(tracing?.sampling).toEqual({ parentBased: false, ratio: 0 });
    expect(tracing?.tracer.startSpan('x').isRecording()).toBe(true);
    await tracing?.shutdown(AbortSignal.abort());
  });
});

describe('createTracing', () => {
  it('exports what is waiting at shutdown, under our name and version', async () => {
    const exporter = new ListExporter();
    const tracing = await createTracing(exporter, SAMPLING, '1.2.3', createLog().logger);
    tracing.tracer.startSpan('call').end();
    await tracing.shutdown(new AbortController().signal);
    expect(exporter.spans.map(({ name }) => name)).toEqual(['call']);
    expect(exporter.spans[0]?.resource.attributes).toMatchObject({ 'service.name': 'millrace', 'service.version': '1.2.3' });
    expect(exporter.shutdowns).toBe(1);
  });

  it('gives up a flush that hangs when the signal aborts', async () => {
    const controller = new AbortController();
    let finish: () => void = () => undefined;
    const exporter: SpanExporter = {
      export: (_, done) => {
        finish = () => done({ code: ExportResultCode.SUCCESS });
        controller.abort();
      },
      shutdown: () => Promise.resolve(),
    };
    const tracing = await createTracing(exporter, SAMPLING, '1.2.3', createLog().logger);
    tracing.tracer.startSpan('call').end();
    await expect(tracing.shutdown(controller.signal)).resolves.toBeUndefined();
    finish();
  });

  it('logs a flush that fails and does not reject', async () => {
    const { lines, logger } = createLog();
    const exporter: SpanExporter = {
      export: (_, done) => done({ code: ExportResultCode.SUCCESS }),
      shutdown: () => Promise.reject(new Error('collector gone')),
    };
    const tracing = await createTracing(exporter, SAMPLING, '1.2.3', logger);
    await tracing.shutdown(new AbortController().signal);
    expect(lines.join()).toContain('collector gone');
  });
});

describe('the OTLP exporter', () => {
  it('sends spans to the endpoint that the environment names', async () => {
    const collector = createServer((request, response) => {
      request.resume();
      response.end();
    });
    collector.listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const { port } = collector.address() as AddressInfo;
    const requested = once(collector, 'request') as Promise<[IncomingMessage]>;
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${port}`;
    try {
      const tracing = await startTracing(process.env, '1.2.3', createLog().logger);
      tracing?.tracer.startSpan('call').end();
      await tracing?.shutdown(new AbortController().signal);
      const [{ method, url, headers }] = await requested;
      expect([method, url, headers['content-type']]).toEqual(['POST', '/v1/traces', 'application/x-protobuf']);
    } finally {
      delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
      collector.closeAllConnections();
      collector.close();
    }
  });
});
