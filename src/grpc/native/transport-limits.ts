import type { ConnectionLimits } from '../../http2/connection.js';
import { CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES } from '../served/receive-budget.js';
import type { GrpcServerOptions } from '../server-options.js';

const MEBIBYTE = 1024 * 1024;

/** What a connection may cost us, for a port that anybody can reach. Each is generous to a client that means well. */
export function connectionLimits({
  maxStreamsPerConnection,
  maxConnectionAgeMs,
  prefaceTimeoutMs,
  tls,
}: GrpcServerOptions): ConnectionLimits {
  return {
    maxConcurrentStreams: maxStreamsPerConnection,
    // Metadata of 8 KiB is what gRPC promises; error details and traces fit twice over.
    maxHeaderListBytes: 16 * 1024,
    streamWindowBytes: STREAM_WINDOW_BYTES,
    connectionWindowBytes: CONNECTION_WINDOW_BYTES,
    maxStreamWindowBytes: CONNECTION_WINDOW_BYTES,
    highWaterBytes: MEBIBYTE,
    // A client that cancels each of its calls is within it; one that does nothing else is not.
    resets: { burst: 2000, perSecond: 500 },
    controlFrames: { burst: 20_000, perSecond: 20_000 },
    // With TLS, the handshake had the other half.
    prefaceTimeoutMs: tls === undefined ? prefaceTimeoutMs : prefaceTimeoutMs / 2,
    frameTimeoutMs: 10_000,
    settingsTimeoutMs: 10_000,
    keepaliveMs: 60_000,
    keepaliveTimeoutMs: 20_000,
    idleMs: Number.POSITIVE_INFINITY,
    maxAgeMs: maxConnectionAgeMs,
    leaveTimeoutMs: 1000,
  };
}
