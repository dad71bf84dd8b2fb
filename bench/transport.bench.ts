import { writeFileSync } from 'node:fs';
import { closedLoop } from './closed-loop.js';
import { type Commands, type Contender, commandsOf, startContenders } from './contenders.js';
import { buildGoPrograms, type GoPrograms } from './go-programs.js';
import { idleMemory } from './idle-memory.js';
import { type LoadProgram, measure, type Round } from './load-program.js';
import { describeMachine, pins } from './machine.js';
import { pairedRounds, type Rounds } from './paired-rounds.js';
import { quantile } from './statistics.js';
import { describeOutcome, judge, type Outcome, type Target } from './target.js';
import { TLS_FILES } from './tls-files.js';
import { IDLE_LOAD, IDLE_TARGETS, SCENARIOS, type Scenario, SMALL_CALLS } from './transport-scenarios.js';

/**
 * What our own HTTP/2 costs and carries beside grpc-js and grpc-go: bare echo servers of the same bytes, each in a process and, where there are two,
 * on a core of its own, measured in turns. Prints each figure, its target, and whether it is met; BENCH_JSON names a file for all of it.
 */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 6);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 1.5);
/** What has no target need not be known as well. */
const TLS_ROUNDS = Math.ceil(ROUNDS / 2);
/** Each takes a fresh process of every contender. */
const IDLE_ROUNDS = Math.min(ROUNDS, 3);

interface Section {
  readonly scenario: string;
  readonly rounds: Readonly<Record<string, readonly unknown[]>>;
  readonly outcomes: readonly Outcome[];
}

const sections: Section[] = [];

function say(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Tells what is measured as soon as it is: the whole takes minutes. */
function tell<T>(scenario: string, rounds: Rounds<T>, targets: readonly Target<T>[]): void {
  const outcomes = targets.flatMap((target) => judge(scenario, rounds, target) ?? []);
  sections.push({ scenario, rounds: Object.fromEntries(rounds), outcomes });
  say(scenario, ...outcomes.map(describeOutcome));
}

async function runScenarios(commands: Commands, program: LoadProgram, isTls: boolean): Promise<void> {
  await using contenders = await startContenders(commands, isTls);
  for (const { name, load, targets } of SCENARIOS) {
    const rounds = await pairedRounds(contenders.all, isTls ? TLS_ROUNDS : ROUNDS, ({ server }) => measure(program, server, load, SECONDS));
    tell(isTls ? `TLS, ${name}` : name, rounds, isTls ? targets.map(withoutLimit) : targets);
  }
}

async function runAll(commands: Commands, { load }: GoPrograms, pin: readonly string[]): Promise<void> {
  for (const isTls of [false, true]) {
    const program = { command: [...pin, load], ...(isTls && { ca: TLS_FILES.ca }) };
    await runScenarios(commands, program, isTls);
    const idle = await idleMemory(commands, isTls, program, IDLE_LOAD, IDLE_ROUNDS);
    const name = `${IDLE_LOAD.connections} idle connections`;
    tell(isTls ? `TLS, ${name}` : name, idle, isTls ? IDLE_TARGETS.map(withoutLimit) : IDLE_TARGETS);
  }
}

/** The targets are for plain HTTP/2; figures with TLS stand beside them. */
function withoutLimit<T>({ limit: _, ...target }: Target<T>): Target<T> {
  return target;
}

/** One scenario, with a load of Node.js: it is slower than the servers, which their CPU per call does not mind. */
async function runWithoutGo(commands: Commands): Promise<void> {
  await using contenders = await startContenders(commands, false);
  const rounds = await pairedRounds(contenders.all, ROUNDS, (contender) => measureByNode(contender, SMALL_CALLS));
  tell(
    SMALL_CALLS.name,
    rounds,
    SMALL_CALLS.targets.filter(({ figure }) => figure === 'CPU per call'),
  );
  say(
    'skipped, for want of Go: everything of grpc-go, and every figure but the CPU of small calls, whose load is a program in Go (bench/peers)',
  );
}

async function measureByNode({ server }: Contender, { load }: Scenario): Promise<Round> {
  const before = server.cpuMicros();
  const message = new Uint8Array(load.size);
  const { answers, failures, seconds, latencies } = await closedLoop({ ...load, address: server.address, message }, SECONDS);
  if (failures > 0) throw new Error(`${failures} calls failed`);
  const micros = (share: number): number => quantile(latencies, share) * 1000;
  const perSecond = answers / seconds;
  const cpuMicros = (server.cpuMicros() - before) / answers;
  return { cpuMicros, perSecond, messagesPerSecond: perSecond, p50Micros: micros(0.5), p99Micros: micros(0.99) };
}

const go = buildGoPrograms();
const pin = pins();
const machine = describeMachine();
const commands = commandsOf(pin.server, go?.echo);
say(
  `commit ${machine.commit}${machine.isChanged ? ' with changes' : ''}, Node ${machine.node}, ${go?.version ?? 'no Go'}, ${machine.cores} x ${machine.cpu}`,
  pin.server.length > 0 ? 'server and load on a core of their own' : 'server and load share the cores',
  `${ROUNDS} rounds of ${SECONDS} s each, interleaved; ${TLS_ROUNDS} with TLS; idle connections: ${IDLE_ROUNDS} rounds of fresh processes`,
  'ratio: median of the rounds, in parentheses its 90 % interval; it is met or short by the median, with no tolerance',
);
if (go === undefined) await runWithoutGo(commands);
else await runAll(commands, go, pin.load);

const outcomes = sections.flatMap((section) => section.outcomes);
const count = (verdict: Outcome['verdict']): number => outcomes.filter((outcome) => outcome.verdict === verdict).length;
say(`${count('met')} met, ${count('short')} short, ${count('told')} told beside them`);
const file = process.env['BENCH_JSON'];
if (file !== undefined) {
  const header = { machine, go: go?.version ?? null, isPinned: pin.server.length > 0, rounds: ROUNDS, seconds: SECONDS };
  writeFileSync(file, `${JSON.stringify({ ...header, sections }, null, 2)}\n`);
}
