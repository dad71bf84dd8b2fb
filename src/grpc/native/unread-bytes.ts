import type { MessageMemory } from './message-memory.js';

const MIN_BLOCK_BYTES = 512;
const MAX_BLOCK_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * What came before anybody asked for it, in its order. Copied together: a view of each of many small frames, and what each of them keeps alive of the
 * socket's memory, would be many times what the window lets in.
 */
export class UnreadBytes {
  readonly #memory: MessageMemory;
  readonly #blocks: Buffer[] = [];
  /** In the first block. */
  #start = 0;
  /** In the last block. */
  #end = 0;
  #length = 0;

  /** Large blocks are `memory`'s, and go back there. */
  constructor(memory: MessageMemory) {
    this.#memory = memory;
  }

  /** Bytes that are held. */
  get length(): number {
    return this.#length;
  }

  /** The first that are held lie in `block[start, end)`. */
  get block(): Buffer {
    return this.#blocks[0] ?? NOTHING;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#blocks.length > 1 ? this.block.length : this.#end;
  }

  push(bytes: Buffer, start: number, end: number): void {
    this.#length += end - start;
    for (let at = start; at < end; ) {
      const copied = bytes.copy(this.#blockFor(end - at), this.#end, at, end);
      this.#end += copied;
      at += copied;
    }
  }

  /** The first `bytes`, of one block, have been read. */
  skip(bytes: number): void {
    this.#length -= bytes;
    this.#start += bytes;
    if (this.#start < this.end) return;
    const block = this.#blocks.shift();
    if (block !== undefined) this.#memory.giveBack(block);
    this.#start = 0;
    if (this.#blocks.length === 0) this.#end = 0;
  }

  clear(): void {
    for (const block of this.#blocks.splice(0)) this.#memory.giveBack(block);
    this.#start = 0;
    this.#end = 0;
    this.#length = 0;
  }

  /** A block with room at `#end`. */
  #blockFor(bytes: number): Buffer {
    const last = this.#blocks.at(-1);
    if (last !== undefined && this.#end < last.length) return last;
    const wanted = Math.max(bytes, 2 * (last?.length ?? 0), MIN_BLOCK_BYTES);
    const block = this.#memory.takeAlone(Math.min(wanted, MAX_BLOCK_BYTES));
    this.#blocks.push(block);
    this.#end = 0;
    return block;
  }
}
