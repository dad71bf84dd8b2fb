import { setTimeout as pause } from 'node:timers/promises';
import type { MillraceServer } from '../millrace-server.js';
import { repositoryPath, writeCopies } from '../models/write-repository.js';
import type { Result, Section } from '../pipeline/section.js';
import type { Stage } from '../pipeline/stage.js';
import { counted } from './counted.js';
import { ModelControl } from './model-control.js';

/** 100 MB. */
const MODEL = 'mlp_big';
/** Is loaded all the while, so that what the first model of all brings with it, the runtime's code for one, is not counted. */
const OTHER = 'mlp_small';
const ROUNDS = 10;
/** Until what is let go is the system's again: exits of threads and processes take a while. */
const SETTLE_MS = 200;
const LOOKS = 5;
const MEGABYTE = 1e6;

type Isolation = 'worker' | 'process';

/** Resident bytes of the server and its children. */
interface Memory {
  readonly before: number;
  /** With the model, and without it, in each round. */
  readonly loaded: readonly number[];
  readonly unloaded: readonly number[];
}

/** What of a model's memory is the system's again once it is unloaded. */
export const MEMORY_RETURN: Section = {
  name: 'memory that comes back',
  goals: ['memory', '4'],
  async run(stage) {
    return [await returned(stage, 'worker'), await returned(stage, 'process')];
  },
};

async function returned(stage: Stage, isolation: Isolation): Promise<Result> {
  const repository = `isolated-${isolation}`;
  const [model = ''] = writeCopies(repository, MODEL, 1, { 'millrace.isolation': isolation });
  const others = writeCopies(repository, OTHER, 1, { 'millrace.isolation': isolation });
  const server = await stage.serve({ repository: repositoryPath(repository), models: others });
  await using control = new ModelControl(server.address);
  const memory = await rounds(server, control, model);
  const share = ({ before, loaded, unloaded }: Memory): number =>
    (100 * ((loaded[0] ?? 0) - (unloaded[0] ?? 0))) / ((loaded[0] ?? 0) - before);
  const isProcess = isolation === 'process';
  return counted(
    `${MODEL}, ${ROUNDS} rounds of load and unload, isolation ${isolation}`,
    memory,
    [
      {
        figure: 'what the first unload gives back',
        unit: '%',
        of: share,
        ...(isProcess && { goal: 'memory', limit: { atLeast: 95 } }),
      },
      {
        goal: 'memory',
        figure: `growth in ${ROUNDS} rounds`,
        unit: 'MB',
        of: ({ before, unloaded }: Memory) => ((unloaded.at(-1) ?? 0) - before) / MEGABYTE,
        limit: { atMost: 20 },
      },
    ],
    [`RSS ${amounts([memory.before])} MB; with the model ${amounts(memory.loaded)}; without it again ${amounts(memory.unloaded)}`],
  );
}

async function rounds(server: MillraceServer, control: ModelControl, model: string): Promise<Memory> {
  const before = await settled(server);
  const loaded: number[] = [];
  const unloaded: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await control.load(model);
    loaded.push(await settled(server));
    await control.unload(model);
    unloaded.push(await settled(server));
  }
  return { before, loaded, unloaded };
}

/** The least of a while. */
async function settled(server: MillraceServer): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < LOOKS; look++) {
    await pause(SETTLE_MS);
    least = Math.min(least, server.residentBytes());
  }
  return least;
}

function amounts(bytes: readonly number[]): string {
  return bytes.map((each) => (each / MEGABYTE).toFixed(0)).join(' ');
}
