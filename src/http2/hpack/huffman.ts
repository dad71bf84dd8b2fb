import { HpackError } from './hpack-error.js';

/**
 * RFC 7541 section 5.2 and appendix B. The code is canonical: among symbols of one length codes ascend with the symbol, so that the lengths are all
 * there is to know. The last one is EOS, which never occurs in a string.
 */
// biome-ignore format: sixteen symbols a line
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

const EOS = 256;
/** Padding is the beginning of EOS, all ones, and shorter than a byte. */
const MAX_PADDING_BITS = 7;

const CODES = canonicalCodes();

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(LENGTHS.length);
  const order = [...LENGTHS.keys()].sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  let code = 0;
  let length = 0;
  for (const symbol of order) {
    code *= 2 ** (lengthOf(symbol) - length);
    length = lengthOf(symbol);
    codes[symbol] = code;
    code += 1;
  }
  return codes;
}

function lengthOf(symbol: number): number {
  return LENGTHS[symbol] ?? 0;
}

/** A node of the code's tree: what a 0 and a 1 lead to. Leaves are symbols, written as -1 - symbol; 0 is the root and leads nowhere. */
type Branches = [zero: number, one: number];

const TREE = buildTree();

function buildTree(): Branches[] {
  const tree: Branches[] = [[0, 0]];
  for (const symbol of LENGTHS.keys()) {
    let branches = tree[0];
    for (let bit = lengthOf(symbol) - 1; bit >= 0 && branches !== undefined; bit--) {
      const side = ((CODES[symbol] ?? 0) >>> bit) & 1 ? 1 : 0;
      if (bit === 0) branches[side] = -1 - symbol;
      else if (branches[side] === 0) branches[side] = tree.push([0, 0]) - 1;
      branches = tree[branches[side]];
    }
  }
  return tree;
}

/**
 * The decoder reads four bits at a time. They lead from one node to the next and give at most one symbol, as no code is shorter than five bits:
 * `next node << 16 | symbol`.
 */
const STEPS = 16;
const NO_SYMBOL = 0xffff;
const FORBIDDEN = 0xffffffff;
const TRANSITIONS = buildTransitions();
/** Nodes at which a string may end: what lies behind the last symbol is padding. */
const ACCEPTING = findAccepting();

function buildTransitions(): Uint32Array {
  const transitions = new Uint32Array(TREE.length * STEPS);
  for (const node of TREE.keys()) for (let bits = 0; bits < STEPS; bits++) transitions[node * STEPS + bits] = transition(node, bits);
  return transitions;
}

function transition(from: number, bits: number): number {
  let node = from;
  let symbol = NO_SYMBOL;
  for (let mask = STEPS >> 1; mask > 0; mask >>= 1) {
    const next = TREE[node]?.[bits & mask ? 1 : 0] ?? 0;
    if (next >= 0) node = next;
    else {
      symbol = -1 - next;
      if (symbol === EOS) return FORBIDDEN;
      node = 0;
    }
  }
  return ((node << 16) | symbol) >>> 0;
}

function findAccepting(): Uint8Array {
  const accepting = new Uint8Array(TREE.length);
  let node = 0;
  for (let bits = 0; bits <= MAX_PADDING_BITS; bits++) {
    accepting[node] = 1;
    node = TREE[node]?.[1] ?? 0;
  }
  return accepting;
}

/** Decodes `bytes[start, end)` into `target` and returns how many bytes it gave; `target` has room for 8/5 of what it is given. */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let node = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    const high = TRANSITIONS[node * STEPS + (byte >> 4)] ?? FORBIDDEN;
    if (high === FORBIDDEN) throw new HpackError('a Huffman string holds EOS');
    if ((high & NO_SYMBOL) !== NO_SYMBOL) target[length++] = high & 0xff;
    const low = TRANSITIONS[(high >>> 16) * STEPS + (byte & 0xf)] ?? FORBIDDEN;
    if (low === FORBIDDEN) throw new HpackError('a Huffman string holds EOS');
    if ((low & NO_SYMBOL) !== NO_SYMBOL) target[length++] = low & 0xff;
    node = low >>> 16;
  }
  if (ACCEPTING[node] !== 1) throw new HpackError('a Huffman string ends inside a symbol');
  return length;
}

/** Bytes that `text`, of which each character is a byte, has when it is coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits += lengthOf(text.charCodeAt(at));
  return (bits + 7) >>> 3;
}

/** Writes `text` coded and returns the offset behind it. */
export function writeHuffman(target: Uint8Array, at: number, text: string): number {
  let next = at;
  // At most 7 bits are left over from one symbol to the next, and a code has at most 30: more than 32 bits in all.
  let held = 0;
  let heldBits = 0;
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index);
    let bits = lengthOf(symbol);
    const code = CODES[symbol] ?? 0;
    while (bits > 0) {
      const taken = Math.min(8 - heldBits, bits);
      bits -= taken;
      held = (held << taken) | ((code >>> bits) & ((1 << taken) - 1));
      heldBits += taken;
      if (heldBits === 8) {
        target[next++] = held;
        held = 0;
        heldBits = 0;
      }
    }
  }
  if (heldBits > 0) target[next++] = (held << (8 - heldBits)) | (0xff >> heldBits);
  return next;
}
