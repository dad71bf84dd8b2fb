import { DynamicTable } from './dynamic-table.js';
import { HeaderField } from './header-field.js';
import { HpackError } from './hpack-error.js';
import { decodeHuffman } from './huffman.js';
import { BlockCursor } from './integer.js';
import { STATIC_ENTRIES, STATIC_TABLE } from './static-table.js';

/** The shortest code has five bits. */
const MAX_HUFFMAN_GAIN = 8 / 5;
/** Strings up to this are decoded in the one buffer that all connections share, as no string outlives the call that decodes it; others get their own. */
const SCRATCH_BYTES = 4096;

const SCRATCH = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/** Decodes the header blocks of one connection, in the order in which they come. RFC 7541. */
export class HpackDecoder {
  readonly #table: DynamicTable;
  /** What our SETTINGS_HEADER_TABLE_SIZE allows the other side. */
  readonly #maxTableSize: number;

  constructor(maxTableSize: number) {
    this.#maxTableSize = maxTableSize;
    this.#table = new DynamicTable(maxTableSize);
  }

  /**
   * Adds the block's fields to `fields` and returns the size of the list as RFC 9113 section 6.5.2 counts it. Fields beyond `maxListSize` are decoded,
   * as the tables need it, but left out: the returned size tells. Fields of the tables are shared, not made anew. Throws HpackError.
   */
  decode(bytes: Buffer, start: number, end: number, maxListSize: number, fields: HeaderField[]): number {
    const cursor = new BlockCursor(bytes, start, end);
    let listSize = 0;
    let mayResize = true;
    while (cursor.at < end) {
      const first = cursor.byte();
      if ((first & 0xe0) === 0x20) {
        this.#resize(cursor.integer(first, 0x1f), mayResize);
        continue;
      }
      mayResize = false;
      const field = this.#field(cursor, bytes, first);
      listSize += field.size;
      if (listSize <= maxListSize) fields.push(field);
    }
    return listSize;
  }

  #field(cursor: BlockCursor, bytes: Buffer, first: number): HeaderField {
    // Section 6.1, an indexed field.
    if (first >= 0x80) return this.#indexed(cursor.integer(first, 0x7f));
    // Section 6.2.1, a literal that enters the table; 6.2.2 and 6.2.3, one that does not.
    const enters = first >= 0x40;
    const index = cursor.integer(first, enters ? 0x3f : 0x0f);
    const name = index === 0 ? this.#string(cursor, bytes) : this.#indexed(index).name;
    const sensitive = !enters && (first & 0x10) !== 0;
    const field = new HeaderField(name, this.#string(cursor, bytes), sensitive ? 'sensitive' : 'literal');
    if (enters) this.#table.add(field);
    return field;
  }

  #indexed(index: number): HeaderField {
    const field = index <= STATIC_ENTRIES ? STATIC_TABLE[index - 1] : this.#table.at(index - STATIC_ENTRIES - 1);
    if (field === undefined) throw new HpackError('the header block has an index that no table has');
    return field;
  }

  /** Section 5.2. */
  #string(cursor: BlockCursor, bytes: Buffer): string {
    const first = cursor.byte();
    const length = cursor.integer(first, 0x7f);
    const start = cursor.at;
    if (length > cursor.end - start) throw new HpackError('the header block ends inside a string');
    cursor.at = start + length;
    if (first < 0x80) return bytes.toString('latin1', start, start + length);
    const most = length * MAX_HUFFMAN_GAIN;
    const target = most <= SCRATCH_BYTES ? SCRATCH : Buffer.allocUnsafe(Math.ceil(most));
    return target.toString('latin1', 0, decodeHuffman(bytes, start, start + length, target));
  }

  /** Section 6.3; a change of size stands at the beginning of a block only (section 4.2). */
  #resize(size: number, mayResize: boolean): void {
    if (!mayResize) throw new HpackError('the table size changes behind a field');
    if (size > this.#maxTableSize) throw new HpackError('the table size is over what the settings allow');
    this.#table.resize(size);
  }
}
