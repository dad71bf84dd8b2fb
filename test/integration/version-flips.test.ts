import { describe, expect, it } from '@jest/globals';
import { Flips } from '../support/flips.js';
import { ModelDirectory } from '../support/model-directory.js';
import { RunningApp } from '../support/running-app.js';

/** 1,000 in `make bench-lifecycle`. */
const FLIPS = Number(process.env['MILLRACE_TEST_FLIPS'] ?? 60);
const CALLERS = 4;
const MS_A_FLIP = 1_000;

describe('versions that come and go under load', () => {
  it(
    'fail no call, answer with no version that is not aspired, and stay where the next one cannot be loaded',
    async () => {
      await using repository = await ModelDirectory.create({});
      await using app = await RunningApp.start({ modelRepository: [repository.path], modelControlMode: 'explicit' });
      await using flips = new Flips(app.address, repository.path);
      const counts = await flips.run(FLIPS, CALLERS);
      expect(counts).toMatchObject({ flips: FLIPS, failed: [], wrong: [] });
      expect(counts.refused).toBe(counts.broken);
      expect(counts.broken).toBeGreaterThan(0);
      expect(counts.answers).toBeGreaterThan(FLIPS);
    },
    20_000 + FLIPS * MS_A_FLIP,
  );
});
