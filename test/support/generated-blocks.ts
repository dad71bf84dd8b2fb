import type { Dice } from './generated-calls.js';
import { huffmanBits } from './reference-hpack.js';

/** Static entries and the first dynamic one: RFC 7541 section 2.3.3. */
const STATIC_ENTRIES = 61;
/** Of them those that no answer has: pseudo-header fields, content-length and transfer-encoding. */
const LAST_PSEUDO = 14;
const UNFIT: ReadonlySet<number> = new Set([28, 57]);
const NAMES = ['x', 'grpc-timeout', 'content-type', ':path', 'user-agent', 'x-trace-bin'] as const;
const MANY_BYTES = 20_000;

/** What a block is made for: a decoder whose dynamic table has so many entries. */
export interface BlockOptions {
  readonly maxTableSize: number;
  readonly entries: number;
  /** `answer`: mostly names and values that may stand in the answer to a request. */
  readonly fields?: 'any' | 'answer';
  /** How much is wrong: the share of blocks that are damaged, to which all the other mistakes go in proportion. */
  readonly damage?: number;
}

const MUCH_DAMAGE = 0.15;

/** A header block as an encoder could have made it, or one that was damaged, or noise. */
export function generateBlock(dice: Dice, options: BlockOptions): Buffer {
  const { maxTableSize, damage = MUCH_DAMAGE } = options;
  if (dice.chance(damage / 5)) return noise(dice, dice.below(60));
  const parts: Buffer[] = [];
  while (dice.chance(0.15)) parts.push(resize(dice, maxTableSize, damage));
  for (let left = dice.below(9); left > 0; left--) parts.push(field(dice, options));
  if (dice.chance(damage / 15)) parts.push(resize(dice, maxTableSize, damage));
  const block = Buffer.concat(parts);
  return dice.chance(damage) ? damaged(dice, block) : block;
}

/** Section 6.3. */
export function tableSize(size: number): Buffer {
  return plainInteger(0x20, 5, size);
}

/** Section 6.1. */
export function indexedField(index: number): Buffer {
  return plainInteger(0x80, 7, index);
}

function field(dice: Dice, options: BlockOptions): Buffer {
  if (dice.chance(0.4)) return integer(dice, 0x80, 7, index(dice, options));
  const [pattern, bits] = dice.pick([
    [0x40, 6],
    [0x40, 6],
    [0x00, 4],
    [0x10, 4],
  ] as const);
  if (dice.chance(0.5))
    return Buffer.concat([integer(dice, pattern, bits, Math.max(1, index(dice, options))), text(dice, value(dice, options), options)]);
  return Buffer.concat([
    integer(dice, pattern, bits, 0),
    text(dice, name(dice, options), options),
    text(dice, value(dice, options), options),
  ]);
}

/** Mostly of an entry that is there. */
function index(dice: Dice, { entries, fields, damage = MUCH_DAMAGE }: BlockOptions): number {
  if (dice.chance(damage / 15))
    return dice.pick([0, STATIC_ENTRIES, STATIC_ENTRIES + dice.below(140), 300, 2 ** 31 - 1, 2 ** 32 + 20, 2 ** 35 + 20]);
  if (entries > 0 && dice.chance(0.6)) return STATIC_ENTRIES + 1 + dice.below(entries);
  const known = 1 + dice.below(STATIC_ENTRIES);
  const isFit = fields !== 'answer' || (known > LAST_PSEUDO && !UNFIT.has(known));
  return isFit ? known : STATIC_ENTRIES;
}

function resize(dice: Dice, maxTableSize: number, damage: number): Buffer {
  const size = dice.chance(0.5) ? maxTableSize : dice.below(maxTableSize + 1);
  return integer(dice, 0x20, 5, dice.chance(damage / 8) ? maxTableSize + 1 + dice.below(2 ** 20) : size);
}

function name(dice: Dice, { fields }: BlockOptions): Buffer {
  const isRegular = fields === 'answer';
  if (dice.chance(0.8)) return Buffer.from(dice.pick(NAMES).replace(':', isRegular ? 'x' : ':'));
  const bytes = noise(dice, dice.below(12));
  return isRegular ? Buffer.from(bytes.toString('latin1').toLowerCase().replace(/^:/, 'x'), 'latin1') : bytes;
}

function value(dice: Dice, { fields }: BlockOptions): Buffer {
  if (dice.chance(0.0005)) return Buffer.alloc(dice.below(MANY_BYTES), 'long');
  if (dice.chance(0.22)) {
    const bytes = noise(dice, dice.below(dice.chance(0.1) ? 700 : 20));
    return fields === 'answer' && dice.chance(0.7) ? Buffer.from(bytes.map(visible)) : bytes;
  }
  return Buffer.from('application/grpc+proto;q=0.75 Mozilla/5.0 (X11) 1234567890'.slice(dice.below(30), 30 + dice.below(30)));
}

function visible(byte: number): number {
  return byte <= 0x20 || byte === 0x7f ? byte | 0xa0 : byte;
}

/** Section 5.1, now and then with more bytes than it needs. */
function integer(dice: Dice, pattern: number, bits: number, given: number): Buffer {
  const bytes = plainInteger(pattern, bits, given);
  if (bytes.length === 1 || dice.chance(0.97)) return bytes;
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) + 128, bytes.length - 1);
  return Buffer.concat([bytes, Buffer.alloc(dice.below(dice.chance(0.1) ? 6 : 3), 128), Buffer.from([0])]);
}

function plainInteger(pattern: number, bits: number, given: number): Buffer {
  const mask = 2 ** bits - 1;
  if (given < mask) return Buffer.from([pattern | given]);
  const bytes = [pattern | mask];
  let rest = given - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** Section 5.2. */
function text(dice: Dice, bytes: Buffer, { damage = MUCH_DAMAGE }: BlockOptions): Buffer {
  if (dice.chance(0.5)) return Buffer.concat([integer(dice, 0, 7, length(dice, bytes, damage)), bytes]);
  const coded = dice.chance(damage / 8) ? noise(dice, dice.below(12)) : huffman(dice, bytes, damage);
  return Buffer.concat([integer(dice, 0x80, 7, length(dice, coded, damage)), coded]);
}

/** Mostly the true one. */
function length(dice: Dice, { length }: Buffer, damage: number): number {
  return dice.chance(damage / 30) ? Math.max(0, length + dice.pick([-1, 1, 2 ** 31, 2 ** 32])) : length;
}

/** Appendix B; now and then with what no string may have: EOS, a byte of padding, or padding of zeros. */
function huffman(dice: Dice, bytes: Buffer, damage: number): Buffer {
  let bits = Array.from(bytes, (byte) => huffmanBits(byte)).join('');
  if (dice.chance(damage / 15)) bits += dice.pick([huffmanBits(256), '11111111', '0000000', '10']);
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
