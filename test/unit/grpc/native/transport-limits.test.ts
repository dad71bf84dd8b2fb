import { describe, expect, it } from '@jest/globals';
import { connectionLimits } from '../../../../src/grpc/native/transport-limits.js';
import { DEFAULT_GRPC_SERVER_OPTIONS } from '../../../../src/grpc/server-options.js';

const OPTIONS = { ...DEFAULT_GRPC_SERVER_OPTIONS, listen: [], maxStreamsPerConnection: 7, maxConnectionAgeMs: 8, prefaceTimeoutMs: 1000 };

describe('connectionLimits', () => {
  it('take what the server was told', () => {
    expect(connectionLimits(OPTIONS)).toMatchObject({ maxConcurrentStreams: 7, maxAgeMs: 8, prefaceTimeoutMs: 1000 });
  });

  it('leave half of the time for the preface where TLS has had the other', () => {
    expect(connectionLimits({ ...OPTIONS, tls: { cert: '', key: '' } }).prefaceTimeoutMs).toBe(500);
  });

  it('take the metadata that gRPC promises, and let a well-meaning client cancel every call', () => {
    const { maxHeaderListBytes, resets, maxConcurrentStreams } = connectionLimits({ ...DEFAULT_GRPC_SERVER_OPTIONS, listen: [] });
    expect(maxHeaderListBytes).toBeGreaterThanOrEqual(8192);
    expect(resets.burst).toBeGreaterThanOrEqual(maxConcurrentStreams);
  });
});
