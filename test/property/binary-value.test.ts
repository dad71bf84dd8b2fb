import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBinaryValue, encodeBinaryValue } from '../../src/grpc/binary-value.js';

describe('binary metadata values', () => {
  it('come back as the bytes that they were, padded or not, whatever stands behind a comma', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.string(), (bytes, behind) => {
        const text = encodeBinaryValue(bytes);
        const padded = text.padEnd(Math.ceil(text.length / 4) * 4, '=');
        for (const line of [text, padded, `${text},${behind}`]) expect([...decodeBinaryValue('x-bin', line)]).toEqual([...bytes]);
      }),
      { numRuns: 2000 },
    );
  });

  it('are read from one text alone, but for its padding, and from nothing that is not base64', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 20 }), fc.base64String({ maxLength: 20 })), (text) => {
        let bytes: Uint8Array;
        try {
          bytes = decodeBinaryValue('x-bin', text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_request' });
          return;
        }
        const [first = ''] = text.split(',');
        expect(first.trimEnd().replace(/=+$/, '')).toBe(encodeBinaryValue(bytes));
      }),
      { numRuns: 5000 },
    );
  });
});
