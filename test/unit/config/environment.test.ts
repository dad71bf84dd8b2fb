import { describe, expect, it } from '@jest/globals';
import { readVariable, unknownVariables } from '../../../src/config/environment.js';
import { SERVE_OPTIONS } from '../../../src/config/options.js';

describe('readVariable', () => {
  it('reads the variable of an option; an empty one is absent', () => {
    expect(readVariable({ MILLRACE_GRPC_PORT: '1' }, 'grpcPort')).toBe('1');
    expect(readVariable({ MILLRACE_GRPC_PORT: '' }, 'grpcPort')).toBeUndefined();
    expect(readVariable({}, 'grpcPort')).toBeUndefined();
  });

  it('does not take the link of a Kubernetes service called millrace-grpc for a port', () => {
    expect(readVariable({ MILLRACE_GRPC_PORT: 'tcp://10.0.0.1:8001' }, 'grpcPort')).toBeUndefined();
  });
});

describe('unknownVariables', () => {
  const unknown = (env: Record<string, string>) => unknownVariables(env, SERVE_OPTIONS, ['MILLRACE_CONFIG']);

  it('finds what looks like ours and is not', () => {
    expect(
      unknown({ PATH: 'x', MILLRACE_GRPC_PORT: '1', MILLRACE_CONFIG: 'x', MILLRACE_GRPC_PRT: '1', MILLRACE_HTTP_PORT: '8000' }),
    ).toEqual(['MILLRACE_GRPC_PRT', 'MILLRACE_HTTP_PORT']);
  });

  it("lets the links of Kubernetes' services be", () => {
    const links = {
      MILLRACE_SERVICE_HOST: '10.0.0.1',
      MILLRACE_SERVICE_PORT: '8001',
      MILLRACE_SERVICE_PORT_GRPC: '8001',
      MILLRACE_PORT: 'tcp://10.0.0.1:8001',
      MILLRACE_PORT_8001_TCP: 'tcp://10.0.0.1:8001',
      MILLRACE_PORT_8001_TCP_PROTO: 'tcp',
      MILLRACE_PORT_8001_TCP_PORT: '8001',
      MILLRACE_PORT_8001_TCP_ADDR: '10.0.0.1',
      MILLRACE_CANARY_SERVICE_HOST: '10.0.0.2',
      MILLRACE_CANARY_PORT: 'tcp://10.0.0.2:8001',
    };
    expect(unknown(links)).toEqual([]);
  });
});
