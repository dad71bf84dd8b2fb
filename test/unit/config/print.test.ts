import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../src/config/load.js';
import { SERVE_OPTIONS } from '../../../src/config/options.js';
import { formatConfig } from '../../../src/config/print.js';

const NO_FILE = () => Promise.reject(new Error('no file'));

describe('formatConfig', () => {
  it('shows each value with its source', async () => {
    const loaded = await loadConfig(SERVE_OPTIONS, { flags: { grpcPort: '0' }, env: { MILLRACE_REFLECTION: 'off' }, readFile: NO_FILE });
    const lines = formatConfig(SERVE_OPTIONS, loaded).split('\n');
    expect(lines).toHaveLength(Object.keys(SERVE_OPTIONS).length + 1);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^grpcPort: 0 +# flag --grpc-port$/),
        expect.stringMatching(/^reflection: off +# environment MILLRACE_REFLECTION$/),
        expect.stringMatching(/^maxInflight: 1024 +# default$/),
        expect.stringMatching(/^# tlsCertFile: not set +# default$/),
      ]),
    );
  });

  it('can be read back', async () => {
    const flags = {
      modelRepository: ['a b', "it's: #1"],
      host: ['::1', 'unix:/x'],
      strictReadiness: true,
      reflection: 'off',
      maxInflight: '7',
    };
    const loaded = await loadConfig(SERVE_OPTIONS, { flags, env: {}, readFile: NO_FILE });
    const text = formatConfig(SERVE_OPTIONS, loaded);
    const again = await loadConfig(SERVE_OPTIONS, { flags: { config: 'm.yaml' }, env: {}, readFile: () => Promise.resolve(text) });
    expect(again.config).toEqual(loaded.config);
    expect(again.origins.maxInflight).toEqual({ kind: 'file', path: 'm.yaml' });
  });
});
