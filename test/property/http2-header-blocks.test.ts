import { describe, expect, it } from '@jest/globals';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import { HpackEncoder } from '../../src/http2/hpack/encoder.js';
import { type FieldIndexing, HeaderField } from '../../src/http2/hpack/header-field.js';
import { HpackError } from '../../src/http2/hpack/hpack-error.js';
import { fuzzRuns, fuzzSeed, fuzzTimeoutMs, reportFuzz } from '../support/fuzz.js';
import { generateBlock, noise } from '../support/generated-blocks.js';
import { Dice } from '../support/generated-calls.js';
import type { Field } from '../support/h2-frames.js';
import { ReferenceHpack } from '../support/reference-hpack.js';

const RUNS = fuzzRuns(20_000);
const MAX_BLOCKS_PER_CONNECTION = 20;
const TABLE_SIZES = [4096, 4096, 4096, 0, 64, 300] as const;
const AROUND = Buffer.from([0x82, 0xff]);

interface Decoded {
  readonly fields: readonly Field[];
  readonly listSize: number;
}

/** Undefined where it is refused. What lies around the block must not matter. */
function decode(decoder: HpackDecoder, block: Buffer, maxListSize: number): Decoded | undefined {
  const fields: HeaderField[] = [];
  const bytes = Buffer.concat([AROUND, block, AROUND]);
  try {
    const listSize = decoder.decode(bytes, AROUND.length, AROUND.length + block.length, maxListSize, fields);
    return { fields: fields.map(({ name, value }) => [name, value] as const), listSize };
  } catch (error) {
    if (error instanceof HpackError) return undefined;
    throw error;
  }
}

function referenceDecode(decoder: ReferenceHpack, block: Buffer, maxListSize: number): Decoded | undefined {
  let all: readonly Field[];
  try {
    all = decoder.decode(block);
  } catch {
    return undefined;
  }
  const fields: Field[] = [];
  let listSize = 0;
  for (const field of all) {
    listSize += field[0].length + field[1].length + 32;
    if (listSize <= maxListSize) fields.push(field);
  }
  return { fields, listSize };
}

/** A connection's blocks up to the first that is refused, which ends it. Returns how many were taken and how many fields they had. */
function compareBlocks(dice: Dice, count: number): { readonly blocks: number; readonly taken: number; readonly fields: number } {
  const maxTableSize = dice.pick(TABLE_SIZES);
  const ours = new HpackDecoder(maxTableSize);
  const reference = new ReferenceHpack(maxTableSize);
  const sent: string[] = [];
  let fields = 0;
  for (let taken = 0; taken < count; taken++) {
    const block = generateBlock(dice, { maxTableSize, entries: reference.entries });
    const maxListSize = dice.chance(0.1) ? dice.below(400) : Number.POSITIVE_INFINITY;
    sent.push(block.toString('hex'));
    const actual = { maxTableSize, sent, decoded: decode(ours, block, maxListSize) };
    const expected = { maxTableSize, sent, decoded: referenceDecode(reference, block, maxListSize) };
    // Jest's own comparison is too slow for each of a million.
    if (JSON.stringify(actual.decoded) !== JSON.stringify(expected.decoded)) expect(actual).toEqual(expected);
    if (actual.decoded === undefined) return { blocks: taken + 1, taken, fields };
    fields += actual.decoded.fields.length;
  }
  return { blocks: count, taken: count, fields };
}

describe('header blocks, valid, damaged and of noise', () => {
  it(
    'are decoded as RFC 7541 has it, or refused where it has an error',
    () => {
      const seed = fuzzSeed();
      const dice = new Dice(seed);
      const total = { connections: 0, blocks: 0, taken: 0, fields: 0 };
      try {
        while (total.blocks < RUNS) {
          const { blocks, taken, fields } = compareBlocks(dice, Math.min(RUNS - total.blocks, 1 + dice.below(MAX_BLOCKS_PER_CONNECTION)));
          total.connections += 1;
          total.blocks += blocks;
          total.taken += taken;
          total.fields += fields;
        }
      } finally {
        reportFuzz('header blocks', seed, JSON.stringify(total));
      }
      expect(total.taken).toBeGreaterThan(total.blocks / 2);
      expect(total.blocks - total.taken).toBeGreaterThan(total.blocks / 50);
    },
    fuzzTimeoutMs(RUNS),
  );
});

const INDEXINGS = ['indexed', 'indexed', 'literal', 'sensitive'] as const satisfies readonly FieldIndexing[];
const NAMES = [':status', 'content-type', 'grpc-status', 'x', 'date'] as const;

/** Fields that repeat are the same object: so the encoder knows them. */
function generateFields(dice: Dice): HeaderField[] {
  return Array.from({ length: 40 }, () => {
    const value = dice.chance(0.1)
      ? noise(dice, dice.below(500)).toString('latin1')
      : dice.pick(['200', '0', '', 'application/grpc', 'gzip']);
    return new HeaderField(
      dice.chance(0.9) ? dice.pick(NAMES) : noise(dice, 1 + dice.below(9)).toString('latin1'),
      value,
      dice.pick(INDEXINGS),
    );
  });
}

/** Blocks of one connection whose peer changes its mind about the table, any number of times between two of them. */
function roundTrip(dice: Dice, blocks: number): void {
  const encoder = new HpackEncoder();
  const reference = new ReferenceHpack(4096);
  const known = generateFields(dice);
  for (let block = 0; block < blocks; block++) {
    while (dice.chance(0.2)) encoder.maxTableSize = dice.chance(0.3) ? dice.pick([0, 4096, 2 ** 32 - 1]) : dice.below(600);
    const fields = Array.from({ length: dice.below(8) }, () => known[dice.below(known.length)]).filter((field) => field !== undefined);
    const bound = encoder.bound(fields);
    const target = Buffer.alloc(bound + 1);
    const end = encoder.encode(fields, target, 1);
    if (end > bound) expect(end).toBeLessThanOrEqual(bound);
    const decoded = reference.decode(target.subarray(1, end));
    const sent = fields.map(({ name, value }) => [name, value]);
    if (JSON.stringify(decoded) !== JSON.stringify(sent)) expect(decoded).toEqual(sent);
  }
}

describe('header blocks that we send', () => {
  it(
    'are understood by a decoder that never had anything of ours, while the size of the table changes',
    () => {
      const seed = fuzzSeed();
      const dice = new Dice(seed);
      reportFuzz('sent header blocks', seed, `${RUNS} blocks`);
      for (let left = RUNS; left > 0; left -= MAX_BLOCKS_PER_CONNECTION) roundTrip(dice, Math.min(left, MAX_BLOCKS_PER_CONNECTION));
    },
    fuzzTimeoutMs(RUNS),
  );
});
