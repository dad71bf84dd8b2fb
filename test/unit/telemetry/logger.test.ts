import { describe, expect, it } from '@jest/globals';
import { createLogger, type LogLevel } from '../../../src/telemetry/logger.js';

function createLog(level: LogLevel = 'info') {
  const lines: string[] = [];
  return { lines, logger: createLogger({ level, destination: { write: (line) => lines.push(line) } }) };
}

function readEvent(line: string): string {
  return (JSON.parse(line) as { event: string }).event;
}

describe('createLogger', () => {
  it('writes one line of JSON for an event: level, event and fields first, the time last', () => {
    const { lines, logger } = createLog();
    logger.info('ready', { grpc: '127.0.0.1:43121', models: { ready: 5, failed: 0 } });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^\{"level":"info","event":"ready","grpc":"127\.0\.0\.1:43121","models":\{"ready":5,"failed":0\},"time":"[^"]+"\}\n$/,
    );
  });

  it.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['silent', []],
  ] as const)('writes what is as serious as %s', (level, written) => {
    const { lines, logger } = createLog(level);
    for (const kind of ['debug', 'info', 'warn', 'error'] as const) logger[kind](kind);
    expect(lines.map(readEvent)).toEqual(written);
  });

  it('writes each kind of line or not, as it is told at any time', () => {
    const { lines, logger } = createLog('silent');
    logger.switches = { debug: true, info: false, warn: true, error: false };
    for (const kind of ['debug', 'info', 'warn', 'error'] as const) logger[kind](kind);
    logger.switches = { ...logger.switches, error: true };
    logger.error('late');
    expect(lines.map(readEvent)).toEqual(['debug', 'warn', 'late']);
  });

  it('writes an error with its message and its causes', () => {
    const { lines, logger } = createLog();
    logger.error('load_failed', { error: new Error('outer', { cause: new Error('inner') }) });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      event: 'load_failed',
      error: { type: 'Error', message: 'outer', cause: { message: 'inner' } },
    });
  });

  it('keeps a line break inside a value from breaking the line', () => {
    const { lines, logger } = createLog();
    logger.warn('odd', { text: 'a\nb' });
    expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
  });
});
