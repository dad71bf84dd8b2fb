import { describe, expect, it } from '@jest/globals';
import { decodeBytes, encodeBytes, findBytesProblem, skipElements } from '../../../src/tensor/bytes.js';

const text = (value: string) => new TextEncoder().encode(value);

describe('encodeBytes', () => {
  it('puts a little-endian length before each element', () => {
    expect([...encodeBytes([text('ab'), text(''), text('c')])]).toEqual([2, 0, 0, 0, 97, 98, 0, 0, 0, 0, 1, 0, 0, 0, 99]);
  });

  it('has no bytes for no elements', () => {
    expect(encodeBytes([])).toHaveLength(0);
  });
});

describe('decodeBytes', () => {
  it('gives views, not copies', () => {
    const data = encodeBytes([text('ab'), text('c')]);
    const elements = decodeBytes(data);
    expect(elements.map((element) => [...element])).toEqual([[97, 98], [99]]);
    expect(elements.every(({ buffer }) => buffer === data.buffer)).toBe(true);
  });

  it('keeps bytes that are no text', () => {
    const odd = Uint8Array.of(0xff, 0x00, 0xc3);
    expect([...(decodeBytes(encodeBytes([odd]))[0] ?? [])]).toEqual([...odd]);
  });

  it('throws on data that ends too early', () => {
    expect(() => decodeBytes(Uint8Array.of(5, 0, 0, 0, 1))).toThrow(RangeError);
  });
});

describe('findBytesProblem', () => {
  const two = encodeBytes([text('ab'), text('c')]);

  it('finds nothing wrong with well-formed elements', () => {
    expect(findBytesProblem(two, 2)).toBeUndefined();
    expect(findBytesProblem(new Uint8Array(0), 0)).toBeUndefined();
  });

  it.each([0, 1, 3, 2 ** 40])('tells how many elements there are where %p were expected', (expected) => {
    expect(findBytesProblem(two, expected)).toEqual({ kind: 'element_count', found: 2 });
  });

  it('sees a length that is cut off', () => {
    expect(findBytesProblem(Uint8Array.of(...two, 1, 0), 3)).toEqual({ kind: 'incomplete_length', element: 2, bytesLeft: 2 });
  });

  it('sees an element that is cut off', () => {
    const problem = { kind: 'incomplete_element', element: 1, length: 1, bytesLeft: 0 };
    expect(findBytesProblem(two.subarray(0, two.length - 1), 2)).toEqual(problem);
  });

  it('takes a length above 2 GiB for what it is', () => {
    const problem = findBytesProblem(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1), 1);
    expect(problem).toEqual({ kind: 'incomplete_element', element: 0, length: 2 ** 32 - 1, bytesLeft: 1 });
  });
});

describe('skipElements', () => {
  const data = encodeBytes([text('ab'), text(''), text('c')]);

  it('finds the byte behind some elements', () => {
    expect(skipElements(data, 0, 0)).toBe(0);
    expect(skipElements(data, 0, 2)).toBe(10);
    expect(skipElements(data, 6, 2)).toBe(data.length);
  });

  it('throws where there are not as many', () => {
    expect(() => skipElements(data, 0, 4)).toThrow(RangeError);
  });
});
