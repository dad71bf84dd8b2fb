import type {
  InferBatchStatistics,
  InferResponseStatistics,
  ModelStatistics,
  ModelStatisticsResponse,
  StatisticDuration,
} from '../gen/inference/statistics.js';
import type { VersionId } from '../model/id.js';

/** How often something happened, and how many milliseconds it took in all. */
export interface CountedTime {
  readonly count: number;
  readonly ms: number;
}

/** What one version has done since it was loaded. ModelStatistics of telemetry/ fits. */
export interface ServedStatistics {
  /** Milliseconds since 1970; 0 before the first execution. */
  readonly lastInferenceMs: number;
  readonly inferenceCount: number;
  readonly executionCount: number;
  readonly success: CountedTime;
  readonly fail: CountedTime;
  readonly queue: CountedTime;
  readonly computeInput: CountedTime;
  readonly computeInfer: CountedTime;
  readonly computeOutput: CountedTime;
  readonly batches: readonly ServedBatchSize[];
  /** By position in a decoupled model's streams. */
  readonly responses: readonly ServedResponses[];
}

export interface ServedBatchSize {
  readonly rows: number;
  readonly count: number;
  readonly inputMs: number;
  readonly inferMs: number;
  readonly outputMs: number;
}

export interface ServedResponses {
  readonly success: CountedTime;
  readonly fail: CountedTime;
  readonly cancel: CountedTime;
}

export interface ServedVersion {
  readonly id: VersionId;
  readonly statistics: ServedStatistics;
}

const NEVER: CountedTime = { count: 0, ms: 0 };

/** There is no response cache, and what memory a model holds its runtime does not say. */
export function formatModelStatistics(versions: readonly ServedVersion[]): ModelStatisticsResponse {
  return { modelStats: versions.map(formatVersion) };
}

function formatVersion({ id, statistics }: ServedVersion): ModelStatistics {
  return {
    name: id.model,
    version: id.version,
    lastInference: BigInt(statistics.lastInferenceMs),
    inferenceCount: BigInt(statistics.inferenceCount),
    executionCount: BigInt(statistics.executionCount),
    inferenceStats: {
      success: formatTime(statistics.success),
      fail: formatTime(statistics.fail),
      queue: formatTime(statistics.queue),
      computeInput: formatTime(statistics.computeInput),
      computeInfer: formatTime(statistics.computeInfer),
      computeOutput: formatTime(statistics.computeOutput),
      cacheHit: formatTime(NEVER),
      cacheMiss: formatTime(NEVER),
    },
    batchStats: statistics.batches.map(formatBatchSize),
    memoryUsage: [],
    responseStats: Object.fromEntries(statistics.responses.map((responses, position) => [position, formatResponses(responses)])),
  };
}

function formatBatchSize({ rows, count, inputMs, inferMs, outputMs }: ServedBatchSize): InferBatchStatistics {
  return {
    batchSize: BigInt(rows),
    computeInput: formatTime({ count, ms: inputMs }),
    computeInfer: formatTime({ count, ms: inferMs }),
    computeOutput: formatTime({ count, ms: outputMs }),
  };
}

/** A response is a view of what the execution gave: nothing is done to its outputs that would take time. */
function formatResponses({ success, fail, cancel }: ServedResponses): InferResponseStatistics {
  return {
    computeInfer: formatTime({ count: success.count + fail.count, ms: success.ms + fail.ms }),
    computeOutput: formatTime({ count: success.count, ms: 0 }),
    success: formatTime(success),
    fail: formatTime(fail),
    emptyResponse: formatTime(NEVER),
    cancel: formatTime(cancel),
  };
}

function formatTime({ count, ms }: CountedTime): StatisticDuration {
  return { count: BigInt(count), ns: BigInt(Math.round(ms * 1e6)) };
}
