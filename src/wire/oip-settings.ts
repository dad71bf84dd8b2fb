import { cut, quote, quoteList } from '../error/quote.js';
import { invalidRequest, ServingError } from '../error/serving-error.js';
import type { LogSettingsRequest, LogSettingsResponse, TraceSettingRequest, TraceSettingResponse } from '../gen/inference/settings.js';
import type { LogChange, LogFormat, LogValues } from '../model/log-settings.js';
import type { TraceChange, TraceLevel, TraceValues } from '../model/trace-settings.js';

type TraceParser = (values: readonly string[]) => TraceChange;
type LogParser = (value: LogSettingsRequest['settings'][string]['parameterChoice']) => LogChange;

const MAX_INT32 = 0x7fffffff;
const MAX_UINT32 = 0xffffffff;
const MIN_COUNT = -1;
/** Longest value that an error text repeats. */
const MAX_VALUE_CHARS = 80;
/** The only way in which traces leave: there is no trace file, and so no frequency of writing one. */
const TRACE_MODE = 'opentelemetry';
const NO_LOG_FREQUENCY = '0';

const TRACE_SETTINGS: ReadonlyMap<string, TraceParser> = new Map<string, TraceParser>([
  ['trace_level', (values) => ({ level: parseLevel(values) })],
  ['trace_rate', (values) => ({ rate: parseRate(values) })],
  ['trace_count', (values) => ({ count: parseInteger('trace_count', values, MIN_COUNT, MAX_INT32) })],
  ['trace_mode', (values) => assertFixed('trace_mode', values, TRACE_MODE)],
  ['log_frequency', (values) => assertFixed('log_frequency', values, NO_LOG_FREQUENCY)],
  ['trace_file', () => fail(new ServingError('unsupported', 'trace file location can not be updated through network protocol'))],
]);

const LOG_SETTINGS: ReadonlyMap<string, LogParser> = new Map<string, LogParser>([
  ['log_info', (value) => ({ info: parseFlag('log_info', value) })],
  ['log_warning', (value) => ({ warning: parseFlag('log_warning', value) })],
  ['log_error', (value) => ({ error: parseFlag('log_error', value) })],
  ['log_verbose_level', (value) => ({ verboseLevel: parseVerboseLevel(value) })],
  ['log_format', (value) => ({ format: parseFormat(value) })],
  ['log_file', () => fail(new ServingError('unsupported', 'log file location can not be updated through network protocol'))],
]);

/** A setting without a value is taken back. Throws `invalid_request`, and `unsupported` for what is never otherwise here. */
export function parseTraceChange(settings: TraceSettingRequest['settings']): TraceChange {
  let change: TraceChange = {};
  for (const [name, { value }] of Object.entries(settings)) change = { ...change, ...parserOf(TRACE_SETTINGS, 'trace', name)(value) };
  return change;
}

export function formatTraceSettings({ level, rate, count }: TraceValues): TraceSettingResponse {
  const texts = {
    trace_level: level,
    trace_rate: String(rate),
    trace_count: String(count),
    trace_mode: TRACE_MODE,
    trace_file: '',
    log_frequency: NO_LOG_FREQUENCY,
  };
  return { settings: Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { value: [text] }])) };
}

/** Throws `invalid_request`, and `unsupported` for the log file. */
export function parseLogChange(settings: LogSettingsRequest['settings']): LogChange {
  let change: LogChange = {};
  for (const [name, { parameterChoice }] of Object.entries(settings)) {
    change = { ...change, ...parserOf(LOG_SETTINGS, 'log', name)(parameterChoice) };
  }
  return change;
}

export function formatLogSettings({ info, warning, error, verboseLevel, format }: LogValues): LogSettingsResponse {
  return {
    settings: {
      log_file: { parameterChoice: { $case: 'stringParam', value: '' } },
      log_info: { parameterChoice: { $case: 'boolParam', value: info } },
      log_warning: { parameterChoice: { $case: 'boolParam', value: warning } },
      log_error: { parameterChoice: { $case: 'boolParam', value: error } },
      log_verbose_level: { parameterChoice: { $case: 'uint32Param', value: verboseLevel } },
      log_format: { parameterChoice: { $case: 'stringParam', value: format } },
    },
  };
}

function parserOf<P>(parsers: ReadonlyMap<string, P>, kind: 'trace' | 'log', name: string): P {
  const parser = parsers.get(name);
  if (parser === undefined)
    throw invalidRequest(`unknown ${kind} setting ${quote(name)}, expected one of ${quoteList([...parsers.keys()])}`);
  return parser;
}

function parseLevel(values: readonly string[]): TraceLevel | null {
  if (values.includes('OFF') && values.length > 1) throw invalidRequest("Expect only one trace level 'OFF' is specified");
  return values.map(parseOneLevel)[0] ?? null;
}

function parseOneLevel(value: string): TraceLevel {
  if (value === 'OFF' || value === 'TIMESTAMPS') return value;
  if (value === 'TENSORS') throw new ServingError('unsupported', "trace level 'TENSORS' is not supported: tensors are never recorded");
  throw invalidRequest(`unknown trace level ${quote(value)}, expected 'OFF' or 'TIMESTAMPS'`);
}

function parseRate(values: readonly string[]): number | null {
  const rate = parseInteger('trace_rate', values, 0, MAX_UINT32);
  if (rate === 0) throw invalidRequest('Attempting to set invalid trace setting :sample rate must be non-zero');
  return rate;
}

function parseInteger(name: string, values: readonly string[], min: number, max: number): number | null {
  const value = onlyValue(name, values);
  if (value === undefined) return null;
  const got = `got: ${cut(value, MAX_VALUE_CHARS)}`;
  if (!/^-?\d+$/.test(value)) throw invalidRequest(`Unable to parse '${name}', ${got}`);
  const number = Number(value);
  if (number < min || number > max) throw invalidRequest(`Unable to parse '${name}', value is out of range [ ${min}, ${max} ], ${got}`);
  return number;
}

/** What cannot be otherwise may be said, so that settings that were read can be written back. */
function assertFixed(name: string, values: readonly string[], fixed: string): TraceChange {
  const value = onlyValue(name, values);
  if (value === undefined || value === fixed) return {};
  throw new ServingError('unsupported', `'${name}' is always '${fixed}': traces leave as the OTEL_* variables say, got ${quote(value)}`);
}

function onlyValue(name: string, values: readonly string[]): string | undefined {
  if (values.length > 1) throw invalidRequest(`expect only 1 value for '${name}'`);
  return values[0];
}

function parseFlag(name: string, value: Parameters<LogParser>[0]): boolean {
  if (value?.$case === 'boolParam') return value.value;
  throw invalidRequest(`expect boolean for '${name}'`);
}

function parseVerboseLevel(value: Parameters<LogParser>[0]): number {
  if (value?.$case === 'uint32Param') return value.value;
  throw invalidRequest("expect int32 for 'log_verbose_level'");
}

function parseFormat(value: Parameters<LogParser>[0]): LogFormat {
  if (value?.$case !== 'stringParam') throw invalidRequest("expect string for 'log_format'");
  if (value.value === 'default' || value.value === 'ISO8601') return value.value;
  throw invalidRequest(`invalid argument for log_format, got: ${cut(value.value, MAX_VALUE_CHARS)}`);
}

function fail(error: ServingError): never {
  throw error;
}
