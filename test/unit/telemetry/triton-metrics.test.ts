import { describe, expect, it } from '@jest/globals';
import { TritonMetrics } from '../../../src/telemetry/triton-metrics.js';
import { executedAlone } from '../../support/executed-batch.js';

const LABELS = { model: 'm', version: '1' };

/** Values by metric name, with their labels. */
async function scrape({ families }: TritonMetrics) {
  const expositions = await Promise.all(families.map((family) => family.get()));
  return new Map(
    expositions.map(({ name, values }) => [name, values.map(({ labels, sharedLabels, value }) => [{ ...sharedLabels, ...labels }, value])]),
  );
}

describe('TritonMetrics', () => {
  it("shows a version's statistics under Triton's names, durations in microseconds", async () => {
    const metrics = new TritonMetrics();
    const statistics = metrics.bind(LABELS).begin();
    const times = { dispatchedAt: 100, assembledAt: 102, executedAt: 122 };
    const entries = [
      { enqueuedAt: 90, rows: 4 },
      { enqueuedAt: 94.9996, rows: 2 },
    ];
    statistics.executed({ entries, rows: 6, ...times }, 123);
    statistics.failed('REJECTED', 1);
    statistics.addQueue(() => 7);
    const reasons = { REJECTED: 1, CANCELED: 0, BACKEND: 0, OTHER: 0 };
    expect(Object.fromEntries(await scrape(metrics))).toEqual({
      nv_inference_request_success: [[LABELS, 2]],
      nv_inference_request_failure: Object.entries(reasons).map(([reason, count]) => [{ ...LABELS, reason }, count]),
      nv_inference_count: [[LABELS, 6]],
      nv_inference_exec_count: [[LABELS, 1]],
      nv_inference_request_duration_us: [[LABELS, 61_000]],
      nv_inference_queue_duration_us: [[LABELS, 15_000]],
      nv_inference_compute_input_duration_us: [[LABELS, 4_000]],
      nv_inference_compute_infer_duration_us: [[LABELS, 40_000]],
      nv_inference_compute_output_duration_us: [[LABELS, 2_000]],
      nv_inference_pending_request_count: [[LABELS, 7]],
    });
  });

  it('shows what waits as a gauge and all else as counters, declared before the first sample', async () => {
    const types = await Promise.all(new TritonMetrics().families.map(async (family) => (await family.get()).type));
    expect(types).toEqual([...Array<string>(9).fill('counter'), 'gauge']);
  });

  it('shows a version with other labels from then on, its counts as they are', async () => {
    const metrics = new TritonMetrics();
    const series = metrics.bind(LABELS);
    series.begin().executed(executedAlone(2), 0);
    series.labels = { ...LABELS, _team: 'vision' };
    expect((await scrape(metrics)).get('nv_inference_count')).toEqual([[{ ...LABELS, _team: 'vision' }, 2]]);
  });

  it('shows each version until it is removed', async () => {
    const metrics = new TritonMetrics();
    metrics.bind(LABELS).begin().executed(executedAlone(1), 0);
    const second = metrics.bind({ ...LABELS, version: '2' });
    expect((await scrape(metrics)).get('nv_inference_count')).toEqual([
      [LABELS, 1],
      [{ ...LABELS, version: '2' }, 0],
    ]);
    metrics.remove(second);
    expect((await scrape(metrics)).get('nv_inference_count')).toEqual([[LABELS, 1]]);
  });

  it('counts on where a version is loaded again, while its statistics begin anew', async () => {
    const metrics = new TritonMetrics();
    const series = metrics.bind(LABELS);
    const first = series.begin();
    first.executed(executedAlone(3), 0);
    first.failed('BACKEND', 1);
    first.addQueue(() => 5);
    const second = series.begin();
    second.executed(executedAlone(4), 0);
    expect(second.inferenceCount).toBe(4);
    const counted = async () => {
      const shown = await scrape(metrics);
      const failures = shown.get('nv_inference_request_failure')?.map(([, value]) => value);
      return [shown.get('nv_inference_count'), failures, shown.get('nv_inference_pending_request_count')];
    };
    const failures = [0, 0, 1, 0];
    expect(await counted()).toEqual([[[LABELS, 7]], failures, [[LABELS, 5]]]);
    series.end(first);
    expect(await counted()).toEqual([[[LABELS, 7]], failures, [[LABELS, 0]]]);
    second.executed(executedAlone(1), 0);
    series.end(second);
    expect(await counted()).toEqual([[[LABELS, 8]], failures, [[LABELS, 0]]]);
  });
});
