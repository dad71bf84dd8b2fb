import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';

/** What one read of a socket brings at most. More at a time was no faster, and is more to look at before another connection has its turn. */
export const READ_BUFFER_BYTES = 64 * 1024;

/**
 * Into which every socket is read. A read is over before the next one begins, so that one is enough; where node:net makes one for each read, collecting
 * them is half of what a large request costs.
 */
let readBuffer: Buffer | undefined;

/** What node:net keeps of `onread`, which a socket that connects can be given and one that was accepted cannot: nodejs/node issue 27563. */
interface OnRead {
  readonly buffer: symbol;
  readonly callback: symbol;
}

interface ReadHandle {
  useUserBuffer(buffer: Uint8Array): void;
}

const ON_READ = findOnRead();

/**
 * Has the socket read into a buffer that all share, and hands on what it brings; it is overwritten after the return. Pausing, errors and the end are the
 * socket's as ever. False where it cannot be done: for what is no socket of the system's, and by a Node that does it differently.
 */
export function shareReadBuffer(socket: Socket, onBytes: (bytes: Buffer) => void): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (ON_READ === undefined || !isReadHandle(handle)) return false;
  readBuffer ??= Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  const buffer = readBuffer;
  Reflect.set(socket, ON_READ.buffer, buffer);
  Reflect.set(socket, ON_READ.callback, (length: number) => onBytes(buffer.subarray(0, length)));
  handle.useUserBuffer(buffer);
  return true;
}

function findOnRead(): OnRead | undefined {
  const buffer = Buffer.alloc(1);
  const callback = () => true;
  const options: SocketConstructorOpts & ConnectOpts = { onread: { buffer, callback } };
  const probe = new Socket(options);
  const symbolOf = (value: unknown) => Object.getOwnPropertySymbols(probe).find((symbol) => Reflect.get(probe, symbol) === value);
  const found = { buffer: symbolOf(buffer), callback: symbolOf(callback) };
  return found.buffer === undefined || found.callback === undefined ? undefined : { buffer: found.buffer, callback: found.callback };
}

function isReadHandle(handle: unknown): handle is ReadHandle {
  return typeof handle === 'object' && handle !== null && 'useUserBuffer' in handle && typeof handle.useUserBuffer === 'function';
}
