import { expect } from '@jest/globals';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import type { HeaderField } from '../../src/http2/hpack/header-field.js';
import { generateBlock, indexedField, tableSize } from './generated-blocks.js';
import type { Dice } from './generated-calls.js';
import { type Decoding, Nghttp2Decoder } from './nghttp2-decoder.js';
import { decode, expectedOfNghttp2, isPseudoOrUpperCase, isShown, isUnfit, type OurDecoding } from './nghttp2-expectation.js';

const DEFAULT_TABLE_SIZE = 4096;
const TABLE_SIZES = [DEFAULT_TABLE_SIZE, DEFAULT_TABLE_SIZE, DEFAULT_TABLE_SIZE, 0, 64, 300, 65_536] as const;
const STATIC_ENTRIES = 61;
const MAX_FRAME_BYTES = 16_384;
/** `:status: 103`, which enters no table. */
const STATUS = Buffer.from([0x08, 3, 0x31, 0x30, 0x33]);

/** The fields of the dynamic table, newest first. */
function dynamicFields(decoder: HpackDecoder): HeaderField[] {
  const fields: HeaderField[] = [];
  for (;;) {
    const ours = decode(decoder, indexedField(STATIC_ENTRIES + 1 + fields.length));
    if (ours.kind === 'refused') return fields;
    fields.push(...ours.fields);
  }
}

/** The fields of a block begin behind the changes of the table's size: RFC 7541 section 4.2. */
function withStatus(block: Buffer): Buffer {
  let at = 0;
  while (((block[at] ?? 0) & 0xe0) === 0x20) {
    const isLong = ((block[at++] ?? 0) & 0x1f) === 0x1f;
    if (isLong) while (((block[at++] ?? 0) & 0x80) !== 0);
  }
  return Buffer.concat([block.subarray(0, at), STATUS, block.subarray(at)]);
}

/** As a HEADERS frame and the CONTINUATIONs behind it could have it. */
export function piecesOf(dice: Dice, block: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  let rest = block;
  while (rest.length > MAX_FRAME_BYTES || (pieces.length < 3 && dice.chance(0.1))) {
    const at = rest.length > MAX_FRAME_BYTES ? MAX_FRAME_BYTES : dice.below(rest.length + 1);
    pieces.push(rest.subarray(0, at));
    rest = rest.subarray(at);
  }
  return [...pieces, rest];
}

/** What came of the blocks of a run. */
export class HpackTally {
  connections = 0;
  blocks = 0;
  /** Blocks of which both had the same fields, and how many fields those were; how many more nghttp2 left out as bad for HTTP. */
  agreed = 0;
  fields = 0;
  leftOut = 0;
  /** Blocks that both have decoded, of which nghttp2 then said, as it was to, that they are no answer. */
  malformed = 0;
  /** Blocks that both have refused, by our reason. */
  refused = 0;
  readonly reasons: Record<string, number> = {};
  /** Connections at whose end the tables had the same entries. */
  tables = 0;

  add(ours: OurDecoding, theirs: Decoding): void {
    this.blocks += 1;
    if (ours.kind === 'refused') {
      this.refused += 1;
      this.reasons[ours.reason] = (this.reasons[ours.reason] ?? 0) + 1;
      return;
    }
    if (theirs.kind !== 'fields') {
      this.malformed += 1;
      return;
    }
    this.agreed += 1;
    this.fields += theirs.fields.length;
    this.leftOut += ours.fields.length - theirs.fields.length;
  }
}

/** One connection, both decoders of which get the same blocks. */
export class HpackComparison implements AsyncDisposable {
  readonly #dice: Dice;
  readonly #maxTableSize: number;
  readonly #ours: HpackDecoder;
  readonly #theirs: Nghttp2Decoder;
  readonly #fields: 'any' | 'answer';
  readonly #damage: number;
  readonly #sent: string[] = [];

  private constructor(dice: Dice, maxTableSize: number, theirs: Nghttp2Decoder) {
    this.#dice = dice;
    this.#maxTableSize = maxTableSize;
    this.#ours = new HpackDecoder(maxTableSize);
    this.#theirs = theirs;
    this.#fields = dice.chance(0.85) ? 'answer' : 'any';
    this.#damage = dice.pick([0.15, 0.005]);
  }

  static async open(dice: Dice): Promise<HpackComparison> {
    const maxTableSize = dice.pick(TABLE_SIZES);
    return new HpackComparison(dice, maxTableSize, await Nghttp2Decoder.open(maxTableSize));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#theirs[Symbol.asyncDispose]();
  }

  /** Up to the block that is refused, which ends the connection. */
  async run(blocks: number, tally: HpackTally): Promise<void> {
    tally.connections += 1;
    for (let left = blocks; left > 0; left--) {
      const { ours, theirs } = await this.#compare(this.#nextBlock());
      tally.add(ours, theirs);
      if (ours.kind === 'refused') return;
    }
    await this.#compareTables();
    tally.tables += 1;
  }

  /** The first block says how large the table is that the settings allow, where it is not the default: section 4.2. */
  #nextBlock(): Buffer {
    const dice = this.#dice;
    const entries = dynamicFields(this.#ours).length;
    const options = { maxTableSize: this.#maxTableSize, entries, fields: this.#fields, damage: this.#damage };
    const block = withStatus(generateBlock(dice, options));
    const isDefault = this.#sent.length > 0 || this.#maxTableSize === DEFAULT_TABLE_SIZE;
    return isDefault ? block : Buffer.concat([tableSize(this.#maxTableSize), block]);
  }

  async #compareTables(): Promise<void> {
    const entries = dynamicFields(this.#ours);
    const fit = entries.flatMap((field, at) =>
      isPseudoOrUpperCase(field) || isUnfit(field) ? [] : [indexedField(STATIC_ENTRIES + 1 + at)],
    );
    const all = await this.#compare(Buffer.concat([STATUS, ...fit]));
    expect(all.theirs).toMatchObject({ kind: 'fields' });
    const { theirs } = await this.#compare(Buffer.concat([STATUS, indexedField(STATIC_ENTRIES + 1 + entries.length)]));
    expect(theirs).toEqual({ kind: 'refused' });
  }

  async #compare(block: Buffer): Promise<{ readonly ours: OurDecoding; readonly theirs: Decoding }> {
    this.#sent.push(block.toString('hex'));
    const ours = decode(this.#ours, block);
    const theirs = await this.#theirs.decode(piecesOf(this.#dice, block));
    const wanted = expectedOfNghttp2(ours);
    const where = { maxTableSize: this.#maxTableSize, sent: this.#sent };
    // Jest's own comparison is too slow for each of a million.
    if (!isSame(theirs, wanted)) expect({ ...where, decoding: theirs }).toEqual({ ...where, decoding: wanted });
    const illFormed = theirs.kind === 'fields' && ours.kind === 'fields' ? ours.fields.filter(isIllFormedForUs) : [];
    if (illFormed.length > 0) expect({ ...where, illFormed }).toMatchObject({ illFormed: [] });
    return { ours, theirs };
  }
}

/** What nghttp2 lets pass, so do we. */
function isIllFormedForUs(field: HeaderField): boolean {
  return isShown(field) && !field.isWellFormed;
}

function isSame(theirs: Decoding, wanted: Decoding): boolean {
  if (theirs.kind !== 'fields' || wanted.kind !== 'fields') return theirs.kind === wanted.kind;
  return JSON.stringify(theirs.fields) === JSON.stringify(wanted.fields);
}
