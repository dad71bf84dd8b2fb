import type { Dice } from './generated-calls.js';
import { huffmanBits } from './reference-hpack.js';

/** Static entries and the first dynamic one: RFC 7541 section 2.3.3. */
const STATIC_ENTRIES = 61;
const NAMES = ['x', 'grpc-timeout', 'content-type', ':path', 'user-agent', 'x-trace-bin'] as const;

/** A header block as an encoder could have made it whose dynamic table has so many entries, or one that was damaged, or noise. */
export function generateBlock(dice: Dice, maxTableSize: number, entries: number): Buffer {
  if (dice.chance(0.03)) return noise(dice, dice.below(60));
  const parts: Buffer[] = [];
  while (dice.chance(0.15)) parts.push(tableSize(dice, maxTableSize));
  for (let left = dice.below(9); left > 0; left--) parts.push(field(dice, entries));
  if (dice.chance(0.01)) parts.push(tableSize(dice, maxTableSize));
  const block = Buffer.concat(parts);
  return dice.chance(0.15) ? damaged(dice, block) : block;
}

function field(dice: Dice, entries: number): Buffer {
  if (dice.chance(0.4)) return integer(dice, 0x80, 7, index(dice, entries));
  const [pattern, bits] = dice.pick([
    [0x40, 6],
    [0x40, 6],
    [0x00, 4],
    [0x10, 4],
  ] as const);
  if (dice.chance(0.5)) return Buffer.concat([integer(dice, pattern, bits, Math.max(1, index(dice, entries))), text(dice, value(dice))]);
  return Buffer.concat([integer(dice, pattern, bits, 0), text(dice, name(dice)), text(dice, value(dice))]);
}

/** Mostly of an entry that is there. */
function index(dice: Dice, entries: number): number {
  if (dice.chance(0.99)) return 1 + (dice.chance(0.4) || entries === 0 ? dice.below(STATIC_ENTRIES) : STATIC_ENTRIES + dice.below(entries));
  return dice.pick([0, STATIC_ENTRIES, STATIC_ENTRIES + dice.below(140), 300, 2 ** 31 - 1]);
}

function tableSize(dice: Dice, maxTableSize: number): Buffer {
  const size = dice.chance(0.5) ? maxTableSize : dice.below(maxTableSize + 1);
  return integer(dice, 0x20, 5, dice.chance(0.02) ? maxTableSize + 1 + dice.below(2 ** 20) : size);
}

function name(dice: Dice): Buffer {
  return dice.chance(0.8) ? Buffer.from(dice.pick(NAMES)) : noise(dice, dice.below(12));
}

function value(dice: Dice): Buffer {
  if (dice.chance(0.02)) return noise(dice, dice.below(700));
  if (dice.chance(0.2)) return noise(dice, dice.below(20));
  return Buffer.from('application/grpc+proto;q=0.75 Mozilla/5.0 (X11) 1234567890'.slice(dice.below(30), 30 + dice.below(30)));
}

/** Section 5.1, now and then with more bytes than it needs. */
function integer(dice: Dice, pattern: number, bits: number, given: number): Buffer {
  const mask = 2 ** bits - 1;
  if (given < mask) return Buffer.from([pattern | given]);
  const bytes = [pattern | mask];
  let rest = given - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  if (dice.chance(0.03)) {
    bytes.push((bytes.pop() ?? 0) + 128);
    for (let more = dice.below(5); more > 0; more--) bytes.push(128);
    bytes.push(0);
  }
  return Buffer.from(bytes);
}

/** Section 5.2. */
function text(dice: Dice, bytes: Buffer): Buffer {
  if (dice.chance(0.5)) return Buffer.concat([integer(dice, 0, 7, bytes.length), bytes]);
  const coded = dice.chance(0.02) ? noise(dice, dice.below(12)) : huffman(dice, bytes);
  return Buffer.concat([integer(dice, 0x80, 7, coded.length), coded]);
}

/** Appendix B; now and then with what no string may have: EOS, a byte of padding, or padding of zeros. */
function huffman(dice: Dice, bytes: Buffer): Buffer {
  let bits = Array.from(bytes, (byte) => huffmanBits(byte)).join('');
  if (dice.chance(0.01)) bits += dice.pick([huffmanBits(256), '11111111', '0000000', '10']);
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** The same bytes with some changed, added, left out, repeated or cut off. */
export function damaged(dice: Dice, bytes: Buffer): Buffer {
  let changed = bytes;
  do changed = damagedOnce(dice, changed);
  while (dice.chance(0.3));
  return changed;
}

function damagedOnce(dice: Dice, bytes: Buffer): Buffer {
  const at = dice.below(bytes.length + 1);
  const [before, behind] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (dice.pick(['flip', 'insert', 'remove', 'cut', 'repeat'] as const)) {
    case 'flip':
      return Buffer.concat([before, Buffer.from(behind.subarray(0, 1)).map((byte) => byte ^ (1 << dice.below(8))), behind.subarray(1)]);
    case 'insert':
      return Buffer.concat([before, noise(dice, 1 + dice.below(4)), behind]);
    case 'remove':
      return Buffer.concat([before, behind.subarray(1 + dice.below(4))]);
    case 'cut':
      return before;
    case 'repeat':
      return Buffer.concat([bytes, behind]);
  }
}

export function noise(dice: Dice, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => dice.below(256)));
}
