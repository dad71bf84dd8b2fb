/**
 * The two 16-bit float formats as bit patterns. Conversions from a number round to the nearest value that the format has, ties to the even
 * one; a finite number beyond the format's largest becomes an infinity, which the caller may want to refuse.
 */
const scratch = new DataView(new ArrayBuffer(4));

const SIGN_BIT = 0x8000;
const FLOAT_INFINITY = 0x7f800000;
/** Single-precision bits of 2^-14, the smallest normal half, and of 2^16, which no half reaches. */
const HALF_NORMAL_FROM = 0x38800000;
const HALF_OVERFLOW_FROM = 0x47800000;
/** What a normal half's exponent bias lacks against a single's, in a single's bits. */
const BIAS_DIFFERENCE = 0x38000000;
/** Halves per 1: the smallest subnormal half is 2^-24. */
const SUBNORMALS_PER_ONE = 2 ** 24;

export function toHalf(value: number): number {
  const bits = floatBits(value);
  const sign = (bits >>> 16) & SIGN_BIT;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > FLOAT_INFINITY) return sign | 0x7e00;
  if (magnitude >= HALF_OVERFLOW_FROM) return sign | 0x7c00;
  if (magnitude < HALF_NORMAL_FROM) return sign | roundToEven(Math.abs(Math.fround(value)) * SUBNORMALS_PER_ONE);
  return sign | ((magnitude - BIAS_DIFFERENCE + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

export function fromHalf(half: number): number {
  const sign = half & SIGN_BIT ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return (sign * fraction) / SUBNORMALS_PER_ONE;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function toBfloat(value: number): number {
  const bits = floatBits(value);
  if ((bits & 0x7fffffff) > FLOAT_INFINITY) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

export function fromBfloat(bfloat: number): number {
  scratch.setUint32(0, bfloat << 16);
  return scratch.getFloat32(0);
}

function floatBits(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
