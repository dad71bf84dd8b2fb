import { setPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { type CallersAnswer, HealthyCallers } from './healthy-callers.js';
import { describeMachine } from './machine.js';
import { ATTACKS, type Attack } from './stress-attacks.js';
import { type Books, STRESS_PATHS, StressTarget } from './stress-target.js';

/**
 * What those who attack the native transport cost those who do not, and whether they leave anything behind. One server in a process of its own; healthy
 * callers in another; the attackers, which are nice to both, here. No process has a core of its own: on one, the server's main thread would wait for V8's
 * helper threads. Each attack comes three times and is measured the third time: what the first ones take from the system, its allocator mostly keeps, whereas
 * what leaks, leaks each time. Ends with 1 where a target is missed. BENCH_SECONDS is the length of an attack, and BENCH_ONLY names those to run, by parts of their names with commas between.
 */
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5);
const ONLY = (process.env['BENCH_ONLY'] ?? '').split(',').filter((name) => name !== '');
const CALM_SECONDS = Math.max(1, SECONDS / 2);
const REHEARSALS = 2;
const LOAD = { path: STRESS_PATHS.echo, bytes: 3_072, callers: 8, connections: 4, pauseMs: 4 } as const;

const MAX_RATIO = 2;
const MAX_STALL_MS = 20;
const MAX_GROWTH = 0.05;
/** Until a server has seen everything go. */
const LEAVE_MS = 10_000;

interface Result {
  readonly name: string;
  readonly did: string;
  readonly before: CallersAnswer;
  readonly during: CallersAnswer;
  readonly after: CallersAnswer;
  /** Before the attacks of the kind that are not measured, after them, and at most during the one that is. */
  readonly memoryFresh: number;
  readonly memoryBefore: number;
  readonly memoryPeak: number;
  readonly stallBefore: number;
  readonly longestStall: number;
  readonly left: Books;
}

function say(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** The most memory that the server has while `until` is not settled. */
async function peakMemory(target: StressTarget, until: Promise<unknown>): Promise<number> {
  let isOver = false;
  const over = until.finally(() => {
    isOver = true;
  });
  let peak = 0;
  while (!isOver) {
    peak = Math.max(peak, (await target.books()).rss);
    await Promise.race([over, pause(100)]);
  }
  return peak;
}

/** Of the server once its last attacker and caller have gone. */
async function emptied(target: StressTarget): Promise<Books> {
  const end = performance.now() + LEAVE_MS;
  for (;;) {
    const { connections, calls } = await target.books();
    if ((connections === 0 && calls === 0) || performance.now() > end) return target.settled();
    await pause(50);
  }
}

async function withstand(target: StressTarget, callers: HealthyCallers, attack: Attack): Promise<Result> {
  const load = { ...LOAD, address: target.address };
  const { rss: memoryFresh } = await emptied(target);
  for (let time = 0; time < REHEARSALS; time++) {
    await Promise.all([attack.run(target.address, SECONDS), callers.call({ ...load, seconds: SECONDS })]);
  }
  const { rss: memoryBefore } = await emptied(target);
  await target.books('begin');
  const before = await callers.call({ ...load, seconds: CALM_SECONDS });
  const { longestStall: stallBefore } = await target.books();
  await target.books('begin');
  const under = attack.run(target.address, SECONDS);
  const peak = peakMemory(target, under);
  // What is being set up belongs to the attack.
  const during = await callers.call({ ...load, seconds: SECONDS });
  const did = await under;
  const memoryPeak = await peak;
  const { longestStall } = await target.books();
  const left = await emptied(target);
  const after = await callers.call({ ...load, seconds: CALM_SECONDS });
  const memory = { memoryFresh, memoryBefore, memoryPeak };
  return { name: attack.name, did, before, during, after, ...memory, stallBefore, longestStall, left };
}

interface Verdicts {
  readonly latency: boolean;
  readonly stall: boolean;
  readonly memory: boolean;
  readonly books: boolean;
}

function judge({ before, during, after, memoryBefore, longestStall, left }: Result): Verdicts {
  const failures = before.failures + during.failures + after.failures;
  return {
    latency: during.p99 <= MAX_RATIO * before.p99 && failures === 0,
    stall: longestStall <= MAX_STALL_MS,
    memory: left.rss <= memoryBefore * (1 + MAX_GROWTH),
    books: left.connections === 0 && left.calls === 0 && left.deadlines === 0 && left.internalErrors === 0,
  };
}

function describe(result: Result): string {
  const { name, did, before, during, after, memoryFresh, memoryBefore, memoryPeak, stallBefore, longestStall, left } = result;
  const { latency, stall, memory, books } = judge(result);
  const calls = before.answers + during.answers + after.answers;
  const failed = before.failures + during.failures + after.failures;
  const late = `they themselves late by ${before.ownP99.toFixed(1)}, ${during.ownP99.toFixed(1)}`;
  const growth = (left.rss / memoryBefore - 1) * 100;
  const inUse = `in use ${megabytes(left.heapUsed + left.arrayBuffers)}`;
  const held = `${left.connections} connections, ${left.calls} calls, ${left.deadlines} deadlines, ${left.internalErrors} internal errors`;
  const p99 = `${ms(before)} before, ${ms(during)} during, ${ms(after)} after (${late}); ${failed} of ${calls} failed`;
  return [
    `${name}: ${did}`,
    row('callers’ p99, ms', p99, `${(during.p99 / before.p99).toFixed(2)}x`, `≤ ${MAX_RATIO}x`, latency),
    row('longest stall, ms', `${stallBefore.toFixed(1)} before`, longestStall.toFixed(1), `≤ ${MAX_STALL_MS}`, stall),
    row(
      'memory, MB',
      `${megabytes(memoryFresh)} at first, ${megabytes(memoryBefore)} before, ${megabytes(memoryPeak)} at most, ${megabytes(left.rss)} after (${inUse})`,
      `${growth.toFixed(1)} %`,
      `≤ ${MAX_GROWTH * 100} %`,
      memory,
    ),
    row('left behind', held, '', 'none', books),
  ].join('\n');
}

function row(figure: string, measured: string, value: string, target: string, isMet: boolean): string {
  return `  ${figure.padEnd(18)} ${measured.padEnd(104)} ${value.padStart(8)}  target ${target.padEnd(6)} ${isMet ? 'met' : 'short'}`;
}

function ms({ p99 }: CallersAnswer): string {
  return p99.toFixed(2);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

const machine = describeMachine();
await using target = await StressTarget.start();
using callers = new HealthyCallers();
setPriority(19);
say(
  `commit ${machine.commit}${machine.isChanged ? ' with changes' : ''}, Node ${machine.node}, ${machine.cores} x ${machine.cpu}`,
  `native transport, echo of ${LOAD.bytes} bytes: ${LOAD.callers} healthy callers on ${LOAD.connections} connections, ${LOAD.pauseMs} ms between calls; attacks of ${SECONDS} s`,
);
// Until code is compiled and the heap has found its size.
await callers.call({ ...LOAD, address: target.address, pauseMs: 1, seconds: SECONDS });
const results: Result[] = [];
for (const attack of ATTACKS) {
  if (ONLY.length > 0 && !ONLY.some((part) => attack.name.includes(part))) continue;
  const result = await withstand(target, callers, attack);
  results.push(result);
  say(describe(result));
}
const verdicts = results.flatMap((result): boolean[] => Object.values({ ...judge(result) }));
const short = verdicts.filter((isMet) => !isMet).length;
say(`${verdicts.length - short} met, ${short} short`);
if (short > 0) process.exitCode = 1;
