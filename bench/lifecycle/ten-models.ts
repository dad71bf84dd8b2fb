import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RATE } from '../figures.js';
import { type Body, MODEL_INFER, type Order } from '../generator.js';
import { BENCH_MODELS, type BenchModelName } from '../models/bench-models.js';
import { requestOf } from '../models/requests.js';
import { REPOSITORIES, repositoryPath, writeCopies, writeRepositories } from '../models/write-repository.js';
import { type Contender, compare, judged, type Result, type Section, takes } from '../pipeline/section.js';
import type { Round, Stage } from '../pipeline/stage.js';

/** A model file and the shape of a row of its one input, "input". */
export interface TenModel {
  readonly file: string;
  readonly dims: readonly number[];
}

/** What a while of mixed batches showed. */
export interface Mixed {
  readonly rowsPerSecond: number;
  readonly residentBytes: number;
}

type Side = 'tuned' | 'defaults';

const MODELS = ['conv', 'mlp_medium'] as const satisfies readonly BenchModelName[];
const COPIES = 5;
const SECONDS = 3;
/** Of requests to the server; those of one model share batches, so that batches have sizes between these too. */
const ROWS = [1, 2, 3, 5, 8, 12, 16, 24, 32];
/** What ONNX Runtime does where nobody says anything; threads and the rest are as ours. */
const RUNTIME_DEFAULTS = { enable_mem_arena: '1', enable_mem_pattern: '1' };

/** Ten models of which all are called, in batches of all sizes: memory with our settings of the runtime's arena and with its own. */
export const TEN_MODELS: Section = {
  name: 'ten resident models',
  goals: ['P11', '5'],
  async run(stage) {
    writeRepositories(MODELS);
    return [await ofTheRuntime(stage), ...(await ofTheServer(stage))];
  },
};

/** The runtime alone, as nothing else differs: sessions in one process, batches of 1 to 32 rows. */
async function ofTheRuntime(stage: Stage): Promise<Result> {
  await using tuned = await TenSessions.start('tuned');
  await using defaults = await TenSessions.start('defaults');
  const megabytes = ({ residentBytes }: Mixed): number => residentBytes / 1e6;
  return await judged(
    stage,
    'ONNX Runtime alone, 5 conv and 5 medium MLP, batches of 1 to 32 rows, one thread',
    [tuned, defaults],
    [
      { goal: 'P11', figure: 'RSS', unit: 'MB', of: megabytes, ours: 'tuned', against: 'defaults', limit: { atMost: 0.65 } },
      {
        goal: 'P11',
        figure: 'rows per second',
        unit: '/s',
        of: ({ rowsPerSecond }: Mixed) => rowsPerSecond,
        ours: 'tuned',
        against: 'defaults',
        limit: { atLeast: 0.97 },
      },
    ],
    (sessions) => sessions.run(SECONDS),
  );
}

class TenSessions implements AsyncDisposable {
  readonly name: Side;
  readonly #child: ChildProcess;

  static async start(side: Side): Promise<TenSessions> {
    const models = MODELS.flatMap((name): TenModel[] => {
      const file = join(REPOSITORIES.batching, name, '1', 'model.onnx');
      return Array.from({ length: COPIES }, () => ({ file, dims: BENCH_MODELS[name].input.dims }));
    });
    const child = fork(fileURLToPath(new URL('./ten-sessions.js', import.meta.url)), [JSON.stringify(models), side]);
    await once(child, 'message');
    return new TenSessions(side, child);
  }

  private constructor(side: Side, child: ChildProcess) {
    this.name = side;
    this.#child = child;
  }

  async run(seconds: number): Promise<Mixed> {
    this.#child.send(seconds);
    const [mixed] = (await once(this.#child, 'message')) as [Mixed];
    return mixed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }
}

/** The whole server, whose threads and messages take most of its memory. */
async function ofTheServer(stage: Stage): Promise<readonly Result[]> {
  const order: Order = { path: MODEL_INFER, bodies: mixedBodies(), callers: 8, connections: 4 };
  if (!takes(stage, 'the whole server with ten models', order)) return [];
  const start = async (name: Side, parameters: Readonly<Record<string, string>>): Promise<Contender> => {
    const models = MODELS.flatMap((model) => writeCopies(`ten-${name}`, model, COPIES, parameters));
    return { name, server: await stage.serve({ repository: repositoryPath(`ten-${name}`), models }), order };
  };
  const megabytes = ({ residentBytes }: Round): number => residentBytes / 1e6;
  const result = await compare(
    stage,
    'the whole server with the same models, requests of 1 to 32 rows, 8 callers',
    [await start('tuned', {}), await start('defaults', RUNTIME_DEFAULTS)],
    [
      { figure: 'RSS', unit: 'MB', of: megabytes, ours: 'tuned', against: 'defaults' },
      { ...RATE, ours: 'tuned', against: 'defaults' },
    ],
    SECONDS,
  );
  return [result];
}

function mixedBodies(): readonly Body[] {
  const names = MODELS.flatMap((model) => Array.from({ length: COPIES }, (_, at) => ({ model, name: `${model}_${at + 1}` })));
  return names.flatMap(({ model, name }) => ROWS.map((rows): Body => ({ message: requestOf(model, name, rows), weight: 1, class: 0 })));
}
