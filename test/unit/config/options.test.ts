import { describe, expect, it } from '@jest/globals';
import { flagName, SERVE_OPTIONS, variableName } from '../../../src/config/options.js';

describe('SERVE_OPTIONS', () => {
  it('has the names that the contract has', () => {
    expect(Object.keys(SERVE_OPTIONS).map(flagName)).toEqual(
      expect.arrayContaining([
        '--model-repository',
        '--host',
        '--grpc-port',
        '--admin-port',
        '--model-control-mode',
        '--load-model',
        '--default-max-batch-size',
        '--log-level',
        '--status-codes',
        '--transport',
        '--response-compression',
        '--front-ends',
        '--control-plane',
        '--grpc-header-forward-pattern',
        '--reflection',
        '--drain-grace-ms',
        '--drain-timeout-ms',
        '--max-inflight',
        '--max-queued-bytes',
        '--max-connections',
        '--max-connections-per-peer',
        '--max-connection-age-ms',
        '--max-connection-age-grace-ms',
        '--max-connection-idle-ms',
        '--max-message-bytes',
        '--max-typed-bytes',
        '--tls-cert-file',
        '--tls-key-file',
        '--tls-client-ca-file',
      ]),
    );
  });

  it('has defaults that its own schemas take', () => {
    for (const [key, { kind, default: value }] of Object.entries(SERVE_OPTIONS)) {
      if (value !== undefined) expect([key, kind.schema.safeParse(value)]).toEqual([key, { success: true, data: value }]);
    }
  });

  it('says in every help text what the option does', () => {
    for (const { help, placeholder } of Object.values(SERVE_OPTIONS)) {
      expect(help.length).toBeGreaterThan(3);
      expect(placeholder).not.toBe('');
    }
  });
});

describe('names', () => {
  it('follow from the key', () => {
    expect([flagName('tlsClientCaFile'), variableName('tlsClientCaFile')]).toEqual(['--tls-client-ca-file', 'MILLRACE_TLS_CLIENT_CA_FILE']);
  });
});
