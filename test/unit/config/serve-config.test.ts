import { describe, expect, it } from '@jest/globals';
import type { FlagValues } from '../../../src/config/load.js';
import { loadServeConfig } from '../../../src/config/serve-config.js';

const load = (flags: FlagValues) =>
  loadServeConfig({ flags: { modelRepository: ['models'], ...flags }, env: {}, readFile: () => Promise.reject(new Error('no file')) });

describe('loadServeConfig', () => {
  it('takes values that go together', async () => {
    const { config } = await load({
      tlsCertFile: 'c',
      tlsKeyFile: 'k',
      tlsClientCaFile: 'a',
      modelControlMode: 'explicit',
      loadModel: ['*'],
    });
    expect(config).toMatchObject({ tlsCertFile: 'c', loadModel: ['*'] });
    expect((await load({ responseCompression: 'high', transport: 'native' })).config.responseCompression).toBe('high');
    expect((await load({ grpcPort: '0', adminPort: '0' })).config.grpcPort).toBe(0);
  });

  it.each([
    ['no repository', { modelRepository: [] }, '--model-repository is missing'],
    ['no host', { host: [] }, '--host is empty'],
    ['models to load where all are', { loadModel: ['digits'] }, '--load-model needs --model-control-mode explicit'],
    ['one port twice', { grpcPort: '9000', adminPort: '9000' }, 'both 9000'],
    ['a certificate without a key', { tlsCertFile: 'c' }, '--tls-cert-file and --tls-key-file go together'],
    ['a key without a certificate', { tlsKeyFile: 'k' }, '--tls-cert-file and --tls-key-file go together'],
    [
      'compressed answers where nobody compresses them',
      { responseCompression: 'low', transport: 'grpc-js' },
      '--response-compression low needs --transport native: grpc-js does not compress answers',
    ],
    ['client authorities without TLS', { tlsClientCaFile: 'a' }, '--tls-client-ca-file needs'],
  ])('refuses %s', async (_, flags, message) => {
    await expect(load(flags)).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining(message) });
  });
});
