import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { ModelInferRequest } from '../src/gen/inference/infer.js';
import { closedLoop, type UnaryLoad } from './closed-loop.js';
import { type ServerProcess, startServer } from './server-process.js';
import { median, medianInterval, quantile } from './statistics.js';

/**
 * What the whole pipeline costs over the bare transport: CPU µs a request of Millrace with the identity backend, against a grpc-js
 * server that echoes the same bytes. Both run throughout; the load goes A B B A …, so that a drift of the machine hits both alike.
 */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 8);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 3);
const CALLERS = 64;
const CONNECTIONS = 8;
const VALUES = 768; // FP32: 3 KB

interface Round {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

function identityRequest(): Uint8Array {
  const values = new Float32Array(VALUES).map((_, at) => at / VALUES);
  return ModelInferRequest.encode({
    modelName: 'identity',
    modelVersion: '',
    id: '',
    parameters: {},
    inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1n, BigInt(VALUES)], parameters: {}, contents: undefined }],
    outputs: [],
    rawInputContents: [new Uint8Array(values.buffer)],
  }).finish();
}

async function measure(server: ServerProcess, load: UnaryLoad): Promise<Round> {
  const before = server.cpuMicros();
  const { answers, failures, seconds, latencies } = await closedLoop(load, SECONDS);
  if (failures > 0) throw new Error(`${failures} calls failed`);
  return {
    cpuMicros: (server.cpuMicros() - before) / answers,
    perSecond: answers / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

function describe(name: string, rounds: readonly Round[]): string {
  const figure = (of: (round: Round) => number, digits: number): string => median(rounds.map(of)).toFixed(digits);
  return (
    `${name.padEnd(18)} ${figure((r) => r.cpuMicros, 0).padStart(6)} µs CPU/request ${figure((r) => r.perSecond, 0).padStart(7)} rps` +
    `  p50 ${figure((r) => r.p50, 2)} ms  p99 ${figure((r) => r.p99, 2)} ms`
  );
}

const repository = new URL('../../examples/models', import.meta.url).pathname;
const serveFlags = ['serve', '--model-repository', repository, '--grpc-port', '0', '--admin-port', '0', '--model-control-mode', 'explicit'];
await using millrace = await startServer(
  new URL('../src/main.js', import.meta.url),
  [...serveFlags, '--load-model', 'identity'],
  (line) => /"event":"ready".*"grpc":"([^"]+)"/.exec(line)?.[1],
);
await using echo = await startServer(new URL('./echo-server.js', import.meta.url), [], (line) => /listening on (\S+)/.exec(line)?.[1]);

const common = {
  path: '/inference.GRPCInferenceService/ModelInfer',
  message: identityRequest(),
  callers: CALLERS,
  connections: CONNECTIONS,
};
const millraceRounds: Round[] = [];
const echoRounds: Round[] = [];
const runMillrace = async (): Promise<number> => millraceRounds.push(await measure(millrace, { ...common, address: millrace.address }));
const runEcho = async (): Promise<number> => echoRounds.push(await measure(echo, { ...common, address: echo.address }));

await runMillrace();
await runEcho();
millraceRounds.length = 0; // the first of each warms up
echoRounds.length = 0;
for (let round = 0; round < ROUNDS; round++) {
  for (const run of round % 2 === 0 ? [runMillrace, runEcho] : [runEcho, runMillrace]) await run();
}

const ratios = millraceRounds.map(({ cpuMicros }, at) => cpuMicros / (echoRounds[at]?.cpuMicros ?? Number.NaN));
const [low, high] = medianInterval(ratios);
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
const [cpu] = cpus();
process.stdout.write(
  [
    `commit ${commit}, Node ${process.version}, ${cpus().length} x ${cpu?.model ?? 'unknown CPU'}`,
    `unary ModelInfer, ${common.message.length} byte request, ${CALLERS} callers on ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s each, interleaved`,
    describe('millrace identity', millraceRounds),
    describe('bare grpc-js echo', echoRounds),
    `CPU ratio: median ${median(ratios).toFixed(2)}x, 90 % interval ${low.toFixed(2)}–${high.toFixed(2)}x`,
    '',
  ].join('\n'),
);
