import { describe, expect, it } from '@jest/globals';
import { frameSequence } from '../support/frame-sequences.js';
import { fuzzRuns, fuzzSeed, fuzzTimeoutMs, reportFuzz } from '../support/fuzz.js';
import { fuzzConnection } from '../support/fuzzed-connection.js';
import { Dice } from '../support/generated-calls.js';

const RUNS = fuzzRuns(20_000);

/** Timers of this process that still wait. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

describe('sequences of frames, valid, damaged and out of order', () => {
  it(
    'end in answers, stream errors or a closed connection, and leave nothing behind',
    async () => {
      const seed = fuzzSeed();
      const dice = new Dice(seed);
      const before = timers();
      const total = { sequences: 0, reached: 0, failed: 0, requests: 0 };
      try {
        for (; total.sequences < RUNS; total.sequences++) {
          const bytes = Buffer.concat(frameSequence(dice));
          const { requests, hasFailed, wrongs } = await fuzzConnection(dice, bytes);
          if (wrongs.length > 0) expect({ sequence: total.sequences, bytes: bytes.toString('hex'), wrongs }).toMatchObject({ wrongs: [] });
          total.reached += Number(requests > 0);
          total.failed += Number(hasFailed);
          total.requests += requests;
        }
      } finally {
        const percent = (100 * total.reached) / Math.max(1, total.sequences);
        reportFuzz('frames', seed, `${JSON.stringify(total)}, ${percent.toFixed(1)} % reached an open stream`);
      }
      expect(total.reached).toBeGreaterThanOrEqual(RUNS / 2);
      expect(total.failed).toBeGreaterThan(RUNS / 20);
      expect(timers()).toBeLessThanOrEqual(before);
    },
    fuzzTimeoutMs(RUNS),
  );
});
