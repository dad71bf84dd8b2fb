import { pino, stdSerializers } from 'pino';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Values of a line. `error` may hold an Error, whose message, stack and causes are written. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One event, one line: `{"level":"info","event":"ready",…,"time":"…"}`. Events are words in snake case. */
export interface Logger {
  /** May be changed at any time. */
  level: LogLevel;
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
  readonly level: LogLevel;
  readonly destination: LogDestination;
}

/** JSON lines on `destination`, written at once: what was logged before a crash is there. telemetry/pretty.ts makes them readable. */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const lines = pino(
    {
      level,
      base: null,
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.errWithCause },
    },
    { write: (line: string) => void destination.write(line) },
  );
  // The event stands second and the time last, so that a reader (and grep) sees what happened first.
  const line = (event: string, fields: LogFields | undefined) => ({ event, ...fields, time: new Date().toISOString() });
  return {
    get level() {
      return toLogLevel(lines.level);
    },
    set level(next) {
      lines.level = next;
    },
    debug: (event, fields) => {
      if (lines.isLevelEnabled('debug')) lines.debug(line(event, fields));
    },
    info: (event, fields) => lines.info(line(event, fields)),
    warn: (event, fields) => lines.warn(line(event, fields)),
    error: (event, fields) => lines.error(line(event, fields)),
  };
}

function toLogLevel(text: string): LogLevel {
  return LOG_LEVELS.find((level) => level === text) ?? 'info';
}
