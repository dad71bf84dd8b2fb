import { describe, expect, it } from '@jest/globals';
import { toEpochMs } from '../../../src/telemetry/epoch.js';
import { FAILURE_REASONS, failureReason, ModelStatistics } from '../../../src/telemetry/model-statistics.js';

/** Its members, of two rows each, waited from the given times to 100; joined until 102, run until 122. */
function batch(...enqueuedAt: number[]) {
  const entries = enqueuedAt.map((at) => ({ enqueuedAt: at, rows: 2 }));
  return { entries, rows: 2 * entries.length, dispatchedAt: 100, assembledAt: 102, executedAt: 122 };
}

describe('ModelStatistics', () => {
  it('begins with nothing', () => {
    const statistics = new ModelStatistics();
    expect(statistics).toMatchObject({ lastInferenceMs: 0, inferenceCount: 0, executionCount: 0, pending: 0, batches: [], responses: [] });
    for (const time of [statistics.success, statistics.fail, statistics.queue, statistics.computeInfer]) {
      expect(time).toMatchObject({ count: 0, ms: 0 });
    }
  });

  it('counts an execution once and its time for each of its requests, under the size that it had', () => {
    const statistics = new ModelStatistics();
    for (const each of [batch(90, 95), batch(100), batch(80, 85)]) statistics.executed(each, 123);
    expect(statistics).toMatchObject({ inferenceCount: 10, executionCount: 3 });
    expect(statistics.batches).toEqual([
      { rows: 2, count: 1, inputMs: 2, inferMs: 20, outputMs: 1 },
      { rows: 4, count: 2, inputMs: 4, inferMs: 40, outputMs: 2 },
    ]);
    expect(statistics.queue).toEqual({ count: 5, ms: 10 + 5 + 0 + 20 + 15 });
    expect(statistics.computeInput).toEqual({ count: 5, ms: 10 });
    expect(statistics.computeInfer).toEqual({ count: 5, ms: 100 });
    expect(statistics.computeOutput).toEqual({ count: 5, ms: 5 });
    // The parts of a request's time are all of it.
    expect(statistics.success).toMatchObject({ count: 5, ms: 50 + 10 + 100 + 5 });
    expect(statistics.lastInferenceMs).toBe(toEpochMs(123));
  });

  it.each([
    ['backend_failed', 'BACKEND'],
    ['cancelled', 'CANCELED'],
    ['deadline_exceeded', 'CANCELED'],
  ] as const)('counts each request of an execution that ended with %s as failed: %s', (code, reason) => {
    const statistics = new ModelStatistics();
    statistics.executed({ ...batch(90, 95), error: { code } }, 123);
    expect(statistics.failures(reason)).toMatchObject({ count: 2, ms: 33 + 28 });
    expect(statistics).toMatchObject({ inferenceCount: 0, executionCount: 0, lastInferenceMs: 0, batches: [], success: { count: 0 } });
    expect(statistics.queue).toEqual({ count: 0, ms: 0 });
  });

  it('keeps failures apart by reason and from everything else', () => {
    const statistics = new ModelStatistics();
    for (const [at, reason] of FAILURE_REASONS.entries()) for (let n = 0; n <= at; n++) statistics.failed(reason, 5);
    expect(FAILURE_REASONS.map((reason) => statistics.failures(reason).count)).toEqual([1, 2, 3, 4]);
    expect(statistics.fail).toEqual({ count: 10, ms: 50 });
    expect(statistics).toMatchObject({ inferenceCount: 0, executionCount: 0, lastInferenceMs: 0, success: { count: 0 } });
  });

  it('asks every queue how many wait, as long as the queue is there', () => {
    const statistics = new ModelStatistics();
    const remove = statistics.addQueue(() => 3);
    statistics.addQueue(() => 4);
    expect(statistics.pending).toBe(7);
    remove();
    expect(statistics.pending).toBe(4);
  });

  it('tells responses apart by their position, as far as memory is bounded', () => {
    const statistics = new ModelStatistics();
    for (const position of [0, 1, 0]) statistics.responded(position, 2);
    statistics.responseFailed(1, 3, 'BACKEND');
    statistics.responseFailed(2, 4, 'CANCELED');
    const none = { count: 0, ms: 0 };
    expect(statistics.responses).toEqual([
      { success: { count: 2, ms: 4 }, fail: none, cancel: none },
      { success: { count: 1, ms: 2 }, fail: { count: 1, ms: 3 }, cancel: none },
      { success: none, fail: none, cancel: { count: 1, ms: 4 } },
    ]);
    for (let position = 0; position < 5000; position++) statistics.responded(position, 1);
    statistics.responseFailed(5000, 1, 'OTHER');
    expect(statistics.responses).toHaveLength(1024);
  });
});

describe('failureReason', () => {
  it.each([
    ['overloaded', 'REJECTED'],
    ['draining', 'REJECTED'],
    ['deadline_exceeded', 'REJECTED'],
    ['cancelled', 'CANCELED'],
    ['backend_failed', 'BACKEND'],
    ['backend_unavailable', 'BACKEND'],
    ['internal', 'BACKEND'],
    ['unsupported', 'OTHER'],
  ] as const)('says of %s: %s', (code, reason) => {
    expect(failureReason(code, false)).toBe(reason);
    expect(failureReason(code, true)).toBe('CANCELED');
  });
});
