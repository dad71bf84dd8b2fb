import { pino, stdSerializers } from 'pino';

/** Ascending: a level writes its own lines and those of the levels behind it. */
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Which lines are written. */
export type LogSwitches = Readonly<Record<Exclude<LogLevel, 'silent'>, boolean>>;

/** Values of a line. `error` may hold an Error, whose message, stack and causes are written. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One event, one line: `{"level":"info","event":"ready",…,"time":"…"}`. Events are words in snake case. */
export interface Logger {
  /** May be changed at any time. */
  switches: LogSwitches;
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** Takes whole lines, their end included. */
export interface LogDestination {
  write(line: string): unknown;
}

export interface LoggerOptions {
  /** The least serious lines that are written to begin with. */
  readonly level: LogLevel;
  readonly destination: LogDestination;
}

/** JSON lines on `destination`, written at once: what was logged before a crash is there. telemetry/pretty.ts makes them readable. */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const lines = pino(
    {
      level: LOG_LEVELS[0],
      base: null,
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.errWithCause },
    },
    { write: (line: string) => void destination.write(line) },
  );
  // The event stands second and the time last, so that a reader (and grep) sees what happened first.
  const write = (kind: keyof LogSwitches) => (event: string, fields?: LogFields) => {
    if (logger.switches[kind]) lines[kind]({ event, ...fields, time: new Date().toISOString() });
  };
  const logger: Logger = {
    switches: switchesOf(level),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  return logger;
}

function switchesOf(level: LogLevel): LogSwitches {
  const from = LOG_LEVELS.indexOf(level);
  const isOn = (kind: LogLevel) => LOG_LEVELS.indexOf(kind) >= from;
  return { debug: isOn('debug'), info: isOn('info'), warn: isOn('warn'), error: isOn('error') };
}
