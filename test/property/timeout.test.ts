import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ServingError } from '../../src/error/serving-error.js';
import { parseTimeout } from '../../src/grpc/timeout.js';

const MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
const unit = fc.constantFrom(...Object.keys(MS));

describe('parseTimeout', () => {
  it('is the count times the unit over the whole grammar', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999 }), unit, fc.nat(4), (count, letter, zeros) => {
        const digits = String(count).padStart(Math.min(8, String(count).length + zeros), '0');
        expect(parseTimeout(`${digits}${letter}`)).toBe(count * (MS[letter] ?? Number.NaN));
      }),
    );
  });

  it('takes nothing outside the grammar and throws nothing but ServingError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9HMSmun]{0,10}$/)), (text) => {
        if (/^\d{1,8}[HMSmun]$/.test(text)) return;
        expect(() => parseTimeout(text)).toThrow(ServingError);
      }),
    );
  });
});
