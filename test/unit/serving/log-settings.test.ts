import { describe, expect, it } from '@jest/globals';
import type { LogChange } from '../../../src/model/log-settings.js';
import { LogSettings } from '../../../src/serving/log-settings.js';
import { createLogger, type LogLevel } from '../../../src/telemetry/logger.js';
import { LogBook } from '../../support/log-book.js';

const INFO = { info: true, warning: true, error: true, verboseLevel: 0, format: 'default' };

function open(level: LogLevel = 'info') {
  const book = new LogBook();
  const logger = createLogger({ level, destination: book });
  return { book, logger, settings: new LogSettings(logger) };
}

describe('LogSettings', () => {
  it.each([
    ['debug', { ...INFO, verboseLevel: 1 }],
    ['info', INFO],
    ['warn', { ...INFO, info: false }],
    ['error', { ...INFO, info: false, warning: false }],
    ['silent', { ...INFO, info: false, warning: false, error: false }],
  ] as const)('begin with what --log-level %s says', (level, values) => {
    expect(open(level).settings.read()).toEqual(values);
  });

  it.each<[LogChange, string[]]>([
    [{ info: false }, ['warn', 'error']],
    [{ warning: false }, ['info', 'error']],
    [{ error: false }, ['info', 'warn']],
    [{ verboseLevel: 2 }, ['debug', 'info', 'warn', 'error']],
    [{ format: 'ISO8601' }, ['info', 'warn', 'error']],
  ])('switch their own lines alone: %j', (change, written) => {
    const { book, logger, settings } = open();
    settings.change(change);
    for (const kind of ['debug', 'info', 'warn', 'error'] as const) logger[kind](kind);
    expect(book.lines.map(({ event }) => event)).toEqual(['log_settings', ...written]);
    expect(settings.read()).toEqual({ ...INFO, ...change });
  });

  it('say each change once, where info lines are on before or after it', () => {
    const { book, settings } = open();
    for (const info of [true, false, false, true]) settings.change({ info });
    expect(book.all('log_settings').map((line) => (line['settings'] as typeof INFO).info)).toEqual([true, false, true]);
  });
});
