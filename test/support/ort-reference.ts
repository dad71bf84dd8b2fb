import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ReferenceResult, ReferenceRun, ReferenceTensor } from '../fixtures/ort-worker.js';
import type { OutputTensor, TestTensor } from './facades.js';
import type { WireDatatype } from './tensor-codec.js';

const WORKER = new URL('../fixtures/ort-worker.js', import.meta.url);
const DATATYPES = { float32: 'FP32', int64: 'INT64', string: 'BYTES' } as const satisfies Record<ReferenceTensor['type'], WireDatatype>;

/** ONNX Runtime's own answers, from a thread of its own: its native module cannot be loaded inside jest's. */
export class OrtReference implements AsyncDisposable {
  readonly #worker = new Worker(WORKER, { execArgv: [] });

  /** Runs the model file once on all rows of `inputs`. One run at a time. */
  async run(path: string, inputs: readonly TestTensor[]): Promise<readonly OutputTensor[]> {
    const message: ReferenceRun = { path, inputs: inputs.map(toReference) };
    this.#worker.postMessage(message);
    const [result] = (await once(this.#worker, 'message')) as [ReferenceResult];
    if ('error' in result) throw new Error(result.error);
    return result.outputs.map(({ name, type, dims, data }) => ({ name, datatype: DATATYPES[type], shape: dims, values: [...data] }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Of the reference's value: a batch of another size may add its numbers up in another order. */
const TOLERANCE = 1e-5;

/** Places where an answer is not the reference's. */
export function differences(
  given: OutputTensor,
  expected: OutputTensor,
): { readonly at: number; readonly expected: unknown; readonly given: unknown }[] {
  const same = expected.datatype === 'FP32' ? areClose : (a: unknown, b: unknown) => a === b;
  return expected.values.flatMap((value, at) => (same(given.values[at], value) ? [] : [{ at, expected: value, given: given.values[at] }]));
}

function areClose(given: unknown, expected: unknown): boolean {
  return Math.abs(Number(given) - Number(expected)) <= TOLERANCE * Math.abs(Number(expected));
}

function toReference({ name, datatype, shape, values }: TestTensor): ReferenceTensor {
  const dims = shape.map(Number);
  if (datatype === 'FP32') return { name, type: 'float32', dims, data: Float32Array.from(values.map(Number)) };
  if (datatype === 'BYTES') return { name, type: 'string', dims, data: values.map(String) };
  throw new Error(`input ${name} is ${datatype}`);
}
