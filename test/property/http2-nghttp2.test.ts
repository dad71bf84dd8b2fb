import { describe, expect, it } from '@jest/globals';
import { HpackDecoder } from '../../src/http2/hpack/decoder.js';
import { fuzzRuns, fuzzSeed, fuzzTimeoutMs, reportFuzz } from '../support/fuzz.js';
import { Dice } from '../support/generated-calls.js';
import { headerBlock } from '../support/h2-frames.js';
import { HpackComparison, HpackTally, piecesOf } from '../support/hpack-comparison.js';
import { Nghttp2Decoder } from '../support/nghttp2-decoder.js';
import { decode } from '../support/nghttp2-expectation.js';

const RUNS = fuzzRuns(20_000);
const MAX_BLOCKS_PER_CONNECTION = 60;

describe('header blocks, valid, damaged and of noise, beside the decoder of nghttp2', () => {
  it(
    'are decoded as it decodes them, or refused where it refuses them',
    async () => {
      const seed = fuzzSeed();
      const dice = new Dice(seed);
      const tally = new HpackTally();
      try {
        while (tally.blocks < RUNS) {
          await using comparison = await HpackComparison.open(dice);
          await comparison.run(Math.min(RUNS - tally.blocks, 1 + dice.below(MAX_BLOCKS_PER_CONNECTION)), tally);
        }
      } finally {
        reportFuzz(`header blocks beside nghttp2 ${process.versions['nghttp2']}`, seed, JSON.stringify(tally));
      }
      expect(tally.agreed).toBeGreaterThan(tally.blocks / 2);
      expect(tally.refused).toBeGreaterThan(tally.blocks / 50);
      expect(tally.tables).toBeGreaterThan(0);
    },
    fuzzTimeoutMs(RUNS),
  );

  it.each([
    [65_536, 'fields'],
    [65_537, 'refused'],
  ] as const)('differ in how long a string may be: of %i bytes nghttp2 says %s', async (length, kind) => {
    const block = headerBlock([
      [':status', '103'],
      ['x', 'v'.repeat(length)],
    ]);
    await using theirs = await Nghttp2Decoder.open(4096);
    expect(await theirs.decode(piecesOf(new Dice(1), block))).toMatchObject({ kind });
    expect(decode(new HpackDecoder(4096), block)).toMatchObject({ kind: 'fields' });
  });
});
