import { SERVE_OPTIONS } from './options.js';

const { defaultMaxBatchSize, loadParallelism, loadTimeoutMs } = SERVE_OPTIONS;

/** Those options of `serve` that change whether and how a model loads. */
export const CHECK_OPTIONS = { defaultMaxBatchSize, loadParallelism, loadTimeoutMs };
