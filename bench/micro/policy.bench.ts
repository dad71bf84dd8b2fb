import { CostModel } from '../../src/batching/cost-model.js';
import { chooseBatch } from '../../src/batching/policy.js';
import { queueView } from '../../test/support/queue-view.js';
import { learned, situation } from '../../test/support/situation.js';
import { type Operation, tellNanoseconds } from './nanoseconds.js';

/** What a decision costs, and what is learned from a batch: both come once a batch, a decision also with each request that comes to an idle lane. */
const SIZES = [1, 2, 4, 8, 16, 32] as const;
const executeMs = (cost: number): number => 0.2 + cost / 100;

function deciding(name: string, mode: 'fixed' | 'learned', waiting: number, keys: number): Operation {
  const costs = learned(executeMs, SIZES);
  const now = situation({
    mode,
    maxBatchSize: 32,
    costs,
    inFlight: 1,
    freeAt: 1,
    arrivalGapMs: 0.05,
    maxQueueDelayMs: mode === 'fixed' ? 5 : 0,
  });
  const views = Array.from({ length: keys }, (_, at) => ({ ...queueView(Array<number>(waiting).fill(1), 0), key: String(at) }));
  return {
    name,
    run: (times) => {
      let dispatched = 0;
      for (let time = 0; time < times; time += 1) dispatched += chooseBatch(views, now)?.kind === 'dispatch' ? 1 : 0;
      return dispatched;
    },
  };
}

function observing(): Operation {
  const costs = new CostModel();
  return {
    name: 'a batch observed, and the cost of another predicted',
    run: (times) => {
      let sum = 0;
      for (let time = 0; time < times; time += 1) {
        const cost = 1 + (time % 32);
        costs.observe(cost, executeMs(cost) * (1 + (time % 7) / 50));
        sum += costs.executeMs(33 - cost) ?? 0;
      }
      return sum;
    },
  };
}

tellNanoseconds('policy', [
  deciding('learned, 4 wait', 'learned', 4, 1),
  deciding('learned, 64 wait', 'learned', 64, 1),
  deciding('learned, 64 keys of 4', 'learned', 4, 64),
  deciding('fixed, 64 wait', 'fixed', 64, 1),
  observing(),
]);
