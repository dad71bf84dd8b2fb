import { DynamicTable } from './dynamic-table.js';
import type { HeaderField } from './header-field.js';
import { huffmanLength, writeHuffman } from './huffman.js';
import { writeInteger } from './integer.js';
import { STATIC_ENTRIES, staticIndex, staticNameIndex } from './static-table.js';

/** The most that we use, whatever the other side allows: what repeats here is little. */
const MAX_TABLE_SIZE = 4096;
/** An integer takes at most six bytes; a field has three of them, and two may say that the table changes. */
const MAX_FIELD_OVERHEAD = 18;
const MAX_RESIZE_BYTES = 12;

/** Encodes the header blocks of one connection, in the order in which they are sent. RFC 7541. */
export class HpackEncoder {
  readonly #table = new DynamicTable(MAX_TABLE_SIZE);
  /** Which fields are in the table: the number of each, counted from the connection's first. Fields that repeat are constants, known by identity. */
  #numbers: Map<HeaderField, number> | undefined;
  #added = 0;
  /** The smallest size since the last block, which the other side has to hear of before the present one: section 4.2. */
  #lowest: number | undefined;

  /** The other side's SETTINGS_HEADER_TABLE_SIZE. */
  set maxTableSize(allowed: number) {
    const size = Math.min(allowed, MAX_TABLE_SIZE);
    if (size === this.#table.maxSize) return;
    this.#lowest = Math.min(this.#lowest ?? size, size);
    this.#forget(this.#table.resize(size));
  }

  /** More bytes than `fields` can become. */
  bound(fields: readonly HeaderField[]): number {
    let bytes = MAX_RESIZE_BYTES;
    for (const { name, value } of fields) bytes += name.length + value.length + MAX_FIELD_OVERHEAD;
    return bytes;
  }

  /** Writes a block and returns the offset behind it. */
  encode(fields: readonly HeaderField[], target: Buffer, at: number): number {
    let next = this.#lowest === undefined ? at : this.#writeResize(target, at, this.#lowest);
    for (const field of fields) next = this.#writeField(field, target, next);
    return next;
  }

  #writeField(field: HeaderField, target: Buffer, at: number): number {
    const { name, value, indexing } = field;
    const known = this.#indexOf(field);
    if (known > 0) return writeInteger(target, at, 0x80, 0x7f, known);
    const nameIndex = staticNameIndex(name);
    let next = at;
    switch (indexing) {
      case 'indexed':
        next = writeInteger(target, next, 0x40, 0x3f, nameIndex);
        this.#add(field);
        break;
      case 'literal':
        next = writeInteger(target, next, 0x00, 0x0f, nameIndex);
        break;
      case 'sensitive':
        next = writeInteger(target, next, 0x10, 0x0f, nameIndex);
    }
    if (nameIndex === 0) next = writeString(target, next, name);
    return writeString(target, next, value);
  }

  #indexOf(field: HeaderField): number {
    if (field.indexing !== 'indexed') return field.indexing === 'literal' ? staticIndex(field.name, field.value) : 0;
    const number = this.#numbers?.get(field);
    return number === undefined ? staticIndex(field.name, field.value) : STATIC_ENTRIES + this.#added - number;
  }

  #add(field: HeaderField): void {
    this.#forget(this.#table.add(field));
    if (this.#table.at(0) !== field) return;
    this.#numbers ??= new Map();
    this.#numbers.set(field, this.#added);
    this.#added += 1;
  }

  /** The oldest leave first, and the map has them in that order. */
  #forget(count: number): void {
    if (count === 0 || this.#numbers === undefined) return;
    let left = count;
    for (const field of this.#numbers.keys()) {
      this.#numbers.delete(field);
      left -= 1;
      if (left === 0) return;
    }
  }

  #writeResize(target: Buffer, at: number, lowest: number): number {
    this.#lowest = undefined;
    const { maxSize } = this.#table;
    const next = lowest < maxSize ? writeInteger(target, at, 0x20, 0x1f, lowest) : at;
    return writeInteger(target, next, 0x20, 0x1f, maxSize);
  }
}

function writeString(target: Buffer, at: number, text: string): number {
  const coded = huffmanLength(text);
  if (coded < text.length) return writeHuffman(target, writeInteger(target, at, 0x80, 0x7f, coded), text);
  const next = writeInteger(target, at, 0x00, 0x7f, text.length);
  return next + target.write(text, next, 'latin1');
}
