import type { ConnectionLimits } from '../../http2/connection.js';
import { DEFAULT_WINDOW } from '../../http2/frame.js';
import type { ReceiveLimits } from '../../http2/receive-windows.js';
import { CONNECTION_WINDOW_BYTES } from '../served/receive-budget.js';
import type { GrpcServerOptions } from '../server-options.js';

const MEBIBYTE = 1024 * 1024;

/** Of its connection's window: so that a stream that nobody reads leaves the others room. */
const STREAM_PART = 4;

/**
 * The windows of a connection that is granted so much of the receive budget; 0 leaves it with HTTP/2's default. A message that is being read may use what a
 * stream does not have to be left for the others.
 */
export function receiveLimits(connectionWindowBytes: number): ReceiveLimits {
  const window = Math.max(connectionWindowBytes, DEFAULT_WINDOW);
  // Upwards: a quarter of the default is a byte short of a frame.
  const streamWindowBytes = Math.ceil(window / STREAM_PART);
  return { connectionWindowBytes, streamWindowBytes, maxStreamWindowBytes: window - streamWindowBytes };
}

/** What a connection may cost us, for a port that anybody can reach. Each is generous to a client that means well. */
export function connectionLimits({
  maxStreamsPerConnection,
  maxConnectionAgeMs,
  maxConnectionAgeGraceMs,
  maxConnectionIdleMs,
  prefaceTimeoutMs,
  tls,
}: GrpcServerOptions): ConnectionLimits {
  return {
    maxConcurrentStreams: maxStreamsPerConnection,
    // Metadata of 8 KiB is what gRPC promises; error details and traces fit twice over.
    maxHeaderListBytes: 16 * 1024,
    ...receiveLimits(CONNECTION_WINDOW_BYTES),
    highWaterBytes: MEBIBYTE,
    // nghttp2 allows as many at once, and 33 a second. All calls of a client may run into their deadlines at once, and those that it made instead.
    resets: { burst: Math.max(1000, 2 * maxStreamsPerConnection), perSecond: 1000 },
    // Beside what answers our own frames. Requests that are under way when we go away are within it several times over.
    controlFrames: { burst: Math.max(5000, 8 * maxStreamsPerConnection), perSecond: 1000 },
    // With TLS, the handshake had the other half.
    prefaceTimeoutMs: tls === undefined ? prefaceTimeoutMs : prefaceTimeoutMs / 2,
    frameTimeoutMs: 10_000,
    settingsTimeoutMs: 10_000,
    keepaliveMs: 60_000,
    keepaliveTimeoutMs: 20_000,
    idleMs: maxConnectionIdleMs,
    maxAgeMs: maxConnectionAgeMs,
    graceMs: maxConnectionAgeGraceMs,
    leaveTimeoutMs: 1000,
  };
}
