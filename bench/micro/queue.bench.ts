import type { BatchBounds } from '../../src/batching/bounds.js';
import type { Entry } from '../../src/batching/entry.js';
import { BatchQueue } from '../../src/batching/queue.js';
import { createEntry, type EntryOptions } from '../../test/support/entries.js';
import { logNormalLengths } from '../models/requests.js';
import { type Operation, tellNanoseconds } from './nanoseconds.js';

/** What the queue costs for each request: in, and out in a batch of 32, however many wait. */
const BATCH = 32;
const IN_TURN: BatchBounds = { maxRows: BATCH, maxCost: Number.POSITIVE_INFINITY, lookAhead: 0 };
const BEST_FIT: BatchBounds = { ...IN_TURN, lookAhead: 128 };

function waitingQueue(waiting: number, optionsAt: (at: number) => EntryOptions): { readonly queue: BatchQueue; readonly entries: Entry[] } {
  const queue = new BatchQueue();
  const entries = Array.from({ length: waiting }, (_, at) => createEntry(optionsAt(at)));
  for (const entry of entries) queue.push(entry);
  return { queue, entries };
}

/** Takes a batch and puts its members back behind the others: per request. */
function takeAndPush(name: string, waiting: number, bounds: BatchBounds, optionsAt: (at: number) => EntryOptions): Operation {
  const { queue } = waitingQueue(waiting, optionsAt);
  return {
    name,
    run: (times) => {
      let taken = 0;
      while (taken < times) {
        const [view] = queue.views();
        const { entries } = queue.take(view?.key ?? '', bounds);
        taken += entries.length;
        for (const entry of entries) queue.push(entry);
      }
      return taken;
    },
  };
}

/** What a cancelled or expired request costs. */
function removeAndPush(waiting: number): Operation {
  const { queue, entries } = waitingQueue(waiting, () => ({}));
  return {
    name: `remove one of ${waiting} from the middle, push it again`,
    run: (times) => {
      for (let time = 0; time < times; time += 1) {
        const entry = entries[(time * 7919) % waiting];
        if (entry === undefined) continue;
        queue.remove(entry);
        queue.push(entry);
      }
      return queue.size;
    },
  };
}

const lengths = logNormalLengths(4096, 32, 0.7, 256);
const lengthAt = (at: number): EntryOptions => ({ length: lengths[at % lengths.length] ?? 1 });
tellNanoseconds('queue', [
  takeAndPush('one key, 64 wait', 64, IN_TURN, () => ({})),
  takeAndPush('one key, 4,096 wait', 4096, IN_TURN, () => ({})),
  takeAndPush('16 priority levels, 4,096 wait', 4096, IN_TURN, (at) => ({ level: 1 + (at % 16) })),
  takeAndPush('different lengths, 256 wait, best of 128', 256, BEST_FIT, lengthAt),
  takeAndPush('different lengths, 4,096 wait, best of 128', 4096, BEST_FIT, lengthAt),
  removeAndPush(4096),
]);
