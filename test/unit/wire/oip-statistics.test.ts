import { describe, expect, it } from '@jest/globals';
import { ModelStatisticsResponse } from '../../../src/gen/inference/statistics.js';
import { formatModelStatistics, type ServedStatistics } from '../../../src/wire/oip-statistics.js';

const NONE = { count: 0n, ns: 0n };

const STATISTICS: ServedStatistics = {
  lastInferenceMs: 1_700_000_000_123,
  inferenceCount: 9,
  executionCount: 3,
  success: { count: 4, ms: 132.5 },
  fail: { count: 1, ms: 0.000_001 },
  queue: { count: 4, ms: 35 },
  computeInput: { count: 4, ms: 8 },
  computeInfer: { count: 4, ms: 80 },
  computeOutput: { count: 4, ms: 4 },
  batches: [{ rows: 4, count: 2, inputMs: 4, inferMs: 40, outputMs: 2 }],
  responses: [],
};

describe('formatModelStatistics', () => {
  it('gives counts as they are and durations in nanoseconds', () => {
    const response = formatModelStatistics([{ id: { model: 'm', version: '7' }, statistics: STATISTICS }]);
    expect(response).toEqual({
      modelStats: [
        {
          name: 'm',
          version: '7',
          lastInference: 1_700_000_000_123n,
          inferenceCount: 9n,
          executionCount: 3n,
          inferenceStats: {
            success: { count: 4n, ns: 132_500_000n },
            fail: { count: 1n, ns: 1n },
            queue: { count: 4n, ns: 35_000_000n },
            computeInput: { count: 4n, ns: 8_000_000n },
            computeInfer: { count: 4n, ns: 80_000_000n },
            computeOutput: { count: 4n, ns: 4_000_000n },
            cacheHit: NONE,
            cacheMiss: NONE,
          },
          batchStats: [
            {
              batchSize: 4n,
              computeInput: { count: 2n, ns: 4_000_000n },
              computeInfer: { count: 2n, ns: 40_000_000n },
              computeOutput: { count: 2n, ns: 2_000_000n },
            },
          ],
          memoryUsage: [],
          responseStats: {},
        },
      ],
    });
    expect(ModelStatisticsResponse.decode(ModelStatisticsResponse.encode(response).finish())).toEqual(response);
  });

  it("gives a decoupled model's responses by their position", () => {
    const responses = [{ success: { count: 3, ms: 6 }, fail: { count: 1, ms: 1 }, cancel: { count: 2, ms: 5 } }];
    const { modelStats } = formatModelStatistics([{ id: { model: 'm', version: '1' }, statistics: { ...STATISTICS, responses } }]);
    expect(modelStats[0]?.responseStats).toEqual({
      '0': {
        computeInfer: { count: 4n, ns: 7_000_000n },
        computeOutput: { count: 3n, ns: 0n },
        success: { count: 3n, ns: 6_000_000n },
        fail: { count: 1n, ns: 1_000_000n },
        emptyResponse: NONE,
        cancel: { count: 2n, ns: 5_000_000n },
      },
    });
  });
});
