import { describe, expect, it } from '@jest/globals';
import { headersOf, trailersOf, trailersOnly } from '../../../../src/grpc/native/answers.js';
import type { HeaderField } from '../../../../src/http2/hpack/header-field.js';

function pairs(fields: readonly HeaderField[]): string[] {
  return fields.map(({ name, value }) => `${name}: ${value}`);
}

describe('the answers of gRPC over HTTP/2', () => {
  it('say OK with one field that is there already', () => {
    expect(pairs(trailersOf({ code: 0, message: 'OK' }))).toEqual(['grpc-status: 0']);
    expect(trailersOf({ code: 0, message: 'OK' })).toBe(trailersOf({ code: 0, message: '' }));
  });

  it('say an error with its text, its details and when to come again', () => {
    const status = { code: 8, message: 'full: 100 %\r\n', details: new Uint8Array([255, 0, 1]), pushbackMs: 12.4 };
    expect(pairs(trailersOf(status))).toEqual([
      'grpc-status: 8',
      'grpc-message: full: 100 %25%0D%0A',
      'grpc-status-details-bin: /wAB',
      'grpc-retry-pushback-ms: 12',
    ]);
    expect(trailersOf(status).every(({ isWellFormed }) => isWellFormed)).toBe(true);
  });

  it('hold half a surrogate pair', () => {
    expect(pairs(trailersOf({ code: 3, message: 'a\ud800b' }))).toEqual(['grpc-status: 3', 'grpc-message: a%EF%BF%BDb']);
  });

  it('begin with fields that are there already, and the encoding where messages may be compressed', () => {
    const plain = [':status: 200', 'content-type: application/grpc+proto', 'grpc-accept-encoding: identity,deflate,gzip'];
    expect(pairs(headersOf(undefined, undefined))).toEqual(plain);
    expect(pairs(headersOf('gzip', undefined))).toEqual([...plain, 'grpc-encoding: gzip']);
    expect(pairs(headersOf('deflate', undefined))).toEqual([...plain, 'grpc-encoding: deflate']);
    for (const encoding of [undefined, 'gzip'] as const) expect(headersOf(encoding, undefined)).toBe(headersOf(encoding, undefined));
  });

  it('have what was added behind what is always there', () => {
    const added = [
      { name: 'x-a', value: '1' },
      { name: 'x-b-bin', value: '/w' },
    ];
    expect(pairs(headersOf(undefined, added)).slice(3)).toEqual(['x-a: 1', 'x-b-bin: /w']);
    expect(pairs(trailersOf({ code: 0, message: 'OK' }, added))).toEqual(['grpc-status: 0', 'x-a: 1', 'x-b-bin: /w']);
    expect(pairs(trailersOf({ code: 5, message: 'none' }, added)).slice(2)).toEqual(['x-a: 1', 'x-b-bin: /w']);
    expect(pairs(trailersOnly({ code: 0, message: 'OK' }, added)).slice(3)).toEqual(['grpc-status: 0', 'x-a: 1', 'x-b-bin: /w']);
    // What was added to one call is not in the next.
    expect(pairs(trailersOf({ code: 0, message: 'OK' }))).toEqual(['grpc-status: 0']);
  });

  it('stand in one block where there is no message', () => {
    expect(pairs(trailersOnly({ code: 5, message: 'none' }))).toEqual([
      ':status: 200',
      'content-type: application/grpc+proto',
      'grpc-accept-encoding: identity,deflate,gzip',
      'grpc-status: 5',
      'grpc-message: none',
    ]);
  });
});
