import { describe, expect, it } from '@jest/globals';
import { HpackDecoder } from '../../../../src/http2/hpack/decoder.js';
import type { HeaderField } from '../../../../src/http2/hpack/header-field.js';
import { HpackError } from '../../../../src/http2/hpack/hpack-error.js';
import { SEQUENCES, SINGLE_FIELDS } from '../../../support/hpack-vectors.js';

function decode(decoder: HpackDecoder, hex: string, maxListSize = 65_536): { fields: HeaderField[]; size: number } {
  const fields: HeaderField[] = [];
  const bytes = Buffer.from(`ffff${hex}ff`, 'hex');
  const size = decoder.decode(bytes, 2, bytes.length - 1, maxListSize, fields);
  return { fields, size };
}

function pairs(fields: readonly HeaderField[]): (readonly [string, string])[] {
  return fields.map(({ name, value }) => [name, value] as const);
}

/** The last of the blocks, after the others. */
function decodeAll(blocks: readonly string[], tableSize = 4096): (readonly [string, string])[] {
  const decoder = new HpackDecoder(tableSize);
  return blocks.map((hex) => pairs(decode(decoder, hex).fields)).at(-1) ?? [];
}

describe('HpackDecoder', () => {
  it.each(SINGLE_FIELDS)('RFC 7541 C.2: $hex', ({ hex, fields }) => {
    expect(decodeAll([hex])).toEqual(fields);
  });

  it.each(Object.entries(SEQUENCES))('RFC 7541 %s', (_name, { tableSize, blocks }) => {
    const decoder = new HpackDecoder(tableSize);
    for (const { hex, fields } of blocks) expect(pairs(decode(decoder, hex).fields)).toEqual(fields);
  });

  it('says of a literal that is never indexed that it is sensitive', () => {
    expect(decode(new HpackDecoder(4096), '100870617373776f726406736563726574').fields[0]?.indexing).toBe('sensitive');
    expect(decode(new HpackDecoder(4096), '040c2f73616d706c652f70617468').fields[0]?.indexing).toBe('literal');
  });

  it('gives the same field again for the same index, so that nothing is made anew', () => {
    const decoder = new HpackDecoder(4096);
    const [first] = decode(decoder, '4001610162').fields;
    expect(decode(decoder, 'be').fields[0]).toBe(first);
  });

  it('counts every field and leaves out those beyond the limit, which enter the table all the same', () => {
    const decoder = new HpackDecoder(4096);
    const { fields, size } = decode(decoder, '824001610162', 42);
    expect(size).toBe(42 + 34);
    expect(pairs(fields)).toEqual([[':method', 'GET']]);
    expect(pairs(decode(decoder, 'be').fields)).toEqual([['a', 'b']]);
  });

  it('grows for a long string in Huffman code', () => {
    // The code of '0' is 00000: eight of them fill five bytes.
    expect(decodeAll([`000161ff8104${'00'.repeat(640)}`])).toEqual([['a', '0'.repeat(1024)]]);
  });

  it('decodes a string in Huffman code that is longer than what is kept for it', () => {
    expect(decodeAll([`000161ffe14d${'00'.repeat(10_080)}`])).toEqual([['a', '0'.repeat(16_128)]]);
  });

  it('takes sizes at the beginning of a block, and evicts what does not fit', () => {
    expect(() => decodeAll(['4001610162', '20be'])).toThrow(HpackError);
    expect(decodeAll(['4001610162', '203fe11f', '4001630164', 'be'])).toEqual([['c', 'd']]);
  });

  it.each([
    ['80', 'an index of 0'],
    ['be', 'an index that no table has'],
    ['ff', 'an integer that ends too early'],
    ['ffffffffff7f', 'an index over 31 bits'],
    ['ff808080808000', 'an integer of too many bytes'],
    ['40', 'a field without a name'],
    ['400161', 'a field without a value'],
    ['40056162', 'a string that ends too early'],
    ['7e', 'a name that no table has'],
    ['8220', 'a size behind a field'],
    ['3fe21f', 'a size over the setting'],
    ['00016184ffffffff', 'EOS in a string'],
    ['0001618100', 'a string that ends inside a symbol'],
    ['00016182187f00', 'padding that is not all ones'],
    ['0001618207ff', 'padding of more than seven bits'],
  ])('refuses %s: %s', (hex) => {
    expect(() => decodeAll([hex])).toThrow(HpackError);
  });
});
