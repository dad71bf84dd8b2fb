import { describe, expect, it } from '@jest/globals';
import { HpackError } from '../../../../src/http2/hpack/hpack-error.js';
import { decodeHuffman, huffmanLength, writeHuffman } from '../../../../src/http2/hpack/huffman.js';
import { huffmanBits } from '../../../support/reference-hpack.js';

function encode(text: string): Buffer {
  const target = Buffer.alloc(4 * text.length + 4);
  const end = writeHuffman(target, 1, text);
  expect(end - 1).toBe(huffmanLength(text));
  return target.subarray(1, end);
}

function decode(bytes: Buffer): string {
  const target = Buffer.alloc(Math.ceil((bytes.length * 8) / 5));
  return target.toString('latin1', 0, decodeHuffman(bytes, 0, bytes.length, target));
}

function fromBits(bits: string): Buffer {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from((padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

describe('Huffman code', () => {
  it('has the code of RFC 7541 appendix B for every byte', () => {
    for (let byte = 0; byte < 256; byte++) {
      const char = String.fromCharCode(byte);
      expect(encode(char)).toEqual(fromBits(huffmanBits(byte)));
      expect(decode(encode(char))).toBe(char);
    }
  });

  it('decodes every pair of bytes', () => {
    for (let pair = 0; pair < 65_536; pair += 7) {
      const text = String.fromCharCode(pair >> 8, pair & 0xff);
      const coded = fromBits(huffmanBits(pair >> 8) + huffmanBits(pair & 0xff));
      if (decode(coded) !== text || !encode(text).equals(coded)) throw new Error(`the pair ${pair} is coded wrongly`);
    }
  });

  it('decodes a part of a buffer, and nothing of an empty one', () => {
    const target = Buffer.alloc(16);
    expect(decodeHuffman(Buffer.from('00f1e3c2e5f23a6ba0ab90f4ff00', 'hex'), 1, 13, target)).toBe(15);
    expect(target.toString('latin1', 0, 15)).toBe('www.example.com');
    expect(decode(Buffer.alloc(0))).toBe('');
  });

  it.each([
    ['EOS', huffmanBits(256)],
    ['EOS behind a symbol', huffmanBits(97) + huffmanBits(256)],
    ['eight bits of padding', huffmanBits(48) + '1'.repeat(11)],
    ['padding with a zero', `${huffmanBits(48)}110`],
    ['half a symbol', huffmanBits(0).slice(0, 8)],
  ])('refuses %s', (_name, bits) => {
    expect(() => decode(fromBits(bits))).toThrow(HpackError);
  });
});
