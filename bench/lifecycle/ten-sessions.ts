import { existsSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sessionOptions } from '../../src/backend/onnx/session-options.js';
import { DEFAULT_RUNTIME } from '../../src/wire/runtime-settings.js';
import { createRandom } from '../models/random-weights.js';
import { residentBytes } from '../process-tree.js';
import type { Mixed, TenModel } from './ten-models.js';

/**
 * ONNX Runtime alone: sessions of the models of the first argument, JSON, with the options of the second, `tuned` or `defaults`. Each message, of so many
 * seconds, has it run batches of 1 to 32 rows of all of them, mixed, and is answered with what came of it.
 */
const MAX_ROWS = 32;
const [, , models = '[]', options = 'tuned'] = process.argv;
/** Threads are the same, so that nothing but memory differs. */
const DEFAULTS = { intraOpNumThreads: 1, interOpNumThreads: 1 };

interface Loaded {
  readonly session: InferenceSession;
  readonly dims: readonly number[];
  readonly rowSize: number;
  readonly values: Float32Array;
}

const loaded: Loaded[] = [];
const memories = new Map<number, Float32Array>();
for (const { file, dims } of JSON.parse(models) as readonly TenModel[]) {
  if (!existsSync(file)) throw new Error(`there is no ${file}`);
  const session = await InferenceSession.create(file, options === 'tuned' ? sessionOptions(DEFAULT_RUNTIME) : DEFAULTS);
  const rowSize = dims.reduce((product, size) => product * size, 1);
  const values = memories.get(rowSize) ?? new Float32Array(MAX_ROWS * rowSize);
  memories.set(rowSize, values);
  loaded.push({ session, dims, rowSize, values });
}

const random = createRandom(7);

async function runFor(seconds: number): Promise<Mixed> {
  const start = performance.now();
  let rows = 0;
  while (performance.now() - start < seconds * 1000) {
    const model = loaded[Math.floor(random() * loaded.length)];
    if (model === undefined) throw new RangeError('no model');
    const count = 1 + Math.floor(random() * MAX_ROWS);
    const input = new Tensor('float32', model.values.subarray(0, count * model.rowSize), [count, ...model.dims]);
    await model.session.run({ input });
    rows += count;
  }
  return { rowsPerSecond: rows / ((performance.now() - start) / 1000), residentBytes: residentBytes(process.pid) };
}

process.on('message', (seconds: number) => void runFor(seconds).then((mixed) => process.send?.(mixed)));
process.send?.('ready');
