import { always, MODEL_INFER, type Order } from '../generator.js';
import type { BenchModelName } from '../models/bench-models.js';
import { oneRow } from '../models/requests.js';
import type { ServerProcess } from '../server-process.js';
import { judged, type Result, type Section, takes } from './section.js';
import type { Stage } from './stage.js';

const MAX_P99_MICROS = 50_000;
/** Above this the load itself is late, and its figures are void. */
const MAX_SEND_LAG_MICROS = 5_000;
/** Shares of the closed loop's peak between which the highest rate is looked for, and in how many steps. */
const LOWEST = 0.4;
const HIGHEST = 1.1;
const STEPS = 4;

/** One rate that was offered. */
interface Probe {
  readonly rate: number;
  readonly failed: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly sendLagP99Micros: number;
  readonly holds: boolean;
}

export interface Search {
  readonly peak: number;
  readonly probes: readonly Probe[];
  /** The highest rate that held, as a share of the peak. */
  readonly share: number;
}

/** How much of the closed loop's peak can be offered at random times before the last hundredth waits too long. */
export const POISSON: Section = {
  name: 'Poisson arrivals',
  goals: ['P4'],
  async run(stage) {
    const order: Order = { path: MODEL_INFER, bodies: always(oneRow('mlp_small')), callers: 64, connections: 8, rate: 1 };
    if (!takes(stage, this.name, order)) return [];
    return [await searches(stage, 'mlp_small'), await searches(stage, 'mlp_medium')];
  },
};

async function searches(stage: Stage, model: BenchModelName): Promise<Result> {
  const server = await stage.millrace([model]);
  const order: Order = { path: MODEL_INFER, bodies: always(oneRow(model)), callers: 64, connections: 8 };
  return judged(
    stage,
    `${model}, highest Poisson rate with p99 ≤ ${MAX_P99_MICROS / 1000} ms, of the peak of 64 callers`,
    [{ name: 'native' }],
    [
      { goal: 'P4', figure: 'rate of the peak', unit: '%', of: ({ share }: Search) => share * 100, limit: { atLeast: 80 } },
      { figure: 'peak', unit: 'rps', of: ({ peak }: Search) => peak },
    ],
    () => search(stage, server, order),
  );
}

/** Bisects between the two shares. */
async function search(stage: Stage, server: ServerProcess, order: Order): Promise<Search> {
  const { perSecond: peak } = await stage.round(server, order);
  const probes: Probe[] = [];
  let low = LOWEST;
  let high = HIGHEST;
  for (let step = 0; step < STEPS; step++) {
    const share = (low + high) / 2;
    const probed = await probe(stage, server, { ...order, rate: share * peak });
    probes.push(probed);
    if (probed.holds) low = share;
    else high = share;
  }
  return { peak, probes, share: low };
}

async function probe(stage: Stage, server: ServerProcess, order: Order & { readonly rate: number }): Promise<Probe> {
  const { rate } = order;
  const { failed, dropped, p50Micros, p99Micros, sendLagP99Micros } = await stage.generator.run(
    server.address,
    order,
    stage.extent.seconds,
  );
  const isOnTime = failed === 0 && dropped === 0 && sendLagP99Micros <= MAX_SEND_LAG_MICROS;
  return { rate, failed, p50Micros, p99Micros, sendLagP99Micros, holds: isOnTime && p99Micros <= MAX_P99_MICROS };
}
