const PLACES = 6;
/** From here on toFixed would write an exponent; such numbers are integers, all of them. */
const EXPONENT_FROM = 1e21;

/** A number as C's `%f` and C++'s `std::to_string` write it: integers plain, floats with six decimal places, rounded to the nearest, ties to even. */
export function formatDecimal(value: number | bigint, isFloat: boolean): string {
  if (typeof value === 'bigint' || !isFloat) return String(value);
  if (Number.isNaN(value)) return 'nan';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return `${sign}${formatMagnitude(Math.abs(value))}`;
}

function formatMagnitude(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return 'inf';
  if (value >= EXPONENT_FROM) return `${BigInt(value)}.${'0'.repeat(PLACES)}`;
  return isTie(value) ? formatTie(value) : value.toFixed(PLACES);
}

/** Only an odd multiple of 2^-7 lies halfway between two numbers of six places. toFixed takes the upper one, `%f` the even one. */
function isTie(value: number): boolean {
  return (value * 128) % 2 === 1;
}

function formatTie(value: number): string {
  const lower = (BigInt(value * 128) * 15_625n - 1n) / 2n;
  const digits = String(lower + (lower % 2n)).padStart(PLACES + 1, '0');
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`;
}
