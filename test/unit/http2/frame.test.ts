import { describe, expect, it } from '@jest/globals';
import { readUint31, readUint32, writeFrameHead } from '../../../src/http2/frame.js';

describe('frame heads', () => {
  it('have length, type, flags and stream', () => {
    const target = Buffer.alloc(11);
    expect(writeFrameHead(target, 1, 0x010203, 0x4, 0x5, 0x7fffffff)).toBe(10);
    expect(target.toString('hex')).toBe('0001020304057fffffff00');
  });
});

describe('readUint31', () => {
  it('ignores the reserved bit, which readUint32 reads', () => {
    const bytes = Buffer.from('00ffffffff', 'hex');
    expect([readUint31(bytes, 1), readUint32(bytes, 1)]).toEqual([2 ** 31 - 1, 2 ** 32 - 1]);
    expect([readUint31(bytes, 0), readUint32(bytes, 0)]).toEqual([0xffffff, 0xffffff]);
  });
});
