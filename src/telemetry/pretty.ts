import pretty from 'pino-pretty';
import type { LogDestination } from './logger.js';

export interface PrettyOptions {
  readonly colorize: boolean;
}

/** For people: the lines of createLogger as "[time] LEVEL: event" with their fields below. In this thread and at once, like the JSON lines. */
export function prettyDestination(destination: LogDestination, { colorize }: PrettyOptions): LogDestination {
  const format = pretty.prettyFactory({
    colorize,
    messageKey: 'event',
    errorLikeObjectKeys: ['error'],
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return { write: (line) => destination.write(format(line)) };
}
