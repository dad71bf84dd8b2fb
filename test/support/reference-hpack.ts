/**
 * An HPACK decoder straight from the text of RFC 7541, without a thought for speed and with nothing of the one that it checks. Huffman codes are spelled
 * out bit by bit.
 */
import type { Field } from './h2-frames.js';

/** Appendix B: code and length of each symbol, the last of which is EOS. */
const CODES = (
  '1ff8:13 7fffd8:23 fffffe2:28 fffffe3:28 fffffe4:28 fffffe5:28 fffffe6:28 fffffe7:28 fffffe8:28 ffffea:24 3ffffffc:30 fffffe9:28 ' +
  'fffffea:28 3ffffffd:30 fffffeb:28 fffffec:28 fffffed:28 fffffee:28 fffffef:28 ffffff0:28 ffffff1:28 ffffff2:28 3ffffffe:30 ' +
  'ffffff3:28 ffffff4:28 ffffff5:28 ffffff6:28 ffffff7:28 ffffff8:28 ffffff9:28 ffffffa:28 ffffffb:28 14:6 3f8:10 3f9:10 ffa:12 ' +
  '1ff9:13 15:6 f8:8 7fa:11 3fa:10 3fb:10 f9:8 7fb:11 fa:8 16:6 17:6 18:6 0:5 1:5 2:5 19:6 1a:6 1b:6 1c:6 1d:6 1e:6 1f:6 5c:7 fb:8 ' +
  '7ffc:15 20:6 ffb:12 3fc:10 1ffa:13 21:6 5d:7 5e:7 5f:7 60:7 61:7 62:7 63:7 64:7 65:7 66:7 67:7 68:7 69:7 6a:7 6b:7 6c:7 6d:7 6e:7 ' +
  '6f:7 70:7 71:7 72:7 fc:8 73:7 fd:8 1ffb:13 7fff0:19 1ffc:13 3ffc:14 22:6 7ffd:15 3:5 23:6 4:5 24:6 5:5 25:6 26:6 27:6 6:5 74:7 ' +
  '75:7 28:6 29:6 2a:6 7:5 2b:6 76:7 2c:6 8:5 9:5 2d:6 77:7 78:7 79:7 7a:7 7b:7 7ffe:15 7fc:11 3ffd:14 1ffd:13 ffffffc:28 fffe6:20 ' +
  '3fffd2:22 fffe7:20 fffe8:20 3fffd3:22 3fffd4:22 3fffd5:22 7fffd9:23 3fffd6:22 7fffda:23 7fffdb:23 7fffdc:23 7fffdd:23 7fffde:23 ' +
  'ffffeb:24 7fffdf:23 ffffec:24 ffffed:24 3fffd7:22 7fffe0:23 ffffee:24 7fffe1:23 7fffe2:23 7fffe3:23 7fffe4:23 1fffdc:21 3fffd8:22 ' +
  '7fffe5:23 3fffd9:22 7fffe6:23 7fffe7:23 ffffef:24 3fffda:22 1fffdd:21 fffe9:20 3fffdb:22 3fffdc:22 7fffe8:23 7fffe9:23 1fffde:21 ' +
  '7fffea:23 3fffdd:22 3fffde:22 fffff0:24 1fffdf:21 3fffdf:22 7fffeb:23 7fffec:23 1fffe0:21 1fffe1:21 3fffe0:22 1fffe2:21 7fffed:23 ' +
  '3fffe1:22 7fffee:23 7fffef:23 fffea:20 3fffe2:22 3fffe3:22 3fffe4:22 7ffff0:23 3fffe5:22 3fffe6:22 7ffff1:23 3ffffe0:26 ' +
  '3ffffe1:26 fffeb:20 7fff1:19 3fffe7:22 7ffff2:23 3fffe8:22 1ffffec:25 3ffffe2:26 3ffffe3:26 3ffffe4:26 7ffffde:27 7ffffdf:27 ' +
  '3ffffe5:26 fffff1:24 1ffffed:25 7fff2:19 1fffe3:21 3ffffe6:26 7ffffe0:27 7ffffe1:27 3ffffe7:26 7ffffe2:27 fffff2:24 1fffe4:21 ' +
  '1fffe5:21 3ffffe8:26 3ffffe9:26 ffffffd:28 7ffffe3:27 7ffffe4:27 7ffffe5:27 fffec:20 fffff3:24 fffed:20 1fffe6:21 3fffe9:22 ' +
  '1fffe7:21 1fffe8:21 7ffff3:23 3fffea:22 3fffeb:22 1ffffee:25 1ffffef:25 fffff4:24 fffff5:24 3ffffea:26 7ffff4:23 3ffffeb:26 ' +
  '7ffffe6:27 3ffffec:26 3ffffed:26 7ffffe7:27 7ffffe8:27 7ffffe9:27 7ffffea:27 7ffffeb:27 ffffffe:28 7ffffec:27 7ffffed:27 ' +
  '7ffffee:27 7ffffef:27 7fffff0:27 3ffffee:26 3fffffff:30'
).split(' ');

/** Appendix A: from index 1 on, each a name and, where there is one, `=` and the value. */
const STATIC_FIELDS: readonly Field[] = (
  ':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|:status=206|:status=304|' +
  ':status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate|accept-language|accept-ranges|accept|' +
  'access-control-allow-origin|age|allow|authorization|cache-control|content-disposition|content-encoding|content-language|content-length|' +
  'content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|' +
  'if-unmodified-since|last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|' +
  'server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate'
)
  .split('|')
  .map((entry) => entry.split('='))
  .map(([name = '', value = '']) => [name, value] as const);

const BITS = CODES.map(codeBits);
const SYMBOL_OF_BITS = new Map(BITS.map((bits, symbol) => [bits, symbol]));
const LONGEST_CODE = 30;
const EOS = 256;
/** An integer may have as many bytes behind its first: ours is a limit of the implementation, as section 5.1 allows. */
const MAX_INTEGER_BYTES = 5;

function codeBits(entry: string): string {
  const [code = '', length = ''] = entry.split(':');
  return Number.parseInt(code, 16).toString(2).padStart(Number(length), '0');
}

/** The bits of a symbol. */
export function huffmanBits(symbol: number): string {
  return BITS[symbol] ?? '';
}

export class ReferenceHpack {
  readonly #limit: number;
  #maxSize: number;
  #size = 0;
  readonly #entries: Field[] = [];

  constructor(maxTableSize: number) {
    this.#limit = maxTableSize;
    this.#maxSize = maxTableSize;
  }

  /** Of the dynamic table. */
  get entries(): number {
    return this.#entries.length;
  }

  /** Throws for whatever RFC 7541 has as a decoding error. */
  decode(block: Uint8Array): Field[] {
    const rest = [...block];
    const fields: Field[] = [];
    while (rest.length > 0) {
      const bits = next(rest).toString(2).padStart(8, '0');
      if (bits.startsWith('1')) fields.push(this.#entry(integer(bits.slice(1), rest)));
      else if (bits.startsWith('001')) this.#resize(integer(bits.slice(3), rest), fields);
      else fields.push(this.#literal(bits, rest));
    }
    return fields;
  }

  #literal(bits: string, rest: number[]): Field {
    const enters = bits.startsWith('01');
    const index = integer(bits.slice(enters ? 2 : 4), rest);
    const name = index === 0n ? text(rest) : this.#entry(index)[0];
    const field = [name, text(rest)] as const;
    if (enters) this.#entries.unshift(field);
    if (enters) this.#size += sizeOf(field);
    this.#evict();
    return field;
  }

  #resize(size: bigint, fields: readonly Field[]): void {
    if (fields.length > 0) throw new Error('a size behind a field');
    if (size > BigInt(this.#limit)) throw new Error('a size over the limit');
    this.#maxSize = Number(size);
    this.#evict();
  }

  #entry(index: bigint): Field {
    if (index === 0n || index > 10_000n) throw new Error('no such index');
    const at = Number(index) - 1;
    const field = STATIC_FIELDS[at] ?? this.#entries[at - STATIC_FIELDS.length];
    if (field === undefined) throw new Error('no such index');
    return field;
  }

  #evict(): void {
    while (this.#size > this.#maxSize) this.#size -= sizeOf(this.#entries.pop() ?? ['', '']);
  }
}

/** Section 4.1. */
function sizeOf([name, value]: Field): number {
  return name.length + value.length + 32;
}

function next(rest: number[]): number {
  const byte = rest.shift();
  if (byte === undefined) throw new Error('the block ends too early');
  return byte;
}

/** Section 5.1, of which `prefix` are the bits in the first byte. */
function integer(prefix: string, rest: number[]): bigint {
  let value = BigInt(`0b${prefix}`);
  if (prefix.includes('0')) return value;
  for (let index = 0; index < MAX_INTEGER_BYTES; index++) {
    const byte = next(rest);
    value += BigInt(byte % 128) * 128n ** BigInt(index);
    if (byte < 128) return value;
  }
  throw new Error('the integer is too long');
}

/** Section 5.2. */
function text(rest: number[]): string {
  const first = next(rest);
  const length = integer((first % 128).toString(2).padStart(7, '0'), rest);
  if (length > BigInt(rest.length)) throw new Error('the string ends too early');
  const bytes = rest.splice(0, Number(length));
  return String.fromCharCode(...(first < 128 ? bytes : unhuffman(bytes)));
}

function unhuffman(bytes: readonly number[]): number[] {
  const symbols: number[] = [];
  let bits = '';
  for (const bit of bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('')) {
    bits += bit;
    const symbol = SYMBOL_OF_BITS.get(bits);
    if (symbol === EOS || bits.length > LONGEST_CODE) throw new Error('EOS');
    if (symbol === undefined) continue;
    symbols.push(symbol);
    bits = '';
  }
  if (bits.length > 7 || bits.includes('0')) throw new Error('bad padding');
  return symbols;
}
