import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type InferStreamRequest, MillraceClient } from '../src/client/millrace-client.js';
import { InferRequest, OnError, Ordering, OutputEncoding } from '../src/gen/millrace/v1/inference.js';
import { Datatype, type Tensor } from '../src/gen/millrace/v1/tensor.js';
import { closedLoop, type LoadResult, type UnaryLoad } from './closed-loop.js';
import { type ServerProcess, startServer } from './server-process.js';
import { median, quantile } from './statistics.js';

/**
 * What one reader who reads a message a second of a long stream costs the others, and the memory of the server: callers of single rows at a
 * modest pace, first alone, then beside the slow reader, then alone again. Prints the ratio of the callers' p99 and the growth of memory;
 * ends with 1 where one of them is over its limit. Memory is compared by medians: between two garbage collections it rises and falls by
 * some 20 MB at any time, whoever calls.
 */
const READER_SECONDS = Number(process.env['SLOW_READER_SECONDS'] ?? 60);
const BASELINE_SECONDS = READER_SECONDS / 3;
/** Until code is compiled and the heap has found its size. */
const WARM_UP_SECONDS = READER_SECONDS / 2;
const ROWS = 10_000;
const ROWS_PER_MESSAGE = 10;
const CALLERS = 16;
const CONNECTIONS = 4;
const CALLER_PAUSE_MS = 20;
const SAMPLE_MS = 250;
const MAX_GROWTH_BYTES = 20e6;
const MAX_RATIO = 2;

function images(rows: number): Tensor {
  const values = Float32Array.from({ length: rows * 64 }, (_, at) => at % 17);
  const lists = { bools: [], ints: [], uints: [], floats: [], doubles: [], strings: [], bytesList: [] };
  return { name: 'image', datatype: Datatype.DATATYPE_FP32, shape: [BigInt(rows), 64n], raw: new Uint8Array(values.buffer), ...lists };
}

function request(rows: number): InferRequest {
  const outputEncoding = OutputEncoding.OUTPUT_ENCODING_UNSPECIFIED;
  return {
    model: 'digits',
    version: '',
    requestId: '',
    inputs: [images(rows)],
    outputNames: [],
    parameters: {},
    priority: 0,
    outputEncoding,
  };
}

const streamRequest: InferStreamRequest = {
  ...request(ROWS),
  rowsPerMessage: ROWS_PER_MESSAGE,
  ordering: Ordering.ORDERING_UNSPECIFIED,
  onError: OnError.ON_ERROR_UNSPECIFIED,
};

/** Reads a message a second, then cancels. Returns how many it read. */
async function readSlowly(address: string, seconds: number): Promise<number> {
  await using client = new MillraceClient(address);
  let messages = 0;
  for await (const _message of client.inferStream(streamRequest)) {
    messages += 1;
    if (messages >= seconds) break;
    await pause(1000);
  }
  return messages;
}

/** Memory of the server at regular times until `until` settles, ascending. */
async function sampleMemory(server: ServerProcess, until: Promise<unknown>): Promise<readonly number[]> {
  let isOver = false;
  const over = until.finally(() => {
    isOver = true;
  });
  const samples: number[] = [];
  while (!isOver) {
    samples.push(server.residentBytes());
    await Promise.race([over, pause(SAMPLE_MS)]);
  }
  return samples.sort((a, b) => a - b);
}

interface Phase extends LoadResult {
  readonly memory: readonly number[];
}

async function measure(server: ServerProcess, load: UnaryLoad, seconds: number): Promise<Phase> {
  const loop = closedLoop(load, seconds);
  const [result, memory] = await Promise.all([loop, sampleMemory(server, loop)]);
  if (result.failures > 0) throw new Error(`${result.failures} calls failed`);
  return { ...result, memory };
}

function describe(name: string, { answers, seconds, latencies, memory }: Phase): string {
  const ms = (share: number): string => quantile(latencies, share).toFixed(2);
  const [low, middle, high] = [0, 0.5, 1].map((share) => megabytes(quantile(memory, share)));
  return (
    `${name.padEnd(26)} ${(answers / seconds).toFixed(0).padStart(5)} rps  p50 ${ms(0.5)} ms  p99 ${ms(0.99)} ms` +
    `  resident memory ${low}, median ${middle}, ${high} at most`
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

const repository = new URL('../../examples/models', import.meta.url).pathname;
const serveFlags = ['serve', '--model-repository', repository, '--grpc-port', '0', '--admin-port', '0', '--model-control-mode', 'explicit'];
await using server = await startServer(
  new URL('../src/main.js', import.meta.url),
  [...serveFlags, '--load-model', 'digits'],
  (line) => /"event":"ready".*"grpc":"([^"]+)"/.exec(line)?.[1],
);
const load: UnaryLoad = {
  address: server.address,
  path: '/millrace.v1.InferenceService/Infer',
  message: InferRequest.encode(request(1)).finish(),
  callers: CALLERS,
  connections: CONNECTIONS,
  pauseMs: CALLER_PAUSE_MS,
};

await measure(server, load, WARM_UP_SECONDS);
const before = await measure(server, load, BASELINE_SECONDS);
const [during, messages] = await Promise.all([measure(server, load, READER_SECONDS), readSlowly(server.address, READER_SECONDS)]);
const after = await measure(server, load, BASELINE_SECONDS);

const growth = median(during.memory) - median(before.memory);
const alone = [...before.latencies, ...after.latencies].sort((a, b) => a - b);
const ratio = quantile(during.latencies, 0.99) / quantile(alone, 0.99);
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
const [cpu] = cpus();
process.stdout.write(
  [
    `commit ${commit}, Node ${process.version}, ${cpus().length} x ${cpu?.model ?? 'unknown CPU'}`,
    `digits: ${CALLERS} callers of one row, ${CALLER_PAUSE_MS} ms between calls; the reader asked for ${ROWS} rows, ${ROWS_PER_MESSAGE} a message, read ${messages} messages in ${READER_SECONDS} s and cancelled`,
    describe('callers alone, before', before),
    describe('callers beside the reader', during),
    describe('callers alone, after', after),
    `p99 beside the reader: ${ratio.toFixed(2)}x of alone (limit ${MAX_RATIO}x)`,
    `resident memory beside the reader: ${megabytes(growth)} more than before, by the medians (limit ${megabytes(MAX_GROWTH_BYTES)})`,
    '',
  ].join('\n'),
);
if (growth >= MAX_GROWTH_BYTES || ratio >= MAX_RATIO) process.exitCode = 1;
