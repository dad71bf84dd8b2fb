import { describe, expect, it } from '@jest/globals';
import { HpackEncoder } from '../../../../src/http2/hpack/encoder.js';
import { type FieldIndexing, HeaderField } from '../../../../src/http2/hpack/header-field.js';
import type { Field } from '../../../support/h2-frames.js';
import { SEQUENCES } from '../../../support/hpack-vectors.js';
import { ReferenceHpack } from '../../../support/reference-hpack.js';

function encode(encoder: HpackEncoder, fields: readonly HeaderField[]): string {
  const target = Buffer.alloc(encoder.bound(fields) + 2);
  return target.toString('hex', 2, encoder.encode(fields, target, 2));
}

/** One field object for each pair, as it is with constants. */
function constants(indexing: FieldIndexing): (fields: readonly Field[]) => HeaderField[] {
  const known = new Map<string, HeaderField>();
  return (fields) =>
    fields.map(([name, value]) => {
      const key = `${name}=${value}`;
      const field = known.get(key) ?? new HeaderField(name, value, indexing);
      known.set(key, field);
      return field;
    });
}

describe('HpackEncoder', () => {
  it('RFC 7541 C.4, requests in Huffman code', () => {
    const encoder = new HpackEncoder();
    const toFields = constants('indexed');
    for (const { hex, fields } of SEQUENCES['C.4, requests in Huffman code'].blocks) expect(encode(encoder, toFields(fields))).toBe(hex);
  });

  it('RFC 7541 C.6, responses in Huffman code, behind the size of their table', () => {
    const encoder = new HpackEncoder();
    encoder.maxTableSize = 256;
    const toFields = constants('indexed');
    const blocks = SEQUENCES['C.6, responses in Huffman code'].blocks.map(({ fields }) => encode(encoder, toFields(fields)));
    const [first, , third] = SEQUENCES['C.6, responses in Huffman code'].blocks.map(({ hex }) => hex);
    // "307" has three bytes in either form; the RFC's encoder takes the other one.
    expect(blocks).toEqual([`3fe101${first}`, '4803333037c1c0bf', third]);
  });

  it.each(['literal', 'sensitive'] as const)('writes a %s field each time anew', (indexing) => {
    const encoder = new HpackEncoder();
    const field = new HeaderField('a', '\xff\xff', indexing);
    const expected = `${indexing === 'literal' ? '00' : '10'}016102ffff`;
    expect([encode(encoder, [field]), encode(encoder, [field])]).toEqual([expected, expected]);
  });

  it('names a static entry by its number, unless it is a secret', () => {
    const encoder = new HpackEncoder();
    expect(encode(encoder, [new HeaderField(':status', '200')])).toBe('88');
    expect(encode(encoder, [new HeaderField(':status', '200', 'sensitive')])).toBe('18821001');
    expect(encode(encoder, [new HeaderField(':status', '418')])).toBe('0803343138');
  });

  it('says the smallest size since the last block, and the present one', () => {
    const encoder = new HpackEncoder();
    encoder.maxTableSize = 0;
    encoder.maxTableSize = 100;
    expect(encode(encoder, [])).toBe('203f45');
    expect(encode(encoder, [])).toBe('');
    encoder.maxTableSize = 100_000;
    expect(encode(encoder, [])).toBe('3fe11f');
    encoder.maxTableSize = 4096;
    expect(encode(encoder, [])).toBe('');
  });

  it('is understood while its table changes, overflows and is too small for anything', () => {
    const encoder = new HpackEncoder();
    const reference = new ReferenceHpack(4096);
    const fields = Array.from({ length: 200 }, (_, index) => new HeaderField(`name-${index % 37}`, 'v'.repeat(index), 'indexed'));
    for (const [round, size] of [4096, 300, 0, 50, 4096, 100].entries()) {
      encoder.maxTableSize = size;
      for (let at = 0; at < fields.length; at += 3) {
        const block = [fields[at], fields[(at * 7 + round) % fields.length], fields[0]].filter((field) => field !== undefined);
        const decoded = reference.decode(Buffer.from(encode(encoder, block), 'hex'));
        expect(decoded).toEqual(block.map(({ name, value }) => [name, value]));
      }
    }
  });
});
