import { describe, expect, it } from '@jest/globals';
import { CHECK_OPTIONS } from '../../../src/config/check-options.js';
import { loadConfig } from '../../../src/config/load.js';

describe('CHECK_OPTIONS', () => {
  it('come from the file and the environment that serve uses, whose other options are let be', async () => {
    const { config } = await loadConfig(CHECK_OPTIONS, {
      flags: { config: 'm.yaml', defaultMaxBatchSize: '8' },
      env: { MILLRACE_GRPC_PORT: '1' },
      readFile: () => Promise.resolve('loadTimeoutMs: 5\nmaxInflight: 1\n'),
    });
    expect(config).toEqual({ defaultMaxBatchSize: 8, loadParallelism: 2, loadTimeoutMs: 5 });
  });
});
