import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { always, MODEL_INFER, type Order, type Report } from '../generator.js';
import type { LoopDelay, MillraceServer } from '../millrace-server.js';
import { oneRow } from '../models/requests.js';
import { REPOSITORIES, writeRepositories } from '../models/write-repository.js';
import { judged, type Result, type Section, takes } from '../pipeline/section.js';
import type { Stage } from '../pipeline/stage.js';
import type { Target } from '../target.js';
import { ModelControl } from './model-control.js';

const SERVED = 'mlp_small';
/** 100 MB. */
const LOADED = 'mlp_big';
/** Of the closed loop's peak just before. */
const SHARE = 0.3;
/** Of a round: enough calls for a p99, and several loads. */
const SECONDS = 4;
const LEAST_LOADS = 20;
/** Between the end of a load and what follows it, so that the model serves for a while and its memory is gone before it is loaded again. */
const BETWEEN_MS = 150;
const NAIVE_LOADS = 5;

interface Watched extends Report {
  readonly delay: LoopDelay;
  readonly loads: number;
  readonly loadMs: readonly number[];
}

type Watcher = { readonly name: 'loads' | 'quiet'; readonly loads: boolean };

const TARGETS: readonly Target<Watched>[] = [
  { goal: 'P8', figure: 'event-loop delay p99.9', unit: 'ms', of: ({ delay }) => delay.p999, ours: 'loads', limit: { atMost: 20 } },
  {
    goal: 'P8',
    figure: 'p99 of the other model',
    unit: 'µs',
    of: ({ p99Micros }) => p99Micros,
    ours: 'loads',
    against: 'quiet',
    limit: { atMost: 1.5 },
  },
  { goal: 'P8', figure: 'calls that failed', unit: '', of: ({ failed }) => failed, ours: 'loads', limit: { atMost: 0 } },
  { figure: 'longest event-loop delay', unit: 'ms', of: ({ delay }) => delay.max, ours: 'loads' },
  { figure: 'the same without loads', unit: 'ms', of: ({ delay }) => delay.max, ours: 'quiet' },
];

/** What a model that answers notices of another that is loaded and unloaded beside it, again and again. */
export const LOADING: Section = {
  name: 'loading beside a served model',
  goals: ['P8', '1'],
  async run(stage) {
    const order: Order = { path: MODEL_INFER, bodies: always(oneRow(SERVED)), callers: 64, connections: 8 };
    if (!takes(stage, this.name, { ...order, rate: 1 })) return [];
    writeRepositories([LOADED]);
    const server = await stage.millrace([SERVED], { watchesLoop: true });
    await using control = new ModelControl(server.address);
    await stage.round(server, order);
    const { perSecond: peak } = await stage.round(server, order, 2);
    const open = { ...order, rate: SHARE * peak };
    const watchers: readonly Watcher[] = [
      { name: 'loads', loads: true },
      { name: 'quiet', loads: false },
    ];
    const scenario = `${SERVED} at ${(SHARE * peak).toFixed(0)} calls a second, ${100 * SHARE} % of its peak, while ${LOADED} is loaded`;
    const result = await judged(stage, scenario, watchers, TARGETS, ({ loads }) => watched(stage, server, control, open, loads));
    return [{ ...result, notes: [loadsOf(result), await naive()] }];
  },
};

async function watched(stage: Stage, server: MillraceServer, control: ModelControl, order: Order, loads: boolean): Promise<Watched> {
  await server.loopDelay();
  const over = new AbortController();
  const loading = loads ? loadUntil(control, over.signal) : Promise.resolve([]);
  const report = await stage.generator.run(server.address, order, SECONDS);
  const delay = await server.loopDelay();
  over.abort();
  const loadMs = await loading;
  return { ...report, delay, loads: loadMs.length, loadMs };
}

/** Milliseconds of each load. */
async function loadUntil(control: ModelControl, over: AbortSignal): Promise<readonly number[]> {
  const took: number[] = [];
  while (!over.aborted) {
    const start = performance.now();
    await control.load(LOADED);
    took.push(performance.now() - start);
    await pause(BETWEEN_MS);
    await control.unload(LOADED);
    await pause(BETWEEN_MS);
  }
  return took;
}

function loadsOf({ rounds }: Result): string {
  const all = (rounds['loads'] as readonly Watched[]).flatMap(({ loadMs }) => loadMs).sort((a, b) => a - b);
  const enough = all.length < LEAST_LOADS ? `, fewer than the ${LEAST_LOADS} that are wanted` : '';
  return `${all.length} loads of ${LOADED}${enough}; one took ${all[all.length >> 1]?.toFixed(0)} ms`;
}

async function naive(): Promise<string> {
  const script = fileURLToPath(new URL('./naive-load.js', import.meta.url));
  const file = join(REPOSITORIES.batching, LOADED, '1', 'model.onnx');
  const { stdout } = await promisify(execFile)(process.execPath, [script, file, String(NAIVE_LOADS)]);
  const { max } = JSON.parse(stdout) as { readonly max: number };
  return `a server that loads it on the thread that answers, in the same process: its event loop stands still for ${max.toFixed(0)} ms`;
}
