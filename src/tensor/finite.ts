import { type Datatype, elementBytes } from './datatype.js';

/** The first element that is no finite number, counted from 0 over the whole tensor. */
export interface NonFinite {
  readonly index: number;
  readonly kind: 'NaN' | 'infinity';
}

interface ExponentBits {
  /** Of an element's last byte, in memory order. */
  readonly last: number;
  /** Of the byte before. */
  readonly beforeLast: number;
}

const EXPONENT_BITS: Readonly<Partial<Record<Datatype, ExponentBits>>> = {
  FP16: { last: 0x7c, beforeLast: 0 },
  BF16: { last: 0x7f, beforeLast: 0x80 },
  FP32: { last: 0x7f, beforeLast: 0x80 },
  FP64: { last: 0x7f, beforeLast: 0xf0 },
};

const SIGN = 0x80;

/**
 * Undefined where every element is finite, as those of types without NaN and infinities are. Only an element's last byte is looked at, wherever
 * `data` starts, as long as the number is not huge.
 */
export function findNonFinite(datatype: Datatype, data: Uint8Array): NonFinite | undefined {
  const bits = EXPONENT_BITS[datatype];
  if (bits === undefined) return undefined;
  const { last, beforeLast } = bits;
  const size = elementBytes(datatype);
  for (let at = size - 1; at < data.length; at += size) {
    if (((data[at] ?? 0) & last) === last && ((data[at - 1] ?? 0) & beforeLast) === beforeLast) {
      const start = at - size + 1;
      return { index: start / size, kind: hasFraction(data.subarray(start, at + 1), bits) ? 'NaN' : 'infinity' };
    }
  }
  return undefined;
}

/** With all bits of the exponent set, a fraction is what tells a NaN. */
function hasFraction(element: Uint8Array, { last, beforeLast }: ExponentBits): boolean {
  const end = element.length - 1;
  return element.some((byte, at) => {
    const exponent = at === end ? last | SIGN : at === end - 1 ? beforeLast : 0;
    return (byte & ~exponent) !== 0;
  });
}
