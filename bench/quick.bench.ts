import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { always, MODEL_INFER } from './generator.js';
import { describeMachine } from './machine.js';
import type { BenchModelName } from './models/bench-models.js';
import { oneRow } from './models/requests.js';
import { NodeGenerator } from './node-generator.js';
import { pairedRounds } from './paired-rounds.js';
import { echoCommand } from './peer-programs.js';
import type { Contender } from './pipeline/section.js';
import { Stage } from './pipeline/stage.js';
import { changeOf, type RecordedRatios } from './recorded-ratios.js';
import { quantile } from './statistics.js';

/**
 * Whether a request has become dearer: CPU of Millrace for one beside a bare grpc-js echo of the same run, compared with what bench/recorded.json says. The
 * load always comes from Node.js. Ends with 1 where a ratio is much worse twice in a row; --record writes the file anew.
 */
const FILE = fileURLToPath(new URL('../../bench/recorded.json', import.meta.url));
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 12);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 0.6);
const VALUES = 768; // FP32: 3 KB
const ECHO = 'grpc-js echo';
const MODELS = ['identity', 'mlp_small'] as const satisfies readonly BenchModelName[];

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** By model. */
type Ratios = ReadonlyMap<string, number>;

async function measure(): Promise<Ratios> {
  using generator = new NodeGenerator();
  await using stage = new Stage(generator, { rounds: ROUNDS, mostRounds: ROUNDS, seconds: SECONDS, until: 0 }, say);
  const order = (model: BenchModelName) => ({ path: MODEL_INFER, bodies: always(oneRow(model, VALUES)), callers: 64, connections: 8 });
  const contenders: Contender[] = [{ name: ECHO, server: await stage.start(echoCommand()), order: order('identity') }];
  for (const name of MODELS) contenders.push({ name, server: await stage.millrace([name]), order: order(name) });
  const rounds = await pairedRounds(contenders, ROUNDS, ({ server, order }) => stage.round(server, order));
  const cpu = (name: string): number => lowerQuartile(rounds.get(name)?.map(({ cpuMicros }) => cpuMicros) ?? []);
  return new Map(MODELS.map((name) => [name, cpu(name) / cpu(ECHO)]));
}

/** Whatever else runs on the machine makes a request dearer, never cheaper: the better rounds are the truer ones. */
function lowerQuartile(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.25,
  );
}

function record(measured: Ratios): void {
  const { commit, node, cpu, cores } = describeMachine();
  const ratios = Object.fromEntries([...measured].map(([model, ratio]) => [model, Number(ratio.toFixed(3))]));
  const recorded: RecordedRatios = { ...{ commit, node, cpu, cores }, date: new Date().toISOString().slice(0, 10), ratios };
  writeFileSync(FILE, `${JSON.stringify(recorded, null, 2)}\n`);
  say(`written to ${FILE}`);
}

/** Tells each ratio; whether one of them is much worse. */
function tell(measured: Ratios, recorded: RecordedRatios | undefined): boolean {
  const changes = [...measured].map(([model, ratio]) => {
    const before = recorded?.ratios[model];
    const change = changeOf(ratio, before);
    const told = before === undefined ? 'nothing recorded' : `recorded ${before.toFixed(2)}x: ${change}`;
    say(`  ${model.padEnd(10)} ${ratio.toFixed(2)}x of a bare grpc-js echo, ${told}`);
    return change;
  });
  return changes.includes('much worse');
}

const recorded = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as RecordedRatios) : undefined;
const { commit, cpu, cores } = describeMachine();
say(`CPU of a request, 64 callers, ${ROUNDS} interleaved rounds of ${SECONDS} s; commit ${commit}, ${cores} x ${cpu}`);
if (recorded !== undefined) say(`recorded ${recorded.date}, commit ${recorded.commit}, ${recorded.cores} x ${recorded.cpu}`);
const measured = await measure();
const isMuchWorse = tell(measured, recorded);
if (process.argv.includes('--record')) record(measured);
else if (isMuchWorse) {
  say('once more:');
  if (tell(await measure(), recorded)) process.exitCode = 1;
}
