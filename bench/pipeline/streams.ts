import { fileURLToPath } from 'node:url';
import { ECHO_PATHS } from '../echo-methods.js';
import { MESSAGES } from '../figures.js';
import { always, type Order } from '../generator.js';
import { inferStreamRequest, oneRow, repeatRequest } from '../models/requests.js';
import { nativeEchoCommand } from '../peer-programs.js';
import { type Contender, compare, type Result, type Section, takes } from './section.js';
import type { Stage } from './stage.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/models', import.meta.url));
const ANSWERS = 1000;
const ANSWER_BYTES = 100;
/** Unanswered messages of a stream: enough that neither side waits for the other. */
const AHEAD = 16;

export const STREAMS: Section = {
  name: 'streams',
  goals: ['P7'],
  async run(stage) {
    const order = toServer();
    if (!takes(stage, 'streams', order)) return [];
    const echo = await stage.peer('grpc-js echo');
    if (echo === undefined) return [];
    const greatest = await stage.millrace(['greatest']);
    const examples = await stage.millrace([], { repository: EXAMPLES, models: ['identity', 'repeat'] });
    return [
      await compare(
        stage,
        'messages of 64 KiB to the server, ModelStreamInfer, 16 streams on 4 connections, short answers',
        [
          { name: 'native', server: greatest, order },
          { name: 'bare', server: await stage.start(nativeEchoCommand()), order },
          { name: 'grpc-js', server: echo, order },
        ],
        [
          { goal: 'P7', ...MESSAGES, against: 'grpc-js', limit: { atLeast: 3 } },
          { ...MESSAGES, figure: 'nothing but the transport', ours: 'bare', against: 'grpc-js' },
        ],
      ),
      await answers(stage, { name: 'native', server: examples, order: fromRepeat() }, { name: 'grpc-js', server: echo, order: fromEcho() }),
    ];
  },
};

async function answers(stage: Stage, repeat: Contender, echo: Contender): Promise<Result> {
  const rows: Contender = { name: 'rows', server: repeat.server, order: fromRows() };
  return compare(
    stage,
    `${ANSWERS} answers of ${ANSWER_BYTES} bytes to a request, 16 callers on 4 connections`,
    [repeat, rows, echo],
    [
      { goal: 'P7', ...MESSAGES, against: 'grpc-js', limit: { atLeast: 1.5 } },
      { ...MESSAGES, figure: 'rows run one by one', ours: 'rows', against: 'grpc-js' },
    ],
  );
}

function toServer(): Order {
  return { path: ECHO_PATHS.lengths, bodies: always(oneRow('greatest')), callers: 16, connections: 4, ahead: AHEAD };
}

/** Model repeat: a response for each element of a request. */
function fromRepeat(): Order {
  return { path: ECHO_PATHS.lengths, bodies: always(repeatRequest(ANSWERS)), callers: 16, connections: 4, messages: ANSWERS };
}

/** InferStream, a row a message: each row is run like a request of its own. */
function fromRows(): Order {
  const path = '/millrace.v1.InferenceService/InferStream';
  return { path, bodies: always(inferStreamRequest(ANSWERS, 10)), callers: 16, connections: 4, messages: ANSWERS };
}

function fromEcho(): Order {
  const message = new Uint8Array(ANSWER_BYTES);
  new DataView(message.buffer).setUint32(0, ANSWERS);
  return { path: ECHO_PATHS.repeat, bodies: always(message), callers: 16, connections: 4, messages: ANSWERS };
}
