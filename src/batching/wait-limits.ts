import type { QueueTimeout } from '../model/spec.js';
import type { Entry } from './entry.js';

/** When an entry will have waited too long, and what becomes of it then. */
export interface WaitLimit {
  readonly entry: Entry;
  /** In the clock's milliseconds. */
  readonly at: number;
  readonly action: QueueTimeout['action'];
}

interface Node extends WaitLimit {
  /** Tells which of two limits of one moment was set first. */
  readonly sequence: number;
  index: number;
}

/** Limits of waiting entries: a heap, so that the earliest is at hand and any other leaves without a walk past those before it. */
export class WaitLimits {
  readonly #heap: Node[] = [];
  readonly #nodes = new Map<Entry, Node>();
  #sequence = 0;

  get size(): number {
    return this.#heap.length;
  }

  get earliest(): WaitLimit | undefined {
    return this.#heap[0];
  }

  add(limit: WaitLimit): void {
    const node: Node = { ...limit, sequence: this.#sequence++, index: this.#heap.length };
    this.#nodes.set(limit.entry, node);
    this.#heap.push(node);
    this.#rise(node);
  }

  /** Does nothing where `entry` has no limit. */
  remove(entry: Entry): void {
    const node = this.#nodes.get(entry);
    if (node === undefined) return;
    this.#nodes.delete(entry);
    const last = this.#heap.pop();
    if (last === undefined || last === node) return;
    this.#place(last, node.index);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(node: Node): void {
    for (;;) {
      const parent = this.#heap[(node.index - 1) >> 1];
      if (parent === undefined || !isBefore(node, parent)) return;
      this.#swap(node, parent);
    }
  }

  #sink(node: Node): void {
    for (;;) {
      const left = this.#heap[2 * node.index + 1];
      const right = this.#heap[2 * node.index + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, node)) return;
      this.#swap(child, node);
    }
  }

  #swap(a: Node, b: Node): void {
    const { index } = a;
    this.#place(a, b.index);
    this.#place(b, index);
  }

  #place(node: Node, index: number): void {
    this.#heap[index] = node;
    node.index = index;
  }
}

function isBefore(a: Node, b: Node): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}
