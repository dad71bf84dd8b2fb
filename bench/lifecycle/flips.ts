import { type FlipCounts, Flips } from '../../test/support/flips.js';
import { ModelDirectory } from '../../test/support/model-directory.js';
import type { Section } from '../pipeline/section.js';
import { counted } from './counted.js';

const FLIPS = Number(process.env['BENCH_FLIPS'] ?? 1_000);
const CALLERS = 4;

/** Versions that go forward and back, are loaded anew, cannot be loaded, come and go, while every answer says which version it is of. */
export const FLIPPING: Section = {
  name: 'version flips under load',
  goals: ['R9', '3'],
  async run(stage) {
    await using repository = await ModelDirectory.create({});
    const server = await stage.serve({ repository: repository.path, models: [] });
    await using flips = new Flips(server.address, repository.path);
    const start = performance.now();
    const counts = await flips.run(FLIPS, CALLERS);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    const { answers, broken, failed, wrong } = counts;
    const first = [...failed.slice(0, 1), ...wrong.slice(0, 1)].map((what) => `the first: ${what}`);
    const none = { unit: '', limit: { atMost: 0 } };
    return [
      counted(
        `${counts.flips} flips, ${2 * CALLERS} callers`,
        counts,
        [
          { goal: 'R9', figure: 'calls that failed', of: (count: FlipCounts) => count.failed.length, ...none },
          { goal: 'R9', figure: 'answers of a wrong version', of: (count: FlipCounts) => count.wrong.length, ...none },
          { goal: 'R9', figure: 'broken versions not refused', of: (count: FlipCounts) => count.broken - count.refused, ...none },
        ],
        [`${answers} answers in ${seconds} s; ${broken} of the flips were to a version that cannot be loaded`, ...first],
      ),
    ];
  },
};
