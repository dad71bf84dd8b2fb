import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Datatype } from '../../src/tensor/datatype.js';
import { findNonFinite } from '../../src/tensor/finite.js';
import { fromBfloat, fromHalf } from '../../src/tensor/half.js';

const READERS: Readonly<Partial<Record<Datatype, (view: DataView, at: number) => number>>> = {
  FP16: (view, at) => fromHalf(view.getUint16(2 * at, true)),
  BF16: (view, at) => fromBfloat(view.getUint16(2 * at, true)),
  FP32: (view, at) => view.getFloat32(4 * at, true),
  FP64: (view, at) => view.getFloat64(8 * at, true),
};

const datatypes = fc.constantFrom('FP16' as const, 'BF16' as const, 'FP32' as const, 'FP64' as const);
/** Bytes of which many are those of an exponent without end. */
const bytes = fc.array(fc.oneof(fc.constantFrom(0, 0x7f, 0x80, 0xff, 0x7c, 0xf0), fc.integer({ min: 0, max: 255 })), { maxLength: 64 });

describe('findNonFinite', () => {
  it('finds what JavaScript finds, wherever the data starts', () => {
    fc.assert(
      fc.property(datatypes, bytes, fc.nat(7), (datatype, content, offset) => {
        const size = datatype === 'FP64' ? 8 : datatype === 'FP32' ? 4 : 2;
        const whole = content.slice(0, content.length - (content.length % size));
        const data = Uint8Array.of(...Array<number>(offset).fill(0xff), ...whole).subarray(offset);
        const view = new DataView(data.buffer, data.byteOffset, data.length);
        const numbers = Array.from({ length: whole.length / size }, (_, at) => READERS[datatype]?.(view, at) ?? 0);
        const index = numbers.findIndex((number) => !Number.isFinite(number));
        const expected = index < 0 ? undefined : { index, kind: Number.isNaN(numbers[index]) ? 'NaN' : 'infinity' };
        expect(findNonFinite(datatype, data)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });
});
