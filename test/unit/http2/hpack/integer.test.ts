import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HpackError } from '../../../../src/http2/hpack/hpack-error.js';
import { BlockCursor, writeInteger } from '../../../../src/http2/hpack/integer.js';

function read(bytes: readonly number[], mask: number): number {
  const cursor = new BlockCursor(Uint8Array.from(bytes), 0, bytes.length);
  return cursor.integer(cursor.byte(), mask);
}

function write(pattern: number, mask: number, value: number): number[] {
  const target = new Uint8Array(8);
  return [...target.subarray(0, writeInteger(target, 0, pattern, mask, value))];
}

describe('integers', () => {
  it.each([
    ['C.1.1', 10, 0x1f, [0x0a]],
    ['C.1.2', 1337, 0x1f, [0x1f, 0x9a, 0x0a]],
    ['C.1.3', 42, 0xff, [0x2a]],
    ['the last of one byte', 30, 0x1f, [0x1e]],
    ['the first of two', 31, 0x1f, [0x1f, 0x00]],
    ['the largest', 2 ** 31 - 1, 0x7f, [0x7f, 0x80, 0xff, 0xff, 0xff, 0x07]],
  ])('RFC 7541 %s: %d', (_name, value, mask, bytes) => {
    expect(write(0, mask, value)).toEqual(bytes);
    expect(read(bytes, mask)).toBe(value);
  });

  it('leaves the bits in front to the pattern', () => {
    expect(write(0x80, 0x7f, 5)).toEqual([0x85]);
    expect(read([0xe5], 0x1f)).toBe(5);
  });

  it('reads zeros that say nothing', () => {
    expect(read([0x1f, 0x80, 0x00], 0x1f)).toBe(31);
  });

  it.each([
    ['over 31 bits', [0x7f, 0x81, 0xff, 0xff, 0xff, 0x07]],
    ['of too many bytes', [0x7f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['without an end', [0x7f, 0x80]],
    ['that is not there', []],
  ])('refuses one %s', (_name, bytes) => {
    expect(() => read(bytes, 0x7f)).toThrow(HpackError);
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.constantFrom(0x0f, 0x1f, 0x3f, 0x7f), (value, mask) => {
        const bytes = write(0, mask, value);
        expect(bytes.length).toBeLessThanOrEqual(6);
        expect(read(bytes, mask)).toBe(value);
      }),
    );
  });
});
