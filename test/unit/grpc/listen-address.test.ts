import { describe, expect, it } from '@jest/globals';
import { formatListenAddress, parseListenAddress } from '../../../src/grpc/listen-address.js';

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:8001', { family: 'tcp', host: '127.0.0.1', port: 8001 }],
    ['localhost:0', { family: 'tcp', host: 'localhost', port: 0 }],
    ['[::1]:65535', { family: 'tcp', host: '::1', port: 65_535 }],
    ['unix:/run/m.sock', { family: 'unix', path: '/run/m.sock' }],
    ['unix:relative.sock', { family: 'unix', path: 'relative.sock' }],
  ] as const)('reads %s', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
    expect(formatListenAddress(parseListenAddress(text))).toBe(text);
  });

  it.each(['', '8001', ':8001', 'host', 'host:', 'host:x', 'host:65536', '::1:8001', 'unix:', '[::1]'])('refuses %j, naming it', (text) => {
    expect(() => parseListenAddress(text)).toThrow(`cannot listen on ${JSON.stringify(text)}`);
  });
});
