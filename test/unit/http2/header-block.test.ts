import { describe, expect, it } from '@jest/globals';
import { ERROR_CODE } from '../../../src/http2/error-code.js';
import { HeaderBlock, readHeadersPayload } from '../../../src/http2/header-block.js';

const CONTINUATION = 9;

describe('HeaderBlock', () => {
  const limits = { maxBytes: 6, maxFragments: 3 };
  const begin = () => new HeaderBlock(1, true, Buffer.from('ab'), limits);

  it('puts its fragments together, which it copies', () => {
    const block = begin();
    const chunk = Buffer.from('xcdx');
    block.add(CONTINUATION, 1, chunk, 1, 3);
    chunk.fill(0);
    block.add(CONTINUATION, 1, Buffer.from('ef'), 0, 2);
    expect([block.whole().toString(), block.streamId, block.isLast]).toEqual(['abcdef', 1, true]);
  });

  it.each([
    ['another frame', 6, 1, 'c', ERROR_CODE.PROTOCOL_ERROR],
    ['another stream', CONTINUATION, 3, 'c', ERROR_CODE.PROTOCOL_ERROR],
    ['too many bytes', CONTINUATION, 1, 'cdefg', ERROR_CODE.ENHANCE_YOUR_CALM],
  ])('refuses %s', (_name, type, streamId, text, code) => {
    expect(() => begin().add(type, streamId, Buffer.from(text), 0, text.length)).toThrow(expect.objectContaining({ code }));
  });

  it('refuses too many fragments, however small', () => {
    const block = begin();
    for (let index = 0; index < 2; index++) block.add(CONTINUATION, 1, Buffer.alloc(0), 0, 0);
    expect(() => block.add(CONTINUATION, 1, Buffer.alloc(0), 0, 0)).toThrow(
      expect.objectContaining({ code: ERROR_CODE.ENHANCE_YOUR_CALM }),
    );
  });
});

describe('readHeadersPayload', () => {
  const PADDED = 0x8;
  const PRIORITY = 0x20;
  const read = (flags: number, hex: string) => {
    const bytes = Buffer.from(`ff${hex}ff`, 'hex');
    const { start, end, dependency } = readHeadersPayload(flags, bytes, 1, bytes.length - 1);
    return [bytes.toString('hex', start, end), dependency];
  };

  it.each([
    [0, 'aabb', 'aabb', 0],
    [PADDED, '01aabb', 'aa', 0],
    [PADDED, '00', '', 0],
    [PRIORITY, '8000000710aa', 'aa', 7],
    [PADDED | PRIORITY, '020000000910aabbcc', 'aa', 9],
  ])('with the flags %d reads %s', (flags, hex, block, dependency) => {
    expect(read(flags, hex)).toEqual([block, dependency]);
  });

  it.each([
    [PADDED, '', ERROR_CODE.FRAME_SIZE_ERROR],
    [PADDED, '02aa', ERROR_CODE.PROTOCOL_ERROR],
    [PRIORITY, '00000001', ERROR_CODE.FRAME_SIZE_ERROR],
    [PADDED | PRIORITY, '020000000910aa', ERROR_CODE.FRAME_SIZE_ERROR],
  ])('with the flags %d refuses %j', (flags, hex, code) => {
    expect(() => read(flags, hex)).toThrow(expect.objectContaining({ code }));
  });
});
