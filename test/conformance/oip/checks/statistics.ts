import { assert, assertEqual, type Check, Skip, show } from '../check.js';
import { answered, anySubjects, type Ground, needExtension } from '../ground.js';
import type { Duration, ModelStatistics } from '../messages.js';
import { granted, refusedWith } from '../reply.js';
import { section } from '../section.js';
import { rawRequest, type Subject, sampleInputs } from '../subject.js';
import { UNKNOWN_MODEL, UNKNOWN_VERSION } from './unknown.js';

const SECTION = section('Triton protocol', 'extension_statistics.md');
const REQUESTS = 5;
/** A server may count a request a moment after it has answered it. */
const SETTLE_MS = 2_000;
const PAUSE_MS = 20;

async function statistics({ target }: Ground, request: { name?: string; version?: string }): Promise<readonly ModelStatistics[]> {
  const what = `ModelStatistics of ${request.name ?? 'all models'}`;
  return granted(await target.ask<{ model_stats: readonly ModelStatistics[] }>('ModelStatistics', request), what).model_stats;
}

function count(duration: Duration | null | undefined): number {
  return Number(duration?.count ?? 0);
}

/** What the checks compare, of one version. */
interface Counts {
  readonly inferences: number;
  readonly executions: number;
  readonly success: number;
  readonly fail: number;
  readonly stages: readonly number[];
  readonly lastInference: number;
  /** Rows of batch_stats: rows in all, and executions in all. */
  readonly batchRows: number;
  readonly batches: number;
}

function countsOf(entries: readonly ModelStatistics[], version: string): Counts {
  const entry = entries.find((each) => each.version === version);
  assert(entry !== undefined, `statistics of version ${version}`, show(entries.map((each) => each.version)));
  const { inference_stats: stats, batch_stats: batches } = entry;
  return {
    inferences: Number(entry.inference_count),
    executions: Number(entry.execution_count),
    success: count(stats?.success),
    fail: count(stats?.fail),
    stages: [stats?.queue, stats?.compute_input, stats?.compute_infer, stats?.compute_output].map(count),
    lastInference: Number(entry.last_inference),
    batchRows: batches.reduce((sum, { batch_size: size, compute_infer: infer }) => sum + Number(size) * count(infer), 0),
    batches: batches.reduce((sum, { compute_infer: infer }) => sum + count(infer), 0),
  };
}

interface Sent {
  readonly before: Counts;
  readonly after: Counts;
  readonly requests: number;
  readonly rows: number;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

/** One load serves all checks that look at it. */
const loads = new WeakMap<Ground, Promise<Sent>>();

function knownLoad(ground: Ground): Promise<Sent> {
  needExtension(ground, 'statistics');
  const load = loads.get(ground) ?? sendLoad(ground);
  loads.set(ground, load);
  return load;
}

/** Sends a known load to one model that nobody else calls, and looks at its statistics around it. */
async function sendLoad(ground: Ground): Promise<Sent> {
  const [subject] = anySubjects(ground);
  const version = (await answered(ground, loadRequest(ground, subject, 1))).model_version;
  const read = async () => countsOf(await statistics(ground, { name: subject.name }), version);
  const before = await quiet(read);
  const sizes = Array.from({ length: REQUESTS }, (_, at) => (subject.batched ? 1 + (at % 2) : 1));
  for (const rows of sizes) await answered(ground, loadRequest(ground, subject, rows));
  const rows = sizes.reduce((sum, each) => sum + each, 0);
  const deadline = Date.now() + SETTLE_MS;
  let after = await read();
  while (after.inferences < before.inferences + rows && Date.now() < deadline) {
    await pause();
    after = await read();
  }
  return { before, after, requests: REQUESTS, rows };
}

function loadRequest({ seed }: Ground, subject: Subject, rows: number) {
  return rawRequest(subject.name, sampleInputs(subject, { seed, rows }));
}

/** The counts, once they stand still; skips the check where somebody else keeps calling. */
async function quiet(read: () => Promise<Counts>): Promise<Counts> {
  const deadline = Date.now() + SETTLE_MS;
  let last = await read();
  while (Date.now() < deadline) {
    await pause();
    const now = await read();
    if (show(now) === show(last)) return now;
    last = now;
  }
  throw new Skip('somebody else is calling the model under test');
}

export const STATISTICS_CHECKS: readonly Check[] = [
  {
    id: 'statistics.inference-count',
    title: 'inference_count rises by the rows that were sent',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const { before, after, rows } = await knownLoad(ground);
      assertEqual('a rise of inference_count by', after.inferences - before.inferences, rows);
    },
  },
  {
    id: 'statistics.execution-count',
    title: 'execution_count rises by one for each request sent alone',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const { before, after, requests } = await knownLoad(ground);
      assertEqual('a rise of execution_count by', after.executions - before.executions, requests);
    },
  },
  {
    id: 'statistics.success-count',
    title: 'success rises by the requests that were sent, and fail by none',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const { before, after, requests } = await knownLoad(ground);
      assertEqual('a rise of [success, fail] by', [after.success - before.success, after.fail - before.fail], [requests, 0]);
    },
  },
  {
    id: 'statistics.stage-counts',
    title: 'queue, compute_input, compute_infer and compute_output rise by the requests that were sent',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const { before, after, requests } = await knownLoad(ground);
      const rises = after.stages.map((stage, at) => stage - (before.stages[at] ?? 0));
      assertEqual('a rise of each stage by', rises, Array<number>(rises.length).fill(requests));
    },
  },
  {
    id: 'statistics.batch-stats',
    title: 'batch_stats adds up to inference_count and execution_count',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const { before, after, rows, requests } = await knownLoad(ground);
      const given = [after.batchRows - before.batchRows, after.batches - before.batches];
      assertEqual('a rise of batch_stats, in rows and executions, by', given, [rows, requests]);
    },
  },
  {
    id: 'statistics.last-inference',
    title: 'last_inference is the time of the last request in milliseconds, give or take a wrong clock',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      const { after } = await knownLoad(ground);
      const away = Math.abs(after.lastInference - Date.now());
      assert(away < 86_400_000, `within a day of ${Date.now()}`, String(after.lastInference));
    },
  },
  {
    id: 'statistics.all-models',
    title: 'ModelStatistics without a name has every model',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needExtension(ground, 'statistics');
      const names = new Set((await statistics(ground, {})).map(({ name }) => name));
      const missing = anySubjects(ground).flatMap(({ name }) => (names.has(name) ? [] : [name]));
      assertEqual('models without statistics', missing, []);
    },
  },
  {
    id: 'statistics.one-version',
    title: 'ModelStatistics of a version has that version alone',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needExtension(ground, 'statistics');
      const pairs = anySubjects(ground).flatMap(({ name, versions }) => versions.map((version) => ({ name, version })));
      for (const pair of pairs) {
        const entries = await statistics(ground, pair);
        assertEqual(
          'statistics of',
          entries.map(({ name, version }) => ({ name, version })),
          [pair],
        );
      }
    },
  },
  {
    id: 'statistics.unknown',
    title: 'ModelStatistics of a model or version that is not there is NOT_FOUND',
    level: 'triton',
    section: SECTION,
    run: async (ground) => {
      needExtension(ground, 'statistics');
      const ask = (request: object) => ground.target.ask('ModelStatistics', request);
      refusedWith(['NOT_FOUND'], await ask({ name: UNKNOWN_MODEL }), `model ${UNKNOWN_MODEL}`);
      const [{ name }] = anySubjects(ground);
      refusedWith(['NOT_FOUND'], await ask({ name, version: UNKNOWN_VERSION }), `version ${UNKNOWN_VERSION} of ${name}`);
    },
  },
];
