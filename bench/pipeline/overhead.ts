import { CPU } from '../figures.js';
import { always, MODEL_INFER, type Order } from '../generator.js';
import { oneRow } from '../models/requests.js';
import { openOtlpSink } from '../otlp-sink.js';
import { type Contender, compare, type Section } from './section.js';

const VALUES = 768; // FP32: 3 KB
const TRACED_SHARE = 0.01;

/** What the whole pipeline costs beside an HTTP/2 echo: metrics on, one call in a hundred traced. */
export const OVERHEAD: Section = {
  name: 'identity, 3 KB, 64 callers',
  goals: ['P1'],
  async run(stage) {
    await using sink = await openOtlpSink(TRACED_SHARE);
    const { environment } = sink;
    const order: Order = { path: MODEL_INFER, bodies: always(oneRow('identity', VALUES)), callers: 64, connections: 8 };
    const echo = await stage.peer('grpc-js echo');
    const contenders: (Contender | undefined)[] = [
      { name: 'native', server: await stage.millrace(['identity'], { environment }), order },
      { name: 'grpc-js', server: await stage.millrace(['identity'], { environment, transport: 'grpc-js' }), order },
      echo && { name: 'grpc-js echo', server: echo, order },
    ];
    const result = await compare(stage, this.name, contenders, [
      { goal: 'P1', ...CPU, figure: 'CPU, native', ours: 'native', against: 'grpc-js echo', limit: { atMost: 0.6 } },
      { goal: 'P1', ...CPU, figure: 'CPU, grpc-js', ours: 'grpc-js', against: 'grpc-js echo', limit: { atMost: 1.3 } },
    ]);
    return [result];
  },
};
