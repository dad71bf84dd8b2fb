import { quote } from '../error/quote.js';
import { invalidRequest, ServingError } from '../error/serving-error.js';
import type { ModelInferRequest, ModelInferRequest_InferInputTensor } from '../gen/inference/infer.js';
import type { MemoryRange, OutputMemory, TensorMemory } from '../model/tensor-memory.js';
import { elementBytes } from '../tensor/datatype.js';
import { elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type ParametrisedTensor, parseMemoryRange } from './memory-parameters.js';
import { withRequestId } from './request-id.js';

/** The inputs of a request whose data lies in shared memory. */
export interface InputMemory {
  readonly memory: TensorMemory;
  readonly ranges: ReadonlyMap<ModelInferRequest_InferInputTensor, MemoryRange>;
  /** Of all ranges together. */
  readonly byteSize: number;
}

/** The outputs of a request that go into shared memory, by name. */
export type OutputPlaces = ReadonlyMap<string, OutputMemory>;

const IN_MEMORY = new Uint8Array(0);

/**
 * Undefined, the common case, where no input names a region. Nothing is read yet. Throws `invalid_request`; `too_large` for more than one request may
 * have read; `unsupported` where there is no shared memory.
 */
export function parseInputMemory({ modelName, inputs }: ModelInferRequest, memory: TensorMemory | undefined): InputMemory | undefined {
  let ranges: Map<ModelInferRequest_InferInputTensor, MemoryRange> | undefined;
  let byteSize = 0;
  for (const input of inputs) {
    const range = parseMemoryRange(input);
    if (range === undefined) continue;
    if (memory === undefined) throw notShared('input', input);
    if (input.contents !== undefined) throw contentsBesideMemory(input, modelName);
    ranges ??= new Map();
    ranges.set(input, range);
    byteSize += range.byteSize;
  }
  if (ranges === undefined || memory === undefined) return undefined;
  if (byteSize > memory.maxReadBytes) throw tooLarge(byteSize, memory.maxReadBytes);
  return { memory, ranges, byteSize };
}

/**
 * The data of an input, copied. Data of a fixed size is not read unless there is as much of it as the shape says; how many elements a range of BYTES holds
 * is for validation to find. Throws what `TensorMemory.read` throws, and `invalid_request`.
 */
export function readInput(
  { name, datatype, shape }: Omit<Tensor, 'data'>,
  range: MemoryRange,
  memory: TensorMemory,
  { id, modelName }: ModelInferRequest,
): Uint8Array {
  const size = elementBytes(datatype);
  const count = elementCount(shape);
  if (size > 0 && count !== undefined && count * size !== range.byteSize) {
    const problem = `input byte size mismatch for input ${quote(name)} for model ${quote(modelName)}. Expected ${count * size}, got ${range.byteSize}`;
    throw withRequestId(invalidRequest(problem), id);
  }
  return memory.read(range);
}

/** Undefined, the common case, where no output names a region. Throws what `TensorMemory.reserve` throws, and `unsupported` where there is no shared memory. */
export function parseOutputMemory({ outputs }: ModelInferRequest, memory: TensorMemory | undefined): OutputPlaces | undefined {
  let places: Map<string, OutputMemory> | undefined;
  for (const output of outputs) {
    const range = parseMemoryRange(output);
    if (range === undefined) continue;
    if (memory === undefined) throw notShared('output', output);
    places ??= new Map();
    places.set(output.name, memory.reserve(range));
  }
  return places;
}

/** What the message carries of an output: nothing where its data was written to shared memory. Throws `invalid_request` where it does not fit there. */
export function placeOutput({ name, data }: Tensor, places: OutputPlaces): Uint8Array {
  const place = places.get(name);
  if (place === undefined || data.length === 0) return data;
  if (data.length > place.byteSize) {
    throw invalidRequest(
      `shared memory size specified with the request for output ${quote(name)} (${place.byteSize} bytes) ` +
        `should be at least ${data.length} bytes to hold the results`,
    );
  }
  place.write(data);
  return IN_MEMORY;
}

function notShared(kind: 'input' | 'output', { name }: ParametrisedTensor): ServingError {
  return new ServingError('unsupported', `shared memory is not supported: ${kind} ${quote(name)} names a shared_memory_region`);
}

function contentsBesideMemory({ name }: ModelInferRequest_InferInputTensor, model: string): ServingError {
  return invalidRequest(`unexpected 'content' provided when using shared memory for input tensor ${quote(name)} for model ${quote(model)}`);
}

function tooLarge(byteSize: number, maxReadBytes: number): ServingError {
  return new ServingError(
    'too_large',
    `the request's inputs hold ${byteSize} bytes of shared memory, more than the ${maxReadBytes} that this server reads for one request`,
  );
}
