import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBytes, encodeBytes, findBytesProblem, skipElements } from '../../src/tensor/bytes.js';
import { arbitraryElements } from '../support/arbitrary-tensors.js';

describe('BYTES codec', () => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(arbitraryElements, (elements) => {
        expect(decodeBytes(encodeBytes(elements)).map((element) => [...element])).toEqual(elements.map((element) => [...element]));
      }),
    );
  });

  it('finds nothing wrong with what it made, and the right count only', () => {
    fc.assert(
      fc.property(arbitraryElements, fc.nat(20), (elements, expected) => {
        const problem = findBytesProblem(encodeBytes(elements), expected);
        expect(problem).toEqual(expected === elements.length ? undefined : { kind: 'element_count', found: elements.length });
      }),
    );
  });

  it('sees every cut that is not between two elements', () => {
    fc.assert(
      fc.property(arbitraryElements, fc.nat(), (elements, seed) => {
        const data = encodeBytes(elements);
        const cut = seed % (data.length + 1);
        const ends = elements.map((_, count) => skipElements(data, 0, count + 1));
        const problem = findBytesProblem(data.subarray(0, cut), elements.length);
        if (cut === data.length) expect(problem).toBeUndefined();
        else if (cut === 0 || ends.includes(cut)) expect(problem?.kind).toBe('element_count');
        else expect(problem?.kind).toMatch(/^incomplete_/);
      }),
    );
  });

  it('agrees with the decoder about any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (data) => {
        const small = data.map((byte, at) => (at % 4 === 0 ? byte % 8 : 0));
        for (const bytes of [data, small]) {
          const problem = findBytesProblem(bytes, 0);
          if (problem === undefined || problem.kind === 'element_count') expect(decodeBytes(bytes)).toHaveLength(problem?.found ?? 0);
          else expect(() => decodeBytes(bytes)).toThrow(RangeError);
        }
      }),
    );
  });
});
