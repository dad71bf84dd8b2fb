import { readdirSync, readFileSync } from 'node:fs';
import type { OutputTensor, TestTensor } from './facades.js';
import { EXAMPLE_MODELS, ROOT } from './running-app.js';
import type { Value, WireDatatype } from './tensor-codec.js';

const INPUTS = `${ROOT}examples/inputs`;

/** One of examples/inputs/*.heldout.json: rows that no model has seen, with their true labels. */
export interface HeldOut {
  readonly model: string;
  readonly task: 'classification' | 'regression';
  readonly label_output: string;
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: WireDatatype;
    readonly shape: readonly number[];
    readonly values: readonly Value[];
  }[];
  readonly labels: readonly (number | string)[];
}

/** One entry of examples/inputs/metrics.json: what the training script found on these rows. */
export interface Metric {
  readonly model: string;
  readonly version: string;
  readonly metric: 'accuracy' | 'r2';
  readonly rows: number;
  readonly correct?: number;
  readonly value: number;
}

export const HELD_OUT: readonly HeldOut[] = readdirSync(INPUTS)
  .filter((file) => file.endsWith('.heldout.json'))
  .map((file) => JSON.parse(readFileSync(`${INPUTS}/${file}`, 'utf8')) as HeldOut);

const metrics = JSON.parse(readFileSync(`${INPUTS}/metrics.json`, 'utf8')) as Readonly<Record<string, Metric>>;

/** Every version of every model that has held-out rows. */
export const METRICS: readonly Metric[] = Object.values(metrics);

export function heldOut(model: string): HeldOut {
  const found = HELD_OUT.find((each) => each.model === model);
  if (found === undefined) throw new Error(`there are no held-out rows for ${model}`);
  return found;
}

export function modelFile({ model, version }: { readonly model: string; readonly version: string }): string {
  return `${EXAMPLE_MODELS}/${model}/${version}/model.onnx`;
}

/** Rows `from` to `to` (not counted) of a model's inputs. */
export function rowsOf({ inputs }: HeldOut, from = 0, to = Number.POSITIVE_INFINITY): TestTensor[] {
  return inputs.map((input) => sliceRows(input, from, to));
}

/** Rows `from` to `to` (not counted) of a tensor. */
export function sliceRows<T extends TestTensor | OutputTensor>(tensor: T, from: number, to: number): T {
  const [rows = 0, ...rest] = tensor.shape.map(Number);
  const end = Math.min(to, rows);
  const width = rest.reduce((product, size) => product * size, 1);
  return { ...tensor, shape: [end - from, ...rest], values: tensor.values.slice(from * width, end * width) };
}

/** The ranges that cut `rows` rows into pieces of `size`. */
export function cutRows(rows: number, size: number): { readonly from: number; readonly to: number }[] {
  return Array.from({ length: Math.ceil(rows / size) }, (_, at) => ({ from: at * size, to: Math.min(rows, (at + 1) * size) }));
}

/** Joins what pieces of a request were answered, in the order given. */
export function joinRows(pieces: readonly OutputTensor[]): OutputTensor {
  const [first] = pieces;
  if (first === undefined) throw new Error('no piece to join');
  const rows = pieces.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  return { ...first, shape: [rows, ...first.shape.slice(1)], values: pieces.flatMap(({ values }) => values) };
}
