import { ModelInferRequest } from '../../src/gen/inference/infer.js';
import { InferRequest, InferResponse as WireResponse } from '../../src/gen/millrace/v1/inference.js';
import { Datatype } from '../../src/gen/millrace/v1/tensor.js';
import type { InferResponse } from '../../src/model/infer.js';
import { createCodec, createInferCodec } from '../../src/wire/codec.js';
import { createMillraceAnswerEncoder } from '../../src/wire/millrace-answer.js';
import { createInferRequestDecoder } from '../../src/wire/millrace-decode.js';
import { formatInferResponse, parseInferRequest } from '../../src/wire/millrace-v1.js';
import { answerTo, encodeAnswer } from '../../src/wire/oip-answer.js';
import { createModelInferDecoder } from '../../src/wire/oip-decode.js';
import { parseModelInferRequest } from '../../src/wire/oip-request.js';
import { encodeModelInferResponse, formatModelInferResponse } from '../../src/wire/oip-response.js';
import { MILLRACE_INFER_LAYOUT, MODEL_INFER_LAYOUT } from '../../src/wire/request-bounds.js';
import { median, medianInterval } from '../statistics.js';

/** What a message costs between its bytes and the data plane: the codecs made by hand against the generated ones, on a 3 KB input and a 40 byte output. */
const ROUNDS = 15;
const CALLS = 20_000;
const LIMIT = 1024 * 1024;

/** Two ways to the same end. Each returns a number that depends on its work, so that none of it is left out. */
interface Pair {
  readonly name: string;
  readonly generated: () => number;
  readonly byHand: () => number;
}

const DATA = new Uint8Array(3136);
const RESPONSE: InferResponse = {
  version: '1',
  outputs: [{ name: 'output', datatype: 'FP32', shape: [1, 10], data: new Uint8Array(40) }],
  timings: { queueUs: 12.3, assembleUs: 4.5, executeUs: 180.6, batchSize: 4 },
};
const MEMORY = { take: (bytes: number) => room.subarray(0, bytes) };
const room = Buffer.alloc(4096);

function oipBytes(fields: Partial<ModelInferRequest>): Buffer {
  const input = { name: 'input', datatype: 'FP32', shape: [1n, 784n], parameters: {}, contents: undefined };
  const message = { modelName: 'mlp_small', modelVersion: '', id: '', parameters: {}, outputs: [], ...fields };
  return Buffer.from(ModelInferRequest.encode({ ...message, inputs: [input], rawInputContents: [DATA] }).finish());
}

function oipRequestPair(name: string, bytes: Buffer): Pair {
  const codec = createInferCodec(ModelInferRequest, MODEL_INFER_LAYOUT, LIMIT);
  const decode = createModelInferDecoder(LIMIT);
  return {
    name,
    generated: () => parseModelInferRequest(codec.decode(bytes)).inputs.length,
    byHand: () => {
      const received = decode(bytes);
      return (received.kind === 'plain' ? received.request : parseModelInferRequest(received.message)).inputs.length;
    },
  };
}

function oipAnswerPair(): Pair {
  const request = parseModelInferRequest(ModelInferRequest.decode(oipBytes({})));
  return {
    name: 'ModelInferResponse',
    generated: () => encodeModelInferResponse(formatModelInferResponse(request, RESPONSE), 0).length,
    byHand: () => encodeAnswer(answerTo(request, RESPONSE), MEMORY).length,
  };
}

function millracePairs(): Pair[] {
  const lists = { bools: [], ints: [], uints: [], floats: [], doubles: [], strings: [], bytesList: [] };
  const inputs = [{ name: 'input', datatype: Datatype.DATATYPE_FP32, shape: [1n, 784n], raw: DATA, ...lists }];
  const message = { model: 'mlp_small', version: '', requestId: '', inputs, outputNames: [], parameters: {} };
  const bytes = Buffer.from(InferRequest.encode({ ...message, priority: 0, outputEncoding: 0 }).finish());
  const codec = createInferCodec(InferRequest, MILLRACE_INFER_LAYOUT, LIMIT);
  const responses = createCodec(WireResponse);
  const decode = createInferRequestDecoder(LIMIT);
  const encode = createMillraceAnswerEncoder(LIMIT);
  const parsed = decode(bytes);
  return [
    {
      name: 'millrace.v1.InferRequest',
      generated: () => parseInferRequest(codec.decode(bytes)).request.inputs.length,
      byHand: () => decode(bytes).request.inputs.length,
    },
    {
      name: 'millrace.v1.InferResponse',
      generated: () => responses.encode(formatInferResponse(parsed, RESPONSE, LIMIT)).length,
      byHand: () => encode({ parsed, response: RESPONSE }, MEMORY).length,
    },
  ];
}

/** Nanoseconds of CPU a call: what others run on the machine meanwhile does not count. */
function timeOf(work: () => number): number {
  const start = process.cpuUsage();
  let sum = 0;
  for (let call = 0; call < CALLS; call++) sum += work();
  if (sum === 0) throw new Error('nothing was done');
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / CALLS;
}

function measure({ name, generated, byHand }: Pair): void {
  const before: number[] = [];
  const after: number[] = [];
  timeOf(generated);
  timeOf(byHand);
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 2 === 0) before.push(timeOf(generated));
    after.push(timeOf(byHand));
    if (round % 2 === 1) before.push(timeOf(generated));
  }
  const ratios = after.map((ns, round) => ns / (before[round] ?? Number.NaN));
  const interval = medianInterval(ratios).map((ratio) => ratio.toFixed(2));
  const times = `${median(before).toFixed(0).padStart(6)} ${median(after).toFixed(0).padStart(8)}`;
  console.info(`${name.padEnd(42)} ${times}   ${median(ratios).toFixed(2)} [${interval.join(', ')}]`);
}

console.info(`${'ns per message'.padEnd(39)} generated  by hand   ratio [90 % interval]`);
const named = { id: 'b54adf0e-79aa-4bd4-a9a3-2d5b7a3b1a11', modelVersion: '1', outputs: [{ name: 'output', parameters: {} }] };
for (const pair of [
  oipRequestPair('ModelInferRequest', oipBytes({})),
  oipRequestPair('ModelInferRequest: id, version and output', oipBytes(named)),
  oipRequestPair(
    'ModelInferRequest with a parameter',
    oipBytes({ parameters: { timeout: { parameterChoice: { $case: 'int64Param', value: 1n } } } }),
  ),
  oipAnswerPair(),
  ...millracePairs(),
]) {
  measure(pair);
}
