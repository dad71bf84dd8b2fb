/** Small messages lie side by side: an allocation for each would cost more than the message. */
const SLAB_BYTES = 64 * 1024;
/** Memory for larger ones comes in powers of two, from this to that, and is used again. Beyond, the system is as fast. */
const MIN_REUSED_BYTES = 16 * 1024;
const MAX_REUSED_BYTES = 16 * 1024 * 1024;
/** What may lie unused, in all. */
const MAX_FREE_BYTES = 64 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** Memory that was given back and lies ready, all of one size. */
interface Shelf {
  readonly free: Buffer[];
  /** The fewest that were free since the last trim: so many are too many. */
  least: number;
}

/**
 * Where request messages lie. For large ones most of the cost is memory that is new for each, for the system to map and for V8 to collect; so that of whoever
 * says that a message is done with is given to the next one. What is never given back is collected as ever.
 */
export class MessageMemory {
  #slab = NOTHING;
  #slabEnd = 0;
  readonly #shelves = new Map<number, Shelf>();
  /** Of everything that can be given back, and has not been. */
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #freeBytes = 0;

  /** Bytes that lie ready. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** For a message that is whole: at least `bytes`, as `roomFor` says; whatever lies in them. */
  take(bytes: number): Buffer {
    return bytes < MIN_REUSED_BYTES ? this.#takeOfSlab(bytes) : this.takeAlone(bytes);
  }

  /** For one that is not: beside others, it would keep all of their memory while the rest is awaited. */
  takeAlone(bytes: number): Buffer {
    const size = roomFor(bytes);
    if (size < MIN_REUSED_BYTES) return Buffer.allocUnsafeSlow(size);
    const memory = size > MAX_REUSED_BYTES ? Buffer.allocUnsafeSlow(size) : (this.#takeFree(size) ?? Buffer.allocUnsafeSlow(size));
    if (size <= MAX_REUSED_BYTES) this.#lent.add(memory.buffer);
    return memory;
  }

  /** Whether a message lies in what was taken here and can be given back. */
  isLent(message: Uint8Array): boolean {
    return message.byteLength >= MIN_REUSED_BYTES && this.#lent.has(message.buffer);
  }

  /** A message that lies in what was taken here, or elsewhere, which is no matter: nobody refers to it any more. */
  giveBack(message: Uint8Array): void {
    if (message.byteLength < MIN_REUSED_BYTES) return;
    const { buffer } = message;
    if (!this.#lent.delete(buffer) || this.#freeBytes + buffer.byteLength > MAX_FREE_BYTES) return;
    this.#freeBytes += buffer.byteLength;
    this.#shelfOf(buffer.byteLength).free.push(Buffer.from(buffer));
  }

  /** Now and then: lets go of what nobody has needed since the last time. */
  trim(): void {
    for (const [size, shelf] of this.#shelves) {
      shelf.free.length -= shelf.least;
      this.#freeBytes -= shelf.least * size;
      shelf.least = shelf.free.length;
    }
  }

  /** Lets go of all of it. */
  clear(): void {
    this.#shelves.clear();
    this.#freeBytes = 0;
    this.#slab = NOTHING;
    this.#slabEnd = 0;
  }

  #takeOfSlab(bytes: number): Buffer {
    if (this.#slab.length - this.#slabEnd < bytes) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#slabEnd = 0;
    }
    const start = this.#slabEnd;
    this.#slabEnd += bytes;
    return this.#slab.subarray(start, this.#slabEnd);
  }

  /** The one that was used last: it is in the processor's cache. */
  #takeFree(size: number): Buffer | undefined {
    const shelf = this.#shelves.get(size);
    const memory = shelf?.free.pop();
    if (shelf === undefined || memory === undefined) return undefined;
    shelf.least = Math.min(shelf.least, shelf.free.length);
    this.#freeBytes -= size;
    return memory;
  }

  #shelfOf(size: number): Shelf {
    const shelf = this.#shelves.get(size) ?? { free: [], least: 0 };
    this.#shelves.set(size, shelf);
    return shelf;
  }
}

/** How much is taken for so many bytes. */
export function roomFor(bytes: number): number {
  if (bytes < MIN_REUSED_BYTES || bytes > MAX_REUSED_BYTES) return bytes;
  return 2 ** Math.ceil(Math.log2(bytes));
}
