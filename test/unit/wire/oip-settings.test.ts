import { describe, expect, it } from '@jest/globals';
import type { LogSettingsRequest } from '../../../src/gen/inference/settings.js';
import type { TraceChange } from '../../../src/model/trace-settings.js';
import { formatLogSettings, formatTraceSettings, parseLogChange, parseTraceChange } from '../../../src/wire/oip-settings.js';

type LogSettingsMap = LogSettingsRequest['settings'];

function trace(settings: Readonly<Record<string, string[]>>) {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, { value }]));
}

function flag(value: boolean): LogSettingsMap[string] {
  return { parameterChoice: { $case: 'boolParam', value } };
}

function text(value: string): LogSettingsMap[string] {
  return { parameterChoice: { $case: 'stringParam', value } };
}

function number(value: number): LogSettingsMap[string] {
  return { parameterChoice: { $case: 'uint32Param', value } };
}

describe('parseTraceChange', () => {
  it.each<[Record<string, string[]>, TraceChange]>([
    [{}, {}],
    [{ trace_level: ['OFF'] }, { level: 'OFF' }],
    [
      { trace_level: ['TIMESTAMPS', 'TIMESTAMPS'], trace_rate: ['1000'] },
      { level: 'TIMESTAMPS', rate: 1000 },
    ],
    [
      { trace_rate: ['4294967295'], trace_count: ['-1'] },
      { rate: 4294967295, count: -1 },
    ],
    [{ trace_count: ['0'] }, { count: 0 }],
    [
      { trace_level: [], trace_rate: [], trace_count: [] },
      { level: null, rate: null, count: null },
    ],
    [{ trace_mode: ['opentelemetry'], log_frequency: ['0'] }, {}],
    [{ trace_mode: [], log_frequency: [] }, {}],
  ])('reads %j', (settings, change) => {
    expect(parseTraceChange(trace(settings))).toEqual(change);
  });

  it.each<[Record<string, string[]>, string, string]>([
    [{ trace_level: ['OFF', 'TIMESTAMPS'] }, 'invalid_request', "Expect only one trace level 'OFF' is specified"],
    [{ trace_level: ['TIMESTAMPS', 'MAX'] }, 'invalid_request', "unknown trace level 'MAX', expected 'OFF' or 'TIMESTAMPS'"],
    [{ trace_level: ['TIMESTAMPS', 'TENSORS'] }, 'unsupported', "trace level 'TENSORS' is not supported: tensors are never recorded"],
    [{ trace_rate: ['x'] }, 'invalid_request', "Unable to parse 'trace_rate', got: x"],
    [{ trace_rate: ['1.5'] }, 'invalid_request', "Unable to parse 'trace_rate', got: 1.5"],
    [{ trace_rate: [''] }, 'invalid_request', "Unable to parse 'trace_rate', got: "],
    [{ trace_rate: ['0'] }, 'invalid_request', 'Attempting to set invalid trace setting :sample rate must be non-zero'],
    [{ trace_rate: ['-1'] }, 'invalid_request', "Unable to parse 'trace_rate', value is out of range [ 0, 4294967295 ], got: -1"],
    [{ trace_rate: ['9'.repeat(400)] }, 'invalid_request', `got: ${'9'.repeat(79)}…`],
    [{ trace_rate: ['1', '2'] }, 'invalid_request', "expect only 1 value for 'trace_rate'"],
    [{ trace_count: ['-2'] }, 'invalid_request', "Unable to parse 'trace_count', value is out of range [ -1, 2147483647 ], got: -2"],
    [{ trace_count: ['2147483648'] }, 'invalid_request', 'out of range'],
    [
      { trace_mode: ['triton'] },
      'unsupported',
      "'trace_mode' is always 'opentelemetry': traces leave as the OTEL_* variables say, got 'triton'",
    ],
    [{ trace_mode: ['opentelemetry', 'triton'] }, 'invalid_request', "expect only 1 value for 'trace_mode'"],
    [{ log_frequency: ['100'] }, 'unsupported', "'log_frequency' is always '0'"],
    [{ trace_file: ['/tmp/t'] }, 'unsupported', 'trace file location can not be updated through network protocol'],
    [{ trace_file: [] }, 'unsupported', 'trace file location can not be updated through network protocol'],
    [
      { trace_rate: ['1'], tracing: ['on'] },
      'invalid_request',
      "unknown trace setting 'tracing', expected one of ['trace_level','trace_rate','trace_count','trace_mode','log_frequency','trace_file']",
    ],
    [{ constructor: ['x'] }, 'invalid_request', "unknown trace setting 'constructor'"],
    [{ ['y'.repeat(500)]: [] }, 'invalid_request', `'${'y'.repeat(79)}…'`],
  ])('refuses %j', (settings, code, message) => {
    expect(() => parseTraceChange(trace(settings))).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });
});

describe('formatTraceSettings', () => {
  it('says every setting, each with one value', () => {
    expect(formatTraceSettings({ level: 'TIMESTAMPS', rate: 4, count: -1 })).toEqual({
      settings: trace({
        trace_level: ['TIMESTAMPS'],
        trace_rate: ['4'],
        trace_count: ['-1'],
        trace_mode: ['opentelemetry'],
        trace_file: [''],
        log_frequency: ['0'],
      }),
    });
  });

  it('says what may be written back, except for the file', () => {
    const { settings } = formatTraceSettings({ level: 'OFF', rate: 4, count: 7 });
    const { trace_file: _, ...rest } = settings;
    expect(parseTraceChange(rest)).toEqual({ level: 'OFF', rate: 4, count: 7 });
  });
});

describe('parseLogChange', () => {
  it('reads what is given, and that alone', () => {
    expect(parseLogChange({})).toEqual({});
    expect(parseLogChange({ log_info: flag(false), log_verbose_level: number(3) })).toEqual({ info: false, verboseLevel: 3 });
    expect(parseLogChange({ log_warning: flag(true), log_error: flag(false), log_format: text('ISO8601') })).toEqual({
      warning: true,
      error: false,
      format: 'ISO8601',
    });
    expect(parseLogChange({ log_format: text('default') })).toEqual({ format: 'default' });
  });

  it.each<[string, LogSettingsMap[string], string, string]>([
    ['log_info', number(1), 'invalid_request', "expect boolean for 'log_info'"],
    ['log_warning', text('true'), 'invalid_request', "expect boolean for 'log_warning'"],
    ['log_error', { parameterChoice: undefined }, 'invalid_request', "expect boolean for 'log_error'"],
    ['log_verbose_level', flag(true), 'invalid_request', "expect int32 for 'log_verbose_level'"],
    ['log_format', flag(true), 'invalid_request', "expect string for 'log_format'"],
    ['log_format', text('xml'), 'invalid_request', 'invalid argument for log_format, got: xml'],
    ['log_format', text('z'.repeat(500)), 'invalid_request', `got: ${'z'.repeat(79)}…`],
    ['log_file', text('/tmp/log'), 'unsupported', 'log file location can not be updated through network protocol'],
    [
      'log_warnings',
      flag(true),
      'invalid_request',
      "unknown log setting 'log_warnings', expected one of ['log_info','log_warning','log_error','log_verbose_level','log_format','log_file']",
    ],
  ])('refuses %s as %j', (name, value, code, message) => {
    const settings = { log_info: flag(true), [name]: value };
    expect(() => parseLogChange(settings)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });
});

describe('formatLogSettings', () => {
  it('says every setting', () => {
    const values = { info: true, warning: false, error: true, verboseLevel: 2, format: 'ISO8601' } as const;
    const { settings } = formatLogSettings(values);
    expect(settings).toEqual({
      log_file: text(''),
      log_info: flag(true),
      log_warning: flag(false),
      log_error: flag(true),
      log_verbose_level: number(2),
      log_format: text('ISO8601'),
    });
    const { log_file: _, ...rest } = settings;
    expect(parseLogChange(rest)).toEqual(values);
  });
});
