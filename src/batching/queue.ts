import type { Entry } from './entry.js';

/** Entries that could share a batch, as the policy sees them. Good until the queue changes. */
export interface QueueView {
  /** Their batch key. */
  readonly key: string;
  readonly rows: number;
  /** When the oldest of them came, in the clock's milliseconds. */
  readonly oldestAt: number;
  /** Rows that `take` would give. */
  rowsWithin(maxRows: number): number;
}

/** Entries of one batch key, first come first served. A linked list, so that any entry leaves at once. */
class Bucket implements QueueView {
  readonly key: string;
  head: Entry | undefined;
  #tail: Entry | undefined;
  rows = 0;

  constructor(key: string) {
    this.key = key;
  }

  /** Infinity while it is empty. */
  get oldestAt(): number {
    return this.head?.enqueuedAt ?? Number.POSITIVE_INFINITY;
  }

  rowsWithin(maxRows: number): number {
    let rows = this.head?.rows ?? 0;
    for (let entry = this.head?.next; entry !== undefined && rows + entry.rows <= maxRows; entry = entry.next) rows += entry.rows;
    return rows;
  }

  append(entry: Entry): void {
    entry.previous = this.#tail;
    if (this.#tail === undefined) this.head = entry;
    else this.#tail.next = entry;
    this.#tail = entry;
    this.rows += entry.rows;
  }

  remove(entry: Entry): void {
    const { previous, next } = entry;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    entry.previous = undefined;
    entry.next = undefined;
    this.rows -= entry.rows;
  }
}

/** Waiting entries, in one bucket per batch key: entries that cannot share a batch never close each other's. */
export class BatchQueue {
  readonly #buckets = new Map<string, Bucket>();
  #size = 0;
  #rows = 0;

  get size(): number {
    return this.#size;
  }

  get rows(): number {
    return this.#rows;
  }

  push(entry: Entry): void {
    let bucket = this.#buckets.get(entry.key);
    if (bucket === undefined) {
      bucket = new Bucket(entry.key);
      this.#buckets.set(entry.key, bucket);
    }
    bucket.append(entry);
    this.#size += 1;
    this.#rows += entry.rows;
  }

  /** `entry` is in this queue. */
  remove(entry: Entry): void {
    const bucket = this.#buckets.get(entry.key);
    if (bucket === undefined) return;
    this.#removeFrom(bucket, entry);
  }

  /** One view of each batch key that waits. */
  views(): Iterable<QueueView> {
    return this.#buckets.values();
  }

  /** Takes a batch of one key: the head, whatever its size, then its followers while the rows stay within `maxRows`. */
  take(key: string, maxRows: number): Entry[] {
    const bucket = this.#buckets.get(key);
    const taken: Entry[] = [];
    let rows = 0;
    for (let entry = bucket?.head; bucket !== undefined && entry !== undefined; entry = bucket.head) {
      if (taken.length > 0 && rows + entry.rows > maxRows) break;
      rows += entry.rows;
      taken.push(entry);
      this.#removeFrom(bucket, entry);
    }
    return taken;
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (const bucket of [...this.#buckets.values()]) {
      for (let entry = bucket.head, next = entry?.next; entry !== undefined; entry = next, next = entry?.next) yield entry;
    }
  }

  #removeFrom(bucket: Bucket, entry: Entry): void {
    const { key } = entry;
    bucket.remove(entry);
    if (bucket.head === undefined) this.#buckets.delete(key);
    this.#size -= 1;
    this.#rows -= entry.rows;
  }
}
