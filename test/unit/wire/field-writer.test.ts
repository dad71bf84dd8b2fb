import { describe, expect, it } from '@jest/globals';
import { delimitedBytes, FieldWriter, shapeBytes, textBytes, textFieldBytes, varintBytes } from '../../../src/wire/field-writer.js';

/** What `write` puts behind one byte that is not its own. */
function written(length: number, write: (writer: FieldWriter) => void): number[] {
  const bytes = Buffer.alloc(length + 2, 0xee);
  write(new FieldWriter(bytes, 1));
  expect([bytes[0], bytes[length + 1]]).toEqual([0xee, 0xee]);
  return [...bytes.subarray(1, length + 1)];
}

describe('FieldWriter', () => {
  it.each([
    [0, [0]],
    [127, [127]],
    [128, [0x80, 1]],
    [2 ** 32, [0x80, 0x80, 0x80, 0x80, 0x10]],
    [Number.MAX_SAFE_INTEGER, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('writes the number %d as long as it said', (value, expected) => {
    expect(varintBytes(value)).toBe(expected.length);
    expect(written(expected.length, (writer) => writer.varint(value))).toEqual(expected);
  });

  it.each(['a', 'ä', '😀', '\uD800', 'x'.repeat(47), 'x'.repeat(48), 'x'.repeat(200), `${'x'.repeat(47)}ä`])(
    'writes the text %j as UTF-8, as long as it said',
    (text) => {
      const utf8 = Buffer.from(text);
      expect(textBytes(text)).toBe(utf8.length);
      const length = textFieldBytes(text);
      const head = [0x0a, ...(utf8.length > 127 ? [(utf8.length & 0x7f) | 0x80, utf8.length >> 7] : [utf8.length])];
      expect(written(length, (writer) => writer.text(0x0a, text))).toEqual([...head, ...utf8]);
    },
  );

  it('leaves out empty texts and shapes, but not empty data', () => {
    expect(textFieldBytes('')).toBe(0);
    expect(written(0, (writer) => writer.text(0x0a, ''))).toEqual([]);
    expect(written(0, (writer) => writer.shape(0x1a, []))).toEqual([]);
    expect(delimitedBytes(0)).toBe(2);
    expect(written(2, (writer) => writer.data(0x32, new Uint8Array(0)))).toEqual([0x32, 0]);
  });

  it('writes shapes packed, and data behind their length', () => {
    expect(shapeBytes([1, 300])).toBe(3);
    expect(written(5, (writer) => writer.shape(0x1a, [1, 300]))).toEqual([0x1a, 3, 1, 0xac, 0x02]);
    expect(written(4, (writer) => writer.data(0x32, Uint8Array.of(8, 9)))).toEqual([0x32, 2, 8, 9]);
  });
});
