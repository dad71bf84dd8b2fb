import { ModelInferRequest } from '../src/gen/inference/infer.js';
import type { TransportName } from '../src/grpc/create-server.js';
import { closedLoop, type UnaryLoad } from './closed-loop.js';
import { describeMachine } from './machine.js';
import { pairedRounds } from './paired-rounds.js';
import { type ServerProcess, startServer } from './server-process.js';
import { median, medianInterval, quantile } from './statistics.js';

/**
 * What the whole pipeline costs: CPU µs a request of Millrace with the identity backend, on either transport, against a grpc-js server that echoes the same
 * bytes. All run throughout; the load goes A B C C B A …, so that a drift of the machine hits all alike.
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
const models = ['--model-repository', repository, '--model-control-mode', 'explicit', '--load-model', 'identity'];

/** The whole server, with one model that gives back what it gets. */
function startMillrace(transport: TransportName): Promise<ServerProcess> {
  const flags = ['serve', '--grpc-port', '0', '--admin-port', '0', '--transport', transport, ...models];
  return startServer(new URL('../src/main.js', import.meta.url), flags, (line) => /"event":"ready".*"grpc":"([^"]+)"/.exec(line)?.[1]);
}

await using native = await startMillrace('native');
await using grpcJs = await startMillrace('grpc-js');
await using echo = await startServer(new URL('./echo-server.js', import.meta.url), [], (line) => /listening on (\S+)/.exec(line)?.[1]);

const load = {
  path: '/inference.GRPCInferenceService/ModelInfer',
  message: identityRequest(),
  callers: CALLERS,
  connections: CONNECTIONS,
};
const contenders = [
  { name: 'millrace, native', server: native },
  { name: 'millrace, grpc-js', server: grpcJs },
  { name: 'bare grpc-js echo', server: echo },
];
const measured = await pairedRounds(contenders, ROUNDS, ({ server }) => measure(server, { ...load, address: server.address }));
const roundsOf = (name: string): readonly Round[] => measured.get(name) ?? [];

function describeRatio(name: string): string {
  const echoes = roundsOf('bare grpc-js echo');
  const ratios = roundsOf(name).map(({ cpuMicros }, at) => cpuMicros / (echoes[at]?.cpuMicros ?? Number.NaN));
  const [low, high] = medianInterval(ratios);
  return `CPU ratio, ${name}: median ${median(ratios).toFixed(2)}x, 90 % interval ${low.toFixed(2)}–${high.toFixed(2)}x`;
}

const machine = describeMachine();
process.stdout.write(
  [
    `commit ${machine.commit}, Node ${machine.node}, ${machine.cores} x ${machine.cpu}`,
    `unary ModelInfer, ${load.message.length} byte request, ${CALLERS} callers on ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s each, interleaved`,
    ...contenders.map(({ name }) => describe(name, roundsOf(name))),
    describeRatio('millrace, native'),
    describeRatio('millrace, grpc-js'),
    '',
  ].join('\n'),
);
