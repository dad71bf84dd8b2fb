import { ModelInferRequest } from '../../src/gen/inference/infer.js';
import { InferStreamRequest, OnError, Ordering, OutputEncoding } from '../../src/gen/millrace/v1/inference.js';
import { Datatype } from '../../src/gen/millrace/v1/tensor.js';
import { BENCH_MODELS, type BenchModel, type BenchModelName } from './bench-models.js';
import { createRandom, normal } from './random-weights.js';

/** One row of a model, serialised; `length` takes the place of the axis that may be of any length. */
export function oneRow(name: BenchModelName, length = 1, seed = 7): Uint8Array {
  return requestOf(name, name, 1, length, seed);
}

/** Rows for a model that is like one of ours and may be called otherwise. */
export function requestOf(name: BenchModelName, modelName: string, rows: number, length = 1, seed = 7): Uint8Array {
  const { input }: BenchModel = BENCH_MODELS[name];
  const shape = [rows, ...input.dims.map((size) => (size === -1 ? length : size))];
  const random = createRandom(seed);
  const count = shape.reduce((product, size) => product * size, 1);
  const values =
    input.datatype === 'INT64'
      ? BigInt64Array.from({ length: count }, () => BigInt(Math.floor(random() * 1000)))
      : Float32Array.from({ length: count }, random);
  return ModelInferRequest.encode({
    modelName,
    modelVersion: '',
    id: '',
    parameters: {},
    inputs: [{ name: input.name, datatype: input.datatype, shape: shape.map(BigInt), parameters: {}, contents: undefined }],
    outputs: [],
    rawInputContents: [new Uint8Array(values.buffer)],
  }).finish();
}

/** Lengths as texts have them: log-normal around `middle`, from 1 to `most`. */
export function logNormalLengths(count: number, middle: number, spread: number, most: number, seed = 7): readonly number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => Math.min(most, Math.max(1, Math.round(middle * Math.exp(spread * normal(random))))));
}

/** A request that model repeat answers with as many responses, at once. */
export function repeatRequest(answers: number): Uint8Array {
  const input = (name: string, datatype: string, count: number) => ({
    name,
    datatype,
    shape: [BigInt(count)],
    parameters: {},
    contents: undefined,
  });
  return ModelInferRequest.encode({
    modelName: 'repeat',
    modelVersion: '',
    id: '',
    parameters: {},
    inputs: [input('IN', 'INT32', answers), input('DELAY', 'UINT32', answers), input('WAIT', 'UINT32', 1)],
    outputs: [],
    rawInputContents: [new Uint8Array(4 * answers), new Uint8Array(4 * answers), new Uint8Array(4)],
  }).finish();
}

/** A request of model identity whose rows come back one a message. */
export function inferStreamRequest(rows: number, valuesPerRow: number): Uint8Array {
  const lists = { bools: [], ints: [], uints: [], floats: [], doubles: [], strings: [], bytesList: [] };
  const raw = new Uint8Array(4 * rows * valuesPerRow);
  const shape = [BigInt(rows), BigInt(valuesPerRow)];
  return InferStreamRequest.encode({
    model: 'identity',
    version: '',
    requestId: '',
    inputs: [{ name: 'INPUT0', datatype: Datatype.DATATYPE_FP32, shape, raw, ...lists }],
    outputNames: [],
    parameters: {},
    priority: 0,
    outputEncoding: OutputEncoding.OUTPUT_ENCODING_UNSPECIFIED,
    rowsPerMessage: 1,
    ordering: Ordering.ORDERING_UNSPECIFIED,
    onError: OnError.ON_ERROR_UNSPECIFIED,
  }).finish();
}
