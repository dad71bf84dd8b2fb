import type { NameTable } from './name-table.js';

/** What a reader answers in place of a number for whatever is not of the plain kind that it reads. No number of a message is negative here. */
export const IRREGULAR = -1;

/** Length-delimited. */
const SHAPE_PACKED = (3 << 3) | 2;
/** One size a field. */
const SHAPE_LOOSE = 3 << 3;

const MAX_VARINT_BYTES = 8;
const MAX_LENGTH_BYTES = 4;

/**
 * Steps through a serialised message, or a part of it, without an object or a closure for what it finds. It reads what well-behaved writers write and says
 * IRREGULAR to all else, whether malformed or merely unusual: then the generated code has the last word, from the message's first byte. After that the
 * reader is of no more use.
 */
export class FieldReader {
  /** Of the next byte. */
  at = 0;
  readonly bytes: Uint8Array;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#end = bytes.length;
  }

  get hasMore(): boolean {
    return this.at < this.#end;
  }

  /** Confines the reader to the next `length` bytes, which are there, and returns what `leave` takes. */
  enter(length: number): number {
    const outer = this.#end;
    this.#end = this.at + length;
    return outer;
  }

  leave(outer: number): void {
    this.#end = outer;
  }

  /** Field number and wire type as they lie in one byte: fields up to 15. */
  tag(): number {
    const tag = this.#next();
    return tag < 0x80 ? tag : IRREGULAR;
  }

  /** The length of a payload, all of which is there. */
  length(): number {
    const length = this.#varint(MAX_LENGTH_BYTES);
    return length > this.#end - this.at ? IRREGULAR : length;
  }

  /** A safe integer, not negative. */
  varint(): number {
    const value = this.#varint(MAX_VARINT_BYTES);
    return value > Number.MAX_SAFE_INTEGER ? IRREGULAR : value;
  }

  /** A text of those that come again and again; undefined for what is irregular. */
  name(names: NameTable): string | undefined {
    const length = this.length();
    if (length === IRREGULAR) return undefined;
    const start = this.at;
    this.at += length;
    return names.find(this.bytes, start, length);
  }

  /** Appends what a tensor's shape field behind `tag` holds: both facades number it 3. False for what is irregular. */
  readShape(tag: number, shape: number[]): boolean {
    if (tag === SHAPE_LOOSE) return this.#readSize(shape);
    if (tag !== SHAPE_PACKED) return false;
    const length = this.length();
    if (length === IRREGULAR) return false;
    const outer = this.enter(length);
    while (this.hasMore) if (!this.#readSize(shape)) return false;
    this.leave(outer);
    return true;
  }

  #readSize(shape: number[]): boolean {
    const size = this.varint();
    if (size === IRREGULAR) return false;
    shape.push(size);
    return true;
  }

  #varint(maxBytes: number): number {
    let value = 0;
    let unit = 1;
    for (let length = 0; length < maxBytes; length++) {
      const byte = this.#next();
      if (byte < 0x80) return value + byte * unit;
      value += (byte & 0x7f) * unit;
      unit *= 0x80;
    }
    return IRREGULAR;
  }

  /** Behind the end more and more of a number follows, so that it never ends well. */
  #next(): number {
    const byte = this.at < this.#end ? this.bytes[this.at] : undefined;
    this.at += 1;
    return byte ?? 0xff;
  }
}
