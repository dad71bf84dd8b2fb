import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../src/telemetry/logger.js';
import { prettyDestination } from '../../../src/telemetry/pretty.js';

function logPretty(colorize: boolean): string {
  let written = '';
  const destination = prettyDestination({ write: (line) => (written += line) }, { colorize });
  createLogger({ level: 'info', destination }).info('ready', { grpc: '127.0.0.1:8001' });
  return written;
}

describe('prettyDestination', () => {
  it('writes at once: time, level, event and fields on one line', () => {
    expect(logPretty(false)).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: ready \{"grpc":"127\.0\.0\.1:8001"\}\n$/);
  });

  it('uses colours where asked to', () => {
    expect(logPretty(true)).toContain('\u001b[');
  });
});
