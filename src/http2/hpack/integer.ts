import { HpackError } from './hpack-error.js';

/** No length or index that anybody needs is larger, and all arithmetic below it is exact. */
const MAX_INTEGER = 2 ** 31 - 1;

/**
 * Where the next field begins. RFC 7541 section 5.1: an integer fills the low bits of its first byte and goes on, seven bits a byte, in as many as
 * it needs; so a reader has to move on while it reads.
 */
export class BlockCursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw new HpackError('the header block ends inside a field');
    return this.bytes[this.at++] ?? 0;
  }

  /** An integer whose first byte, which was read already, gives it the bits of `mask`. */
  integer(first: number, mask: number): number {
    let value = first & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (value > MAX_INTEGER) break;
      if (byte < 0x80) return value;
    }
    throw new HpackError('the header block has an integer over 31 bits');
  }
}

/** Writes `value` behind the bits of `pattern` and returns the offset behind it. At most six bytes. */
export function writeInteger(target: Uint8Array, at: number, pattern: number, mask: number, value: number): number {
  let next = at;
  if (value < mask) {
    target[next++] = pattern | value;
    return next;
  }
  target[next++] = pattern | mask;
  let rest = value - mask;
  while (rest >= 0x80) {
    target[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[next++] = rest;
  return next;
}
