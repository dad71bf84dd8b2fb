import { describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { identityModels } from '../support/identity-model.js';
import { ModelDirectory } from '../support/model-directory.js';
import { type LoadOptions, PerfAnalyzer, sumOf } from '../support/perf-analyzer.js';
import { RunningApp } from '../support/running-app.js';

const DELAY_MS = 20;
/** A timer may fire up to a millisecond early. */
const SHORTEST_MS = DELAY_MS - 1;
/** Less than there are callers, so that they wait for each other as well. */
const MAX_BATCH_SIZE = 2;
/** Somebody else's work on the machine adds to what the client alone sees, and never takes from it: the best window shows the server's own share. */
const WINDOWS = 5;

const LOADS: readonly LoadOptions[] = [
  { concurrency: 1, streaming: false, requests: 8 },
  { concurrency: 8, streaming: false, requests: 32 },
  { concurrency: 1, streaming: true, requests: 8 },
  { concurrency: 8, streaming: true, requests: 32 },
];

describe('perf_analyzer', () => {
  it.each(LOADS)('accounts for the time of $concurrency callers (streaming: $streaming)', async (load) => {
    const { requests, concurrency } = load;
    const config = 'dynamic_batching { }';
    await using directory = await ModelDirectory.create(
      identityModels({ slow: { delayMs: DELAY_MS, maxBatchSize: MAX_BATCH_SIZE, config } }),
    );
    await using app = await RunningApp.start({ modelRepository: [directory.path] });
    await using client = new DynamicClient(app.address);
    const analyzer = await PerfAnalyzer.create(client, 'slow');
    expect(analyzer.scheduler).toBe('dynamic');

    const reports = await analyzer.profile(load, WINDOWS);
    for (const report of reports) {
      expect(report).toMatchObject({ inferenceCount: requests, successCount: requests });
      // Callers who wait for one instance must have shared executions; a lone one cannot.
      if (concurrency === 1) expect(report.executionCount).toBe(requests);
      else expect(report.executionCount).toBeLessThan(requests);
      expect(report.executionCount).toBeGreaterThanOrEqual(requests / MAX_BATCH_SIZE);
      expect(report.parts.compute_infer).toBeGreaterThanOrEqual(SHORTEST_MS);
      expect(sumOf(report.parts)).toBeLessThanOrEqual(report.clientMs);
      expect(report.overheadMs).toBeCloseTo(0, 3);
      expect(report.inferencesPerSecond).toBeLessThanOrEqual((concurrency * 1000) / SHORTEST_MS);
    }
    const ratios = reports.map(({ parts, clientMs }) => sumOf(parts) / clientMs);
    expect(Math.max(...ratios)).toBeGreaterThanOrEqual(0.8);
  });

  it('finds the version that was measured among several, and no time spent before the first request', async () => {
    const files = identityModels({ both: { config: 'version_policy { all { } }' } });
    await using directory = await ModelDirectory.create({ ...files, 'both/2/placeholder': new Uint8Array() });
    await using app = await RunningApp.start({ modelRepository: [directory.path] });
    await using client = new DynamicClient(app.address);
    const analyzer = await PerfAnalyzer.create(client, 'both');
    expect(analyzer.scheduler).toBe('none');
    const [report] = await analyzer.profile({ concurrency: 2, streaming: false, requests: 6 }, 1);
    expect(report).toMatchObject({ inferenceCount: 6, executionCount: 6, successCount: 6 });
  });
});
