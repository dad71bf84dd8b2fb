import { describe, expect, it } from '@jest/globals';
import { frameSequence } from '../support/frame-sequences.js';
import { fuzzRuns, fuzzSeed, fuzzTimeoutMs, reportFuzz } from '../support/fuzz.js';
import { type FuzzOutcome, fuzzConnection } from '../support/fuzzed-connection.js';
import { Dice } from '../support/generated-calls.js';

const RUNS = fuzzRuns(20_000);
/** Of so many sequences shares can be asked for. */
const MANY = 1000;
/** Jest has some of its own, which come and go; a sequence that left one behind would not be alone. */
const OTHERS_TIMERS = 10;
/** Every so many sequences one is sent twice. */
const TWICE_EVERY = 4;

/** Timers of this process that still wait. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

/** A sequence has a seed of its own: with it and MILLRACE_FUZZ_RUNS=1 it is the first. */
async function fuzzSequence(seed: number, pieces: readonly Buffer[]): Promise<FuzzOutcome> {
  try {
    return await sendSequence(seed, pieces);
  } catch (error) {
    return { requests: 0, hasFailed: false, isProbed: false, wrongs: [String(error)], trace: [] };
  }
}

async function sendSequence(seed: number, pieces: readonly Buffer[]): Promise<FuzzOutcome> {
  const bytes = Buffer.concat(pieces);
  const outcome = await fuzzConnection(new Dice(~seed), bytes, 0xaa);
  if (seed % TWICE_EVERY > 0 || outcome.wrongs.length > 0) return outcome;
  // What lies where a chunk has been must make no difference.
  const { trace } = await fuzzConnection(new Dice(~seed), bytes, 0x55);
  const isSame = trace.length === outcome.trace.length && trace.every((part, at) => part === outcome.trace[at]);
  return isSame ? outcome : { ...outcome, wrongs: ['a chunk was read after it was given back'] };
}

/** The failing sequence without whatever it does not need to fail. */
async function shrink(seed: number, pieces: readonly Buffer[]): Promise<readonly Buffer[]> {
  let least = pieces;
  for (let at = least.length - 1; at > 0; at--) {
    const without = least.filter((_piece, index) => index !== at);
    if ((await fuzzSequence(seed, without)).wrongs.length > 0) least = without;
  }
  return least;
}

class Tally {
  sequences = 0;
  /** Sequences that opened a stream, that ended in an error of the connection, and whose windows were counted at the end. */
  reached = 0;
  failed = 0;
  probed = 0;
  requests = 0;

  add({ requests, hasFailed, isProbed }: FuzzOutcome): void {
    this.sequences += 1;
    this.reached += Number(requests > 0);
    this.failed += Number(hasFailed);
    this.probed += Number(isProbed);
    this.requests += requests;
  }
}

describe('sequences of frames, valid, damaged and out of order', () => {
  it(
    'end in answers, stream errors or a closed connection, and leave nothing behind',
    async () => {
      const first = fuzzSeed();
      const before = timers();
      const tally = new Tally();
      try {
        for (let seed = first; tally.sequences < RUNS; seed++) {
          const pieces = frameSequence(new Dice(seed));
          const outcome = await fuzzSequence(seed, pieces);
          tally.add(outcome);
          if (outcome.wrongs.length === 0) continue;
          const least = await shrink(seed, pieces);
          reportFuzz(
            'this sequence fails',
            seed,
            `MILLRACE_FUZZ_RUNS=1; it is enough to send ${least.map((piece) => piece.toString('hex')).join(' ')}`,
          );
          expect((await fuzzSequence(seed, least)).wrongs).toEqual([]);
        }
      } finally {
        const percent = (100 * tally.reached) / Math.max(1, tally.sequences);
        reportFuzz('frames', first, `${JSON.stringify(tally)}, ${percent.toFixed(1)} % reached an open stream`);
      }
      expect(timers()).toBeLessThan(before + OTHERS_TIMERS);
      if (RUNS < MANY) return;
      expect(tally.reached).toBeGreaterThanOrEqual(RUNS / 2);
      expect(tally.failed).toBeGreaterThan(RUNS / 20);
      expect(tally.probed).toBeGreaterThan(RUNS / 20);
    },
    fuzzTimeoutMs(RUNS),
  );
});
