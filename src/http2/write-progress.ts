import type { Socket } from 'node:net';

/** How far the writing of a socket has come, in bytes. */
export interface WriteProgress {
  /** What the system has taken, of all that was ever written. */
  readonly taken: number;
  /** Whether something waits that it has not taken: as long as it does, more is taken only where the peer takes what was. */
  readonly isBehind: boolean;
}

/**
 * A socket itself counts a write when the system has taken all of it, which of a large one can be long after its first byte; its handle, by which node:net
 * decides on a timeout, counts bytes. Where there is none, whole writes have to do.
 */
export function writeProgress(socket: Socket): WriteProgress {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (!isCounting(handle)) return { taken: socket.bytesWritten - socket.writableLength, isBehind: socket.writableLength > 0 };
  return { taken: handle.bytesWritten - handle.writeQueueSize, isBehind: socket.writableLength > 0 };
}

interface CountingHandle {
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
}

function isCounting(handle: unknown): handle is CountingHandle {
  if (typeof handle !== 'object' || handle === null) return false;
  return typeof Reflect.get(handle, 'bytesWritten') === 'number' && typeof Reflect.get(handle, 'writeQueueSize') === 'number';
}
