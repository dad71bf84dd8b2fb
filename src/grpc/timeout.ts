import { quote } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';

const MILLISECONDS_BY_UNIT: ReadonlyMap<string, number> = new Map([
  ['H', 3_600_000],
  ['M', 60_000],
  ['S', 1_000],
  ['m', 1],
  ['u', 1e-3],
  ['n', 1e-6],
]);

const GRAMMAR = /^([0-9]{1,8})([HMSmun])$/;

/**
 * The span that a `grpc-timeout` header grants, in milliseconds: the whole range of the grammar, 11,400 years included, and
 * fractions below one millisecond. Throws `invalid_request` for anything outside the grammar.
 */
export function parseTimeout(header: string): number {
  const [, digits, unit] = GRAMMAR.exec(header) ?? [];
  const factor = unit === undefined ? undefined : MILLISECONDS_BY_UNIT.get(unit);
  if (digits === undefined || factor === undefined) {
    throw invalidRequest(`malformed grpc-timeout: expected 1 to 8 digits and one of H, M, S, m, u, n, got ${quote(header)}`);
  }
  return Number(digits) * factor;
}
