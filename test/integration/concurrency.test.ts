import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamicClient } from '../support/dynamic-client.js';
import { type Encoding, FACADES, type Facade, infer, type OutputTensor, outputOf, type TestRequest } from '../support/facades.js';
import { heldOut, METRICS, modelFile, rowsOf, sliceRows } from '../support/held-out.js';
import { differences, OrtReference } from '../support/ort-reference.js';
import { RunningApp } from '../support/running-app.js';

const CALLERS = 200;
const ROUNDS = 5;
const CONNECTIONS = 4;

let app: RunningApp;
let clients: readonly DynamicClient[];

beforeAll(async () => {
  app = await RunningApp.examples();
  clients = Array.from({ length: CONNECTIONS }, () => new DynamicClient(app.address));
});

afterAll(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

function clientOf(caller: number): DynamicClient {
  const client = clients[caller % CONNECTIONS];
  if (client === undefined) throw new RangeError('no connection');
  return client;
}

/** One question and the only right answer to it. */
interface Exchange {
  readonly request: TestRequest;
  readonly facade: Facade;
  readonly encoding: Encoding;
  readonly expected: readonly OutputTensor[];
}

type Answers = ReadonlyMap<string, readonly OutputTensor[]>;

/** ONNX Runtime's answers for all held-out rows, by "model/version". */
async function referenceAnswers(): Promise<Answers> {
  await using reference = new OrtReference();
  const answers = new Map<string, readonly OutputTensor[]>();
  for (const metric of METRICS) {
    answers.set(`${metric.model}/${metric.version}`, await reference.run(modelFile(metric), rowsOf(heldOut(metric.model))));
  }
  return answers;
}

/** Every caller in every round asks another thing: other model, facade, encoding, rows. */
function exchangeOf(caller: number, round: number, answers: Answers): Exchange {
  const turn = caller * ROUNDS + round;
  const facade = FACADES[turn % 2];
  const metric = METRICS[caller % (METRICS.length + 1)];
  const encoding: Encoding = turn % 3 === 0 ? 'raw' : 'typed';
  if (facade === undefined) throw new RangeError('no facade');
  if (metric === undefined) return { facade, encoding, ...echoOf(turn) };
  const { model, version } = metric;
  const rows = heldOut(model);
  const count = 1 + (turn % 3);
  const from = (turn * 7) % (rows.labels.length - count);
  const expected = (answers.get(`${model}/${version}`) ?? []).map((output) => sliceRows(output, from, from + count));
  return { facade, encoding, request: { model, version, id: String(turn), inputs: rowsOf(rows, from, from + count) }, expected };
}

/** The identity model gives a caller's own numbers back, which nobody else has. */
function echoOf(turn: number): Pick<Exchange, 'request' | 'expected'> {
  const values = Array.from({ length: 6 }, (_, at) => turn * 8 + at);
  const input = { name: 'INPUT0', datatype: 'FP32' as const, shape: [2, 3], values };
  return { request: { model: 'identity', id: String(turn), inputs: [input] }, expected: [{ ...input, name: 'OUTPUT0' }] };
}

/** What is wrong with the answer; nothing, if all is well. */
async function problemsOf(caller: number, { request, facade, encoding, expected }: Exchange): Promise<unknown[]> {
  const answer = await infer(clientOf(caller), facade, request, encoding);
  const wrongs = expected.flatMap((output) => differences(outputOf(answer, output.name), output));
  const { model, version = '1', id } = request;
  const isOther = answer.model !== model || answer.version !== version || answer.id !== id || answer.outputs.length !== expected.length;
  return isOther ? [{ request: { model, version, id }, answer }, ...wrongs] : wrongs;
}

describe('concurrent callers', () => {
  it(`get their own rows back, ${CALLERS} of them, of many models, both facades and both encodings at once`, async () => {
    const answers = await referenceAnswers();
    const callers = Array.from({ length: CALLERS }, async (_, caller) => {
      const problems: unknown[] = [];
      for (let round = 0; round < ROUNDS; round++) problems.push(...(await problemsOf(caller, exchangeOf(caller, round, answers))));
      return problems;
    });
    expect((await Promise.all(callers)).flat()).toEqual([]);
    const answered = await app.total('millrace_requests_total', { code: 'OK' });
    expect(answered).toBe(CALLERS * ROUNDS);
  });

  it('share batches: 64 callers of single rows, without a queue delay, make more than 4 rows a batch', async () => {
    const before = {
      rows: await app.total('millrace_batch_rows_sum', DIGITS),
      batches: await app.total('millrace_batch_rows_count', DIGITS),
    };
    const rows = heldOut('digits');
    const expected = outputOf({ outputs: (await referenceAnswers()).get('digits/1') ?? [] }, 'label').values;
    const callers = Array.from({ length: 64 }, async (_, caller) => {
      for (let round = 0; round < 20; round++) {
        const row = (caller * 20 + round) % rows.labels.length;
        const answer = await infer(clientOf(caller), facadeOf(caller), { model: 'digits', inputs: rowsOf(rows, row, row + 1) }, 'raw');
        expect(outputOf(answer, 'label').values).toEqual([expected[row]]);
      }
    });
    await Promise.all(callers);
    const executed = (await app.total('millrace_batch_rows_sum', DIGITS)) - before.rows;
    const batches = (await app.total('millrace_batch_rows_count', DIGITS)) - before.batches;
    expect(executed).toBe(64 * 20);
    expect(executed / batches).toBeGreaterThan(4);
  });
});

const DIGITS = { model: 'digits' };

function facadeOf(caller: number): Facade {
  const facade = FACADES[caller % 2];
  if (facade === undefined) throw new RangeError('no facade');
  return facade;
}
