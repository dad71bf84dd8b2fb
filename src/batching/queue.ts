import type { BatchBounds } from './bounds.js';
import { type Composition, compose } from './compose.js';
import type { Entry } from './entry.js';
import { PaddingBudget } from './padding-budget.js';
import { RankEnds } from './rank-ends.js';
import { WaitingBounds } from './waiting-bounds.js';

/** Entries that could share a batch, as the policy sees them. Good until the queue changes. */
export interface QueueView {
  /** Their batch key. */
  readonly key: string;
  readonly rows: number;
  /** Rows times their own length, of all of them. */
  readonly cost: number;
  /** Length of the longest. */
  readonly maxLength: number;
  /** No deadline among them is earlier; Infinity where none has one. */
  readonly earliestDeadline: number;
  /** Rank of their head: what is more urgent goes first, whatever its key. */
  readonly rank: number;
  /** When their head came, in the clock's milliseconds. */
  readonly headAt: number;
  /** When the oldest of them came; of those that are delayed, the first that was. */
  readonly oldestAt: number;
  /** Rows of the head and of those behind it that fit, up to the first that does not. */
  rowsWithin(maxRows: number): number;
}

/** Entries of one batch key: by rank, and of one rank first come first served. A linked list, so that any entry leaves at once. */
class Bucket implements QueueView {
  readonly key: string;
  head: Entry | undefined;
  #tail: Entry | undefined;
  /** Absent until there was more than one rank. */
  #ends: RankEnds | undefined;
  readonly #bounds = new WaitingBounds();
  rows = 0;
  cost = 0;

  constructor(key: string) {
    this.key = key;
  }

  get rank(): number {
    return this.head?.rank ?? Number.POSITIVE_INFINITY;
  }

  /** Infinity while it is empty. */
  get headAt(): number {
    return this.head?.enqueuedAt ?? Number.POSITIVE_INFINITY;
  }

  get oldestAt(): number {
    return this.#ends === undefined ? this.headAt : Math.min(this.headAt, this.#ends.oldestFollowerAt);
  }

  get maxLength(): number {
    return this.#bounds.of(this.head).maxLength;
  }

  get earliestDeadline(): number {
    return this.#bounds.of(this.head).earliestDeadline;
  }

  rowsWithin(maxRows: number): number {
    let rows = this.head?.rows ?? 0;
    for (let entry = this.head?.next; entry !== undefined && rows + entry.rows <= maxRows; entry = entry.next) rows += entry.rows;
    return rows;
  }

  add(entry: Entry): void {
    if (this.#ends === undefined && this.#tail !== undefined && this.#tail.rank !== entry.rank) this.#ends = new RankEnds(this.#tail);
    const previous = this.#ends === undefined ? this.#tail : this.#ends.add(entry);
    const next = previous === undefined ? this.head : previous.next;
    entry.previous = previous;
    entry.next = next;
    if (previous === undefined) this.head = entry;
    else previous.next = entry;
    if (next === undefined) this.#tail = entry;
    else next.previous = entry;
    this.rows += entry.rows;
    this.cost += entry.cost;
    this.#bounds.add(entry);
  }

  remove(entry: Entry): void {
    this.#ends?.remove(entry);
    const { previous, next } = entry;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    entry.previous = undefined;
    entry.next = undefined;
    this.rows -= entry.rows;
    this.cost -= entry.cost;
    this.#bounds.remove(entry);
  }
}

/** Waiting entries, in one bucket per batch key: entries that cannot share a batch never close each other's. */
export class BatchQueue {
  readonly #buckets = new Map<string, Bucket>();
  /** Entries of each priority level; unused where the model has none. */
  readonly #sizes = new Map<number, number>();
  readonly #padding = new PaddingBudget();
  #size = 0;
  #rows = 0;

  get size(): number {
    return this.#size;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Entries of one priority level; 0 where the model has none. */
  sizeOf(level: number): number {
    return level === 0 ? this.#size : (this.#sizes.get(level) ?? 0);
  }

  push(entry: Entry): void {
    let bucket = this.#buckets.get(entry.key);
    if (bucket === undefined) {
      bucket = new Bucket(entry.key);
      this.#buckets.set(entry.key, bucket);
    }
    bucket.add(entry);
    this.#count(entry.level, 1);
    this.#size += 1;
    this.#rows += entry.rows;
  }

  /** `entry` is in this queue. */
  remove(entry: Entry): void {
    const bucket = this.#buckets.get(entry.key);
    if (bucket === undefined) return;
    this.#removeFrom(bucket, entry);
  }

  /** `entry`, which is in this queue, goes behind all others of its level, for good. */
  delay(entry: Entry): void {
    const bucket = this.#buckets.get(entry.key);
    if (bucket === undefined) return;
    bucket.remove(entry);
    entry.delayed = true;
    bucket.add(entry);
  }

  /** One view of each batch key that waits. */
  views(): Iterable<QueueView> {
    return this.#buckets.values();
  }

  /** Takes the next batch of one key out; it is empty when none of that key waits. */
  take(key: string, bounds: BatchBounds): Composition {
    const bucket = this.#buckets.get(key);
    const head = bucket?.head;
    if (bucket === undefined || head === undefined) return { entries: [], rows: 0, length: 0, cost: 0, padding: 0 };
    const composition = compose(head, bounds, this.#padding.spare);
    this.#padding.spend(composition.cost, composition.padding);
    for (const entry of composition.entries) this.#removeFrom(bucket, entry);
    return composition;
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
    this.#count(entry.level, -1);
    this.#size -= 1;
    this.#rows -= entry.rows;
  }

  #count(level: number, more: 1 | -1): void {
    if (level === 0) return;
    const size = (this.#sizes.get(level) ?? 0) + more;
    if (size === 0) this.#sizes.delete(level);
    else this.#sizes.set(level, size);
  }
}
