import { describe, expect, it } from '@jest/globals';
import { TritonMetrics } from '../../../src/telemetry/triton-metrics.js';

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
    const statistics = metrics.bind(LABELS);
    const times = { dispatchedAt: 100, assembledAt: 102, executedAt: 122 };
    statistics.executed({ entries: [{ enqueuedAt: 90 }, { enqueuedAt: 95 }], rows: 6, ...times }, 123);
    statistics.answered(4, 33);
    statistics.answered(2, 28.0004);
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

  it('shows each version until it is removed', async () => {
    const metrics = new TritonMetrics();
    metrics.bind(LABELS).answered(1, 1);
    const second = metrics.bind({ ...LABELS, version: '2' });
    expect((await scrape(metrics)).get('nv_inference_count')).toEqual([
      [LABELS, 1],
      [{ ...LABELS, version: '2' }, 0],
    ]);
    metrics.remove(second);
    expect((await scrape(metrics)).get('nv_inference_count')).toEqual([[LABELS, 1]]);
  });
});
