import { describe, expect, it } from '@jest/globals';
import { readTracingSettings } from '../../../src/telemetry/otel-env.js';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const OFF = { kind: 'off', warnings: [] };

describe('readTracingSettings', () => {
  it('is off unless the environment asks for an export', () => {
    expect(readTracingSettings({})).toEqual(OFF);
    expect(readTracingSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toEqual(OFF);
    expect(readTracingSettings({ OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' })).toEqual(OFF);
  });

  it('is off where the environment says so beside an endpoint', () => {
    expect(readTracingSettings({ ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' })).toEqual(OFF);
    expect(readTracingSettings({ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' })).toEqual(OFF);
  });

  it('exports over HTTP and follows the parent by default', () => {
    expect(readTracingSettings(ENDPOINT)).toEqual({
      kind: 'otlp',
      protocol: 'http/protobuf',
      sampling: { parentBased: true, ratio: 1 },
      warnings: [],
    });
    expect(readTracingSettings({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c' }).kind).toBe('otlp');
    expect(readTracingSettings({ OTEL_TRACES_EXPORTER: 'otlp' }).kind).toBe('otlp');
  });

  it('puts the setting for traces before the one for all signals', () => {
    const env = { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc' };
    expect(readTracingSettings(env)).toMatchObject({ protocol: 'grpc' });
  });

  it.each([
    ['always_on', undefined, { parentBased: false, ratio: 1 }],
    ['always_off', undefined, { parentBased: false, ratio: 0 }],
    ['traceidratio', '0.25', { parentBased: false, ratio: 0.25 }],
    ['parentbased_always_on', undefined, { parentBased: true, ratio: 1 }],
    ['parentbased_always_off', '0.5', { parentBased: true, ratio: 0 }],
    ['parentbased_traceidratio', '0.01', { parentBased: true, ratio: 0.01 }],
    ['parentbased_traceidratio', undefined, { parentBased: true, ratio: 1 }],
  ])('reads the sampler %s with %s', (name, argument, sampling) => {
    const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument };
    expect(readTracingSettings(env)).toMatchObject({ sampling, warnings: [] });
  });

  it('warns of each value that it cannot follow, and goes on with the default', () => {
    const env = {
      ...ENDPOINT,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_TRACES_SAMPLER: 'jaeger_remote',
    };
    const settings = readTracingSettings(env);
    expect(settings).toMatchObject({ protocol: 'http/protobuf', sampling: { parentBased: true, ratio: 1 } });
    expect(settings.warnings.join()).toMatch(/http\/json.*jaeger_remote/);
    expect(readTracingSettings({ ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' })).toMatchObject({
      sampling: { ratio: 1 },
      warnings: [expect.stringContaining('OTEL_TRACES_SAMPLER_ARG=2')],
    });
  });

  it('warns of an exporter that it does not have and stays off', () => {
    const settings = readTracingSettings({ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'zipkin' });
    expect(settings).toEqual({ kind: 'off', warnings: [expect.stringContaining('zipkin')] });
  });
});
