import { isUtf8 } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assertText, decodeText } from '../../src/backend/onnx/text.js';
import { decodeBytes, encodeBytes } from '../../src/tensor/bytes.js';
import { slab } from '../support/slab.js';

const utf8 = new TextEncoder();
const ascii = fc.uint8Array({ min: 1, max: 0x7f, maxLength: 9 });
const text = fc.string({ unit: 'binary', maxLength: 5 }).map((value) => utf8.encode(value));
/** Most are text, so that what is wrong comes late as often as early. */
const element = fc.oneof({ weight: 8, arbitrary: ascii }, { weight: 4, arbitrary: text }, fc.uint8Array({ maxLength: 5 }));

function messageOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The definition, element by element. */
function firstProblem(data: Uint8Array): string | undefined {
  for (const [at, bytes] of decodeBytes(data).entries()) {
    if (!isUtf8(bytes)) return `element ${at} of input 'x' is not valid UTF-8`;
    if (bytes.includes(0)) return `element ${at} of input 'x' holds a NUL byte`;
  }
  return undefined;
}

describe('assertText', () => {
  it('takes what is UTF-8 without NUL, names the first element that is not, and is one with decodeText', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 12 }), (elements) => {
        const tensor = slab('x', 'BYTES', [elements.length], encodeBytes(elements));
        const problem = firstProblem(tensor.data);
        const said = messageOf(() => assertText(tensor));
        expect(said).toBe(problem && `${problem}: this model takes BYTES as text, in UTF-8 without NUL`);
        expect(messageOf(() => decodeText(tensor))).toBe(said);
      }),
      { numRuns: 1000 },
    );
  });
});
