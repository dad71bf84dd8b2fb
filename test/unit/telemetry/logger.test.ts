import { describe, expect, it } from '@jest/globals';
import { createLogger, type LogLevel } from '../../../src/telemetry/logger.js';

function createLog(level: LogLevel = 'info') {
  const lines: string[] = [];
  return { lines, logger: createLogger({ level, destination: { write: (line) => lines.push(line) } }) };
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

  it('writes what is as serious as the level, which may change', () => {
    const { lines, logger } = createLog('warn');
    logger.info('a');
    logger.debug('b');
    logger.warn('c');
    logger.error('d');
    logger.level = 'debug';
    logger.debug('e');
    expect(logger.level).toBe('debug');
    logger.level = 'silent';
    logger.error('f');
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(['c', 'd', 'e']);
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
