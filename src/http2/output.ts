import type { Socket } from 'node:net';

const SLAB_BYTES = 32 * 1024;
/** Kept for later; more are taken where many connections write at once, and left to the collector. */
const MAX_FREE_SLABS = 64;
/** From here on bytes are handed to the socket where they lie: cheaper than to copy them beside the frames around them. */
const MIN_VIEW_BYTES = 8 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

const freeSlabs: Buffer[] = [];

/**
 * What a connection writes: everything of one turn of the event loop becomes one write. Small things are built side by side in a slab, so that an answer's
 * headers, message and trailers are one piece of memory.
 */
export class Output {
  readonly #socket: Socket;
  readonly #highWaterBytes: number;
  readonly #flush = () => this.flush();
  /** The slab being filled, and the part of it that is not handed over yet. */
  #slab = NOTHING;
  #start = 0;
  #end = 0;
  /** Whether the socket was given views of the slab. */
  #isLent = false;
  #parts: Uint8Array[] = [];
  #queuedBytes = 0;
  #onWritten: (() => void)[] | undefined;
  #isScheduled = false;
  #isClosed = false;
  readonly #onRoom: () => void;
  /** Somebody was told that it is full, and has not been told that it no longer is. */
  #wasFull = false;

  /** `onRoom` is called once there is room again, after `isFull` has said that there is none. */
  constructor(socket: Socket, highWaterBytes: number, onRoom: () => void) {
    this.#socket = socket;
    // Below its own mark a socket says nothing when it has written.
    this.#highWaterBytes = Math.max(highWaterBytes, socket.writableHighWaterMark);
    this.#onRoom = onRoom;
    socket.on('drain', () => this.#tellRoom());
  }

  /** Whether as much waits to be written as should: nobody reads at the other end. */
  get isFull(): boolean {
    const isFull = this.#queuedBytes + (this.#end - this.#start) + this.#socket.writableLength >= this.#highWaterBytes;
    if (isFull) this.#wasFull = true;
    return isFull;
  }

  /** Where the next byte goes, once `room` has been asked for. */
  get at(): number {
    return this.#end;
  }

  /** What was written up to `at` into the buffer that `room` gave will be sent. */
  set at(end: number) {
    this.#end = end;
    this.#schedule();
  }

  /** A buffer with room for `bytes` more at `at`. */
  room(bytes: number): Buffer {
    if (this.#slab.length - this.#end >= bytes) return this.#slab;
    this.#seal();
    this.#slab = bytes > SLAB_BYTES ? Buffer.allocUnsafeSlow(bytes) : (freeSlabs.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES));
    this.#isLent = false;
    this.#start = 0;
    this.#end = 0;
    return this.#slab;
  }

  /** `bytes[start, end)` behind what there is; they must stay as they are. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length >= MIN_VIEW_BYTES) {
      this.#seal();
      this.#parts.push(bytes.subarray(start, end));
      this.#queuedBytes += length;
      this.#schedule();
      return;
    }
    const slab = this.room(length);
    slab.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.#end);
    this.at = this.#end + length;
  }

  /** Calls `onWritten` at some time after what there is has been taken by the system, so that its memory is free; never, where the socket fails before. */
  afterWrite(onWritten: () => void): void {
    if (this.#isClosed) return;
    this.#onWritten ??= [];
    this.#onWritten.push(onWritten);
  }

  /** Hands everything to the socket now. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    this.#seal();
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#parts = [];
    this.#queuedBytes = 0;
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) this.#socket.write(first, this.#written());
    else {
      const last = parts.pop() ?? NOTHING;
      this.#socket.cork();
      for (const part of parts) this.#socket.write(part);
      this.#socket.write(last, this.#written());
      this.#socket.uncork();
    }
    this.#recycle();
    // Where the system takes all at once, there may be no 'drain'.
    if (this.#wasFull) this.#tellRoom();
  }

  /** Nothing more is written. */
  close(): void {
    this.#isClosed = true;
    this.#parts = [];
    this.#onWritten = undefined;
    this.#slab = NOTHING;
    this.#start = 0;
    this.#end = 0;
  }

  /** What the socket calls when it has written what it is given now. */
  #written(): ((error?: Error | null) => void) | undefined {
    const listeners = this.#onWritten;
    if (listeners === undefined) return undefined;
    this.#onWritten = undefined;
    return (error) => {
      if (!error) for (const listener of listeners) listener();
    };
  }

  #tellRoom(): void {
    if (this.#isClosed || !this.#wasFull || this.isFull) return;
    this.#wasFull = false;
    this.#onRoom();
  }

  #seal(): void {
    if (this.#end === this.#start) return;
    const written = this.#slab.subarray(this.#start, this.#end);
    // Behind a peer that does not read, a few bytes of each turn would hold a slab each.
    const isBehind = this.#socket.writableLength > 0;
    this.#parts.push(isBehind ? Buffer.from(written) : written);
    this.#isLent ||= !isBehind;
    this.#queuedBytes += this.#end - this.#start;
    this.#start = this.#end;
  }

  /** The slab is free again if the system took it all at once, as it nearly always does; else the socket still reads from it. */
  #recycle(): void {
    const isFree = !this.#isLent || this.#socket.writableLength === 0;
    if (this.#slab.length === SLAB_BYTES && isFree && freeSlabs.length < MAX_FREE_SLABS) freeSlabs.push(this.#slab);
    this.#slab = NOTHING;
    this.#isLent = false;
    this.#start = 0;
    this.#end = 0;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    setImmediate(this.#flush);
  }
}
