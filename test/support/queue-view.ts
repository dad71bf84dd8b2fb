import type { Entry } from '../../src/batching/entry.js';
import type { BatchQueue, QueueView } from '../../src/batching/queue.js';

/** The view that goes first; undefined when nothing waits. */
export function firstView(queue: BatchQueue): QueueView | undefined {
  return [...queue.views()].sort((a, b) => a.rank - b.rank || a.headAt - b.headAt)[0];
}

/** Takes from that one. */
export function takeFirst(queue: BatchQueue, maxRows: number): Entry[] {
  const view = firstView(queue);
  return view === undefined ? [] : queue.take(view.key, maxRows);
}

/** A queue of entries with so many rows each, oldest first, as the policy sees it. */
export function queueView(entries: readonly number[], oldestAt: number): QueueView {
  return {
    key: '',
    rows: entries.reduce((sum, rows) => sum + rows, 0),
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
