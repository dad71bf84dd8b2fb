import type { BatchBounds } from './bounds.js';
import type { Entry } from './entry.js';
import { allowedPadding } from './padding-budget.js';

/** A batch as it is being composed; its head is in it, whatever its size. */
export class Draft {
  readonly entries: Entry[];
  rows: number;
  /** Of its longest member. */
  length: number;
  /** The part of its cost that is no padding. */
  ownCost: number;

  constructor(head: Entry) {
    this.entries = [head];
    this.rows = head.rows;
    this.length = head.length;
    this.ownCost = head.cost;
  }

  /** Rows, each of the longest member's length. */
  get cost(): number {
    return this.rows * this.length;
  }

  get padding(): number {
    return this.cost - this.ownCost;
  }

  fits(entry: Entry, { maxRows, maxCost }: BatchBounds, spare: number): boolean {
    const rows = this.rows + entry.rows;
    if (rows > maxRows) return false;
    const cost = rows * Math.max(this.length, entry.length);
    return cost <= maxCost && cost - this.ownCost - entry.cost <= allowedPadding(cost, spare);
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    this.rows += entry.rows;
    this.ownCost += entry.cost;
    if (entry.length > this.length) this.length = entry.length;
  }
}
