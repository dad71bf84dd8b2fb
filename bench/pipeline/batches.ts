import { setTimeout as pause } from 'node:timers/promises';
import { always, type Body, MODEL_INFER, type Order } from '../generator.js';
import type { MillraceServer } from '../millrace-server.js';
import type { BenchModelName } from '../models/bench-models.js';
import { createRandom } from '../models/random-weights.js';
import { logNormalLengths, oneRow } from '../models/requests.js';
import { MAX_BATCH_SIZE } from '../models/write-repository.js';
import { judged, type Result, type Section, takes } from './section.js';
import type { Stage } from './stage.js';

const CALLERS = 128;
const CONNECTIONS = 4;
/** A round is longer than others by this, as a batch of the big model takes a while, */
const ROUND_PARTS = 3;
/** and these parts of it are over when the metrics are read: the first and the last calls fill no batch. */
const BEGUN = 0.2;
const ENDING = 0.9;
const LENGTHS = { count: 512, middle: 32, spread: 0.7, most: 256 } as const;

/** How full batches are where callers wait for them. */
export const FILLING: Section = {
  name: 'rows at dispatch',
  goals: ['P10'],
  async run(stage) {
    return [await filling(stage, 'mlp_medium'), await filling(stage, 'mlp_big')];
  },
};

async function filling(stage: Stage, model: BenchModelName): Promise<Result> {
  const server = await stage.millrace([model]);
  const order: Order = { path: MODEL_INFER, bodies: always(oneRow(model)), callers: CALLERS, connections: CONNECTIONS };
  const fill = async (): Promise<number> => {
    const rows = await difference(stage, server, order, ['millrace_batch_rows_sum'], ['millrace_batch_rows_count']);
    return ((rows[0] ?? 0) / (rows[1] ?? Number.NaN) / MAX_BATCH_SIZE) * 100;
  };
  const result = await judged(
    stage,
    `${model}, ${CALLERS} callers`,
    [{ name: 'native' }],
    [{ goal: 'P10', figure: 'rows of a batch', unit: '%', of: (percent: number) => percent, limit: { atLeast: 92 } }],
    fill,
  );
  const cap = await server.metric('millrace_batch_cap', { model });
  return {
    ...result,
    notes: [cap === undefined ? 'this server does not tell its learned cap' : `learned cap: ${cap} rows of ${MAX_BATCH_SIZE}`],
  };
}

/** What padding adds where requests of different lengths share batches. */
export const PADDING: Section = {
  name: 'padding',
  goals: ['P10'],
  async run(stage) {
    const lengths = logNormalLengths(LENGTHS.count, LENGTHS.middle, LENGTHS.spread, LENGTHS.most);
    const bodies = lengths.map((length, at): Body => ({ message: oneRow('tokens_padded', length, at + 1), weight: 1, class: 0 }));
    const order: Order = { path: MODEL_INFER, bodies, callers: CALLERS, connections: CONNECTIONS };
    if (!takes(stage, this.name, order)) return [];
    const server = await stage.millrace(['tokens_padded']);
    if ((await costs(stage, server, order)) === undefined) {
      stage.say('  left out: padding, since this server does not count the cost of its batches');
      return [];
    }
    const result = await judged(
      stage,
      `log-normal lengths, middle ${LENGTHS.middle}, ${CALLERS} callers`,
      [{ name: 'native' }],
      [{ goal: 'P10', figure: 'padding', unit: '%', of: (percent: number) => percent, limit: { atMost: 5 } }],
      async () => (await costs(stage, server, order)) ?? Number.NaN,
    );
    return [{ ...result, notes: [`in batches of ${MAX_BATCH_SIZE} as they come it would be ${paddingInTurn(lengths).toFixed(1)} %`] }];
  },
};

/** The share of padding in what was run, in per cent; undefined where the server does not count it. */
async function costs(stage: Stage, server: MillraceServer, order: Order): Promise<number | undefined> {
  const name = 'millrace_batch_cost_total';
  const [real, padding] = await difference(stage, server, order, [name, { kind: 'real' }], [name, { kind: 'padding' }]);
  return real === undefined || padding === undefined ? undefined : (padding / (real + padding)) * 100;
}

type Metric = readonly [name: string, labels?: Readonly<Record<string, string>>];

/** By how much metrics grow between the two times at which all callers call. */
async function difference(
  stage: Stage,
  server: MillraceServer,
  order: Order,
  ...metrics: readonly Metric[]
): Promise<(number | undefined)[]> {
  const read = (): Promise<(number | undefined)[]> => Promise.all(metrics.map(([name, labels]) => server.metric(name, labels)));
  const seconds = ROUND_PARTS * stage.extent.seconds;
  const round = stage.round(server, order, seconds);
  await pause(BEGUN * seconds * 1000);
  const before = await read();
  await pause((ENDING - BEGUN) * seconds * 1000);
  const after = await read();
  await round;
  return after.map((value, at) => (value === undefined ? undefined : value - (before[at] ?? 0)));
}

/** The share of padding where each batch is the next requests that come, in per cent. */
function paddingInTurn(lengths: readonly number[]): number {
  const random = createRandom(7);
  let real = 0;
  let padded = 0;
  for (let batch = 0; batch < 1000; batch++) {
    const members = Array.from({ length: MAX_BATCH_SIZE }, () => lengths[Math.floor(random() * lengths.length)] ?? 0);
    real += members.reduce((sum, length) => sum + length, 0);
    padded += MAX_BATCH_SIZE * Math.max(...members);
  }
  return (1 - real / padded) * 100;
}
