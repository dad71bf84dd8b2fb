import { describe, expect, it } from '@jest/globals';
import { connectionLimits, receiveLimits } from '../../../../src/grpc/native/transport-limits.js';
import { CONNECTION_WINDOW_BYTES } from '../../../../src/grpc/served/receive-budget.js';
import { DEFAULT_GRPC_SERVER_OPTIONS } from '../../../../src/grpc/server-options.js';

const OPTIONS = { ...DEFAULT_GRPC_SERVER_OPTIONS, listen: [], maxStreamsPerConnection: 7, maxConnectionAgeMs: 8, prefaceTimeoutMs: 1000 };

describe('connectionLimits', () => {
  it('take what the server was told', () => {
    expect(connectionLimits(OPTIONS)).toMatchObject({ maxConcurrentStreams: 7, maxAgeMs: 8, prefaceTimeoutMs: 1000 });
  });

  it('take how long a connection may be idle, and outlive its age', () => {
    expect(connectionLimits(OPTIONS)).toMatchObject({ idleMs: Number.POSITIVE_INFINITY, graceMs: Number.POSITIVE_INFINITY });
    const limits = connectionLimits({ ...OPTIONS, maxConnectionIdleMs: 9, maxConnectionAgeGraceMs: 10 });
    expect(limits).toMatchObject({ idleMs: 9, graceMs: 10 });
  });

  it('leave half of the time for the preface where TLS has had the other', () => {
    expect(connectionLimits({ ...OPTIONS, tls: { cert: '', key: '' } }).prefaceTimeoutMs).toBe(500);
  });

  it('take the metadata that gRPC promises, and let a well-meaning client cancel every call', () => {
    const { maxHeaderListBytes, resets, maxConcurrentStreams } = connectionLimits({ ...DEFAULT_GRPC_SERVER_OPTIONS, listen: [] });
    expect(maxHeaderListBytes).toBeGreaterThanOrEqual(8192);
    expect(resets.burst).toBeGreaterThanOrEqual(2 * maxConcurrentStreams);
  });

  it('grow with the streams that a connection may have', () => {
    const { resets, controlFrames } = connectionLimits({ ...OPTIONS, maxStreamsPerConnection: 10_000 });
    expect([resets.burst, controlFrames.burst]).toEqual([20_000, 80_000]);
    expect(connectionLimits(OPTIONS)).toMatchObject({ resets: { burst: 1000 }, controlFrames: { burst: 5000 } });
  });
});

describe('receiveLimits', () => {
  it.each([
    [CONNECTION_WINDOW_BYTES, CONNECTION_WINDOW_BYTES / 4, (CONNECTION_WINDOW_BYTES * 3) / 4],
    [0, 16_384, 49_151],
  ])(
    'of %d bytes leave the others room beside a stream that nobody reads',
    (connectionWindowBytes, streamWindowBytes, maxStreamWindowBytes) => {
      expect(receiveLimits(connectionWindowBytes)).toEqual({ connectionWindowBytes, streamWindowBytes, maxStreamWindowBytes });
    },
  );
});
