import { dirname, join } from 'node:path';
import { abortReason } from '../backend/abort.js';
import { quote } from '../error/quote.js';
import { ServingError } from '../error/serving-error.js';
import type { ModelSource } from '../model/source.js';
import type { ModelSpec, WarmupInput, WarmupSettings } from '../model/spec.js';
import { orderInputs, validateRequest } from '../model/validate.js';
import { elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { FileProblem, readModelFile } from './model-file.js';
import { randomData, warmUpBytes, zeroData } from './warm-up-data.js';

const DIRECTORY = 'warmup';

/** What one run may bring, and what all warm-ups of a model may hold: several times the largest message that clients may send by default. */
const MAX_BYTES = 1024 ** 3;

/** A run that instances do before they serve, checked as if a client had sent it. */
export interface WarmUp {
  readonly name: string;
  /** How many times it runs. */
  readonly count: number;
  /** How many times the one row that `inputs` have is in a run; 1 where the model has no batch axis. */
  readonly rows: number;
  /** In the model's order. */
  readonly inputs: readonly Tensor[];
}

export interface WarmUpParts {
  readonly source: ModelSource;
  readonly spec: ModelSpec;
  /** What only the model's backend can tell of inputs. */
  readonly model: { checkInputs?(inputs: readonly Tensor[]): void };
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * Makes the runs that the settings ask for. Rejects with `load_failed` for one that the model would refuse of a client or that is too large: its message
 * names the warm-up, the input, what was expected and what was given; or with the signal's reason.
 */
export async function prepareWarmUps(parts: WarmUpParts, signal: AbortSignal): Promise<readonly WarmUp[]> {
  const warmUps: WarmUp[] = [];
  let held = 0;
  for (const settings of parts.source.settings.warmups) {
    try {
      const warmUp = await prepare(settings, parts, signal);
      held += bytesOf(warmUp.inputs);
      if (held > MAX_BYTES) throw problem(`brings the model's warm-ups to ${held} bytes, expected at most ${MAX_BYTES}`);
      warmUps.push(warmUp);
    } catch (error) {
      throw signal.aborted ? abortReason(signal) : unfit(error, settings, parts);
    }
  }
  return warmUps;
}

async function prepare(settings: WarmupSettings, parts: WarmUpParts, signal: AbortSignal): Promise<WarmUp> {
  const { name, count, batchSize, inputs } = settings;
  const { spec, model } = parts;
  assertBatchSize(batchSize, spec);
  assertRunBytes(declaredBytes(inputs) * batchSize);
  const tensors: Tensor[] = [];
  for (const input of inputs) tensors.push(await makeTensor(input, parts, signal));
  // Text of a file may be longer than was declared.
  assertRunBytes(bytesOf(tensors) * batchSize);
  const version = { kind: 'version', version: spec.version } as const;
  const request = { model: spec.model, version, requestId: '', inputs: tensors, outputNames: [], priority: 0 };
  validateRequest(request, spec);
  const ordered = orderInputs(request, spec);
  model.checkInputs?.(ordered);
  return { name, count, rows: batchSize, inputs: ordered };
}

function assertBatchSize(batchSize: number, { maxBatchSize }: ModelSpec): void {
  if (batchSize <= Math.max(1, maxBatchSize)) return;
  const expected = maxBatchSize === 0 ? '1, as the model has no batch axis' : `at most ${maxBatchSize}`;
  throw problem(`has batch_size ${batchSize}, expected ${expected}`);
}

function assertRunBytes(bytes: number): void {
  if (bytes > MAX_BYTES) throw problem(`has runs of ${bytes} bytes, expected at most ${MAX_BYTES}`);
}

/** Inexact where it is immense. */
function declaredBytes(inputs: readonly WarmupInput[]): number {
  const sizes = inputs.map(({ datatype, dims }) => dims.reduce((product, size) => product * size, warmUpBytes(datatype, 1)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function makeTensor(input: WarmupInput, parts: WarmUpParts, signal: AbortSignal): Promise<Tensor> {
  const { name, datatype, dims } = input;
  const data = await makeData(input, elementCount(dims) ?? 0, parts, signal);
  return { name, datatype, shape: parts.spec.maxBatchSize > 0 ? [1, ...dims] : dims, data };
}

async function makeData(
  { name, datatype, data }: WarmupInput,
  count: number,
  parts: WarmUpParts,
  signal: AbortSignal,
): Promise<Uint8Array> {
  switch (data.kind) {
    case 'zero':
      return zeroData(datatype, count);
    case 'random':
      return randomData(datatype, count, parts.random);
    case 'file': {
      const directory = join(dirname(parts.source.directory), DIRECTORY);
      const content = await readFileOf(directory, data.name, name, signal);
      // As in Triton, a file may hold more than is needed of it.
      return datatype === 'BYTES' ? content : content.subarray(0, warmUpBytes(datatype, count));
    }
  }
}

async function readFileOf(directory: string, file: string, input: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await readModelFile(directory, file, MAX_BYTES, signal);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw problem(`has input ${quote(input)} of file ${quote(file)}, which ${error.message}`, error);
  }
}

function bytesOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, { data }) => sum + data.length, 0);
}

function problem(text: string, cause?: unknown): ServingError {
  return new ServingError('load_failed', text, undefined, cause);
}

function unfit(error: unknown, { name }: WarmupSettings, { spec }: WarmUpParts): ServingError {
  const { code, message, cause } = ServingError.from(error);
  const where = `model ${quote(spec.model)}: warm-up ${quote(name)}`;
  if (code === 'load_failed') return problem(`${where} ${message}`, cause);
  return code === 'invalid_request' ? problem(`${where}: ${message}`, error) : ServingError.from(error);
}
