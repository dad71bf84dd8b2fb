import { type Body, MODEL_INFER, type Order } from '../generator.js';
import { oneRow } from '../models/requests.js';
import { type Contender, compare, type Section, takes } from './section.js';
import type { Round } from './stage.js';

const OFTEN = { length: 16, weight: 99 } as const;
/** As dear as the others, so that a total rate means the same alone. */
const RARE = { length: 17, weight: 1 } as const;
/** Of the closed loop's peak: enough that batches form, not so much that everybody waits. */
const LOAD = 0.5;
/** A hundredth of the calls of a shorter round would be too few for a p99. */
const SECONDS = 3;

/** What a shape that is seldom asked for has to wait, in batches of its own, behind one that is asked for all the time. */
export const FAIRNESS: Section = {
  name: 'fairness between shapes',
  goals: ['fairness'],
  async run(stage) {
    const often: Body = { message: oneRow('tokens', OFTEN.length), weight: OFTEN.weight, class: 1 };
    const rare: Body = { message: oneRow('tokens', RARE.length), weight: RARE.weight, class: 0 };
    const loop = { path: MODEL_INFER, callers: 64, connections: 8 };
    const mixed = { ...loop, bodies: [rare, often] } satisfies Order;
    if (!takes(stage, this.name, mixed)) return [];
    const server = await stage.millrace(['tokens']);
    // Until code is compiled.
    await stage.round(server, mixed);
    const { perSecond: peak } = await stage.round(server, mixed);
    const open = (order: Order): Order => ({ ...order, rate: LOAD * peak });
    const contenders: Contender[] = [
      { name: 'rare', server, order: open(mixed) },
      { name: 'alone', server, order: open({ ...loop, bodies: [rare] }) },
    ];
    const scenario = `one request of length ${RARE.length} among ${OFTEN.weight} of ${OFTEN.length}, ${(LOAD * peak).toFixed(0)} a second`;
    const p99 = ({ classes }: Round): number => classes[0]?.p99Micros ?? Number.NaN;
    const result = await compare(
      stage,
      scenario,
      contenders,
      [{ goal: 'fairness', figure: 'p99 of the rare shape', unit: 'µs', of: p99, ours: 'rare', against: 'alone', limit: { atMost: 2 } }],
      Math.max(SECONDS, stage.extent.seconds),
    );
    return [result];
  },
};
