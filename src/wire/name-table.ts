/** More than the models, inputs and datatypes that one server's clients name in turn. */
const SLOTS = 256;
/** Longer texts, and those that are not ASCII, are for the generated code to read. */
const MAX_TEXT_BYTES = 64;

/**
 * Texts that come again with every request, by their bytes: to compare them costs less than to make them anew. It holds one name a slot, the one seen last,
 * so that it never grows however many names clients make up.
 */
export class NameTable {
  readonly #names: string[] = new Array<string>(SLOTS).fill('');

  /** The text of `length` bytes from `start`, which are there; undefined for what is long or not ASCII. */
  find(bytes: Uint8Array, start: number, length: number): string | undefined {
    if (length === 0) return '';
    if (length > MAX_TEXT_BYTES) return undefined;
    const slot = slotOf(bytes, start, length);
    const known = this.#names[slot];
    if (known !== undefined && isText(known, bytes, start, length)) return known;
    const name = readText(bytes, start, length);
    if (name !== undefined) this.#names[slot] = name;
    return name;
  }
}

/** The same for a text that hardly comes twice. */
export function readText(bytes: Uint8Array, start: number, length: number): string | undefined {
  if (length === 0) return '';
  if (length > MAX_TEXT_BYTES) return undefined;
  const end = start + length;
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0xff) > 0x7f) return undefined;
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString('latin1', start, end);
}

/** Of the length and three of the bytes: names that share a slot only cost each other time. */
function slotOf(bytes: Uint8Array, start: number, length: number): number {
  const first = bytes[start] ?? 0;
  const middle = bytes[start + (length >> 1)] ?? 0;
  const last = bytes[start + length - 1] ?? 0;
  return (first * 7 + middle * 31 + last * 13 + length) % SLOTS;
}

function isText(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let at = 0; at < length; at++) if (text.charCodeAt(at) !== bytes[start + at]) return false;
  return true;
}
