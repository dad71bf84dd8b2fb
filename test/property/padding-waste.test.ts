import { describe, expect, it } from '@jest/globals';
import type { BatchBounds } from '../../src/batching/bounds.js';
import type { Entry } from '../../src/batching/entry.js';
import { BatchQueue } from '../../src/batching/queue.js';
import { createEntry } from '../support/entries.js';
import { seededRandom } from '../support/seeded-random.js';

const SEED = 20_261_124;
const CAP = 32;
const BATCHES = 1500;
/** The queue's mix differs from that of the arrivals until then. */
const WARM_UP = 300;

interface Spent {
  rows: number;
  cost: number;
  padding: number;
  batches: number;
}

/** Log-normal around 64, from 1 to 512. */
function lengthsOf(sigma: number): () => number {
  const random = seededRandom(SEED);
  return () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(1, Math.min(512, Math.round(64 * Math.exp(sigma * normal))));
  };
}

/** Batches of a queue in which so many always wait, as `take` makes them. */
function saturated(waiting: number, sigma: number, take: (queue: BatchQueue) => readonly Entry[]): Spent {
  const queue = new BatchQueue();
  const nextLength = lengthsOf(sigma);
  const spent: Spent = { rows: 0, cost: 0, padding: 0, batches: 0 };
  for (let batch = 0; batch < BATCHES; batch++) {
    while (queue.size < waiting) queue.push(createEntry({ length: nextLength() }));
    const entries = take(queue);
    if (batch < WARM_UP) continue;
    const cost = entries.length * Math.max(...entries.map(({ length }) => length));
    spent.rows += entries.length;
    spent.cost += cost;
    spent.padding += cost - entries.reduce((sum, entry) => sum + entry.cost, 0);
    spent.batches += 1;
  }
  return spent;
}

function byLength(queue: BatchQueue): readonly Entry[] {
  const bounds: BatchBounds = { maxRows: CAP, maxCost: Number.POSITIVE_INFINITY, lookAhead: 512 };
  return queue.take('', bounds).entries;
}

/** What batchers do that pad whatever comes next. */
function firstCome(queue: BatchQueue): readonly Entry[] {
  const entries = [...queue].slice(0, CAP);
  for (const entry of entries) queue.remove(entry);
  return entries;
}

function wasteOf({ cost, padding }: Spent): number {
  return padding / cost;
}

function fillOf({ rows, batches }: Spent): number {
  return rows / batches / CAP;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

describe('batches of a log-normal mix of lengths, while many wait', () => {
  // Fill is what 5 % of padding can buy: it grows with those who wait, as more of them are about as long as each other.
  it.each([
    [128, 0.6, 0.35],
    [128, 0.8, 0.28],
    [256, 0.6, 0.6],
    [256, 0.7, 0.55],
    [256, 0.8, 0.5],
    [512, 0.7, 0.8],
  ])(
    'of %i who wait, sigma %d: waste at most 5 %% where batches that take what comes waste half, and are filled by %d or more',
    (waiting, sigma, leastFill) => {
      const ours = saturated(waiting, sigma, byLength);
      const naive = saturated(waiting, sigma, firstCome);
      const [own, other] = [wasteOf(ours), wasteOf(naive)].map(percent);
      process.stdout.write(
        `padding, ${waiting} waiting, sigma ${sigma}, seed ${SEED}: ${own} (fill ${percent(fillOf(ours))}), first come first served ${other}\n`,
      );
      expect(wasteOf(ours)).toBeLessThanOrEqual(0.05);
      expect(fillOf(ours)).toBeGreaterThanOrEqual(leastFill);
      expect(wasteOf(naive)).toBeGreaterThan(0.5);
    },
  );
});
