import { describe, expect, it } from '@jest/globals';
import { assertText, decodeText, encodeText } from '../../../../src/backend/onnx/text.js';
import { encodeBytes } from '../../../../src/tensor/bytes.js';
import { slab } from '../../../support/slab.js';

function bytes(...elements: number[][]) {
  return slab('NAME', 'BYTES', [elements.length], encodeBytes(elements.map((element) => Uint8Array.from(element))));
}

describe('text for the runtime', () => {
  it('comes back as it went', () => {
    const elements = ['', 'a', '\u{feff}é', '🐎'];
    const tensor = slab('NAME', 'BYTES', [4], encodeText(elements));
    expect(decodeText(tensor)).toEqual(elements);
    expect(() => assertText(tensor)).not.toThrow();
  });

  it.each([
    ['a stray continuation byte', [0x80], 'is not valid UTF-8'],
    ['a surrogate', [0xed, 0xa0, 0x80], 'is not valid UTF-8'],
    ['a NUL', [0x61, 0], 'holds a NUL byte'],
  ])('refuses %s, naming input and element', (_case, element, problem) => {
    const tensor = bytes([0x61], [], element);
    for (const refuse of [assertText, decodeText]) expect(() => refuse(tensor)).toThrow(`element 2 of input 'NAME' ${problem}`);
  });

  it('is looked at element by element, however many are empty', () => {
    const empty = 2_000_000;
    const tensor = slab('NAME', 'BYTES', [empty + 1], new Uint8Array(empty * 4 + 5));
    tensor.data[empty * 4] = 1;
    expect(() => assertText(tensor)).toThrow(`element ${empty} of input 'NAME' holds a NUL byte`);
    tensor.data[empty * 4 + 4] = 0x61;
    expect(() => assertText(tensor)).not.toThrow();
  });

  it('is not one text: a character may not span elements', () => {
    expect(() => assertText(bytes([0xc3], [0xa9]))).toThrow("element 0 of input 'NAME' is not valid UTF-8");
  });
});
