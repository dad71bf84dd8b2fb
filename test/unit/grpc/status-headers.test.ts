import { describe, expect, it } from '@jest/globals';
import { percentEncode, statusHeaders } from '../../../src/grpc/status-headers.js';

describe('statusHeaders', () => {
  it('carries code and text', () => {
    expect(statusHeaders({ code: 12, message: 'no such method' })).toEqual({ 'grpc-status': '12', 'grpc-message': 'no such method' });
  });

  it('carries details in base64 and the pushback in whole milliseconds', () => {
    const details = new Uint8Array([9, 0, 255, 7]).subarray(1, 3);
    expect(statusHeaders({ code: 8, message: '', details, pushbackMs: 12.6 })).toEqual({
      'grpc-status': '8',
      'grpc-message': '',
      'grpc-status-details-bin': 'AP8=',
      'grpc-retry-pushback-ms': '13',
    });
  });
});

describe('percentEncode', () => {
  it.each([
    ['plain text ~!', 'plain text ~!'],
    ['100%', '100%25'],
    ['a\nb', 'a%0Ab'],
    ['grün…', 'gr%C3%BCn%E2%80%A6'],
    ['\u{1F600}', '%F0%9F%98%80'],
    [' ', '%20'],
    [' both ends  ', '%20both ends %20'],
    [' 100%', '%20100%25'],
    ['half \uD83D', 'half %EF%BF%BD'],
  ])('%j becomes %j', (text, encoded) => {
    expect(percentEncode(text)).toBe(encoded);
    expect(decodeURIComponent(encoded)).toBe(Buffer.from(text).toString());
  });
});
