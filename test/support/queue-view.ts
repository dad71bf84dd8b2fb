import type { BatchBounds } from '../../src/batching/bounds.js';
import type { Entry } from '../../src/batching/entry.js';
import type { BatchQueue, QueueView } from '../../src/batching/queue.js';

/** The view that goes first; undefined when nothing waits. */
export function firstView(queue: BatchQueue): QueueView | undefined {
  return [...queue.views()].sort((a, b) => a.rank - b.rank || a.headAt - b.headAt)[0];
}

/** Takes from that one, first come first served unless told otherwise. */
export function takeFirst(
  queue: BatchQueue,
  maxRows: number,
  { maxCost = Number.POSITIVE_INFINITY, lookAhead = 0 }: Partial<BatchBounds> = {},
): Entry[] {
  const view = firstView(queue);
  return view === undefined ? [] : queue.take(view.key, { maxRows, maxCost, lookAhead }).entries;
}

/** A queue of entries with so many rows each, all as long, oldest first, as the policy sees it. */
export function queueView(
  entries: readonly number[],
  oldestAt: number,
  { length = 1, earliestDeadline = Number.POSITIVE_INFINITY } = {},
): QueueView {
  const total = entries.reduce((sum, rows) => sum + rows, 0);
  return {
    key: '',
    rows: total,
    cost: total * length,
    maxLength: length,
    earliestDeadline,
    rank: 0,
    headAt: oldestAt,
    oldestAt,
    rowsWithin: (maxRows) => {
      const [head = 0, ...followers] = entries;
      let rows = head;
      for (const more of followers) {
        if (rows + more > maxRows) break;
        rows += more;
      }
      return rows;
    },
  };
}
