import { quote } from '../error/quote.js';
import { invalidRequest, ServingError } from '../error/serving-error.js';
import type { InferParameter, ModelInferRequest, ModelInferRequest_InferInputTensor } from '../gen/inference/infer.js';
import { parseVersionReference, type VersionReference } from '../model/id.js';
import type { InferRequest } from '../model/infer.js';
import type { TensorMemory } from '../model/tensor-memory.js';
import { DATATYPES, type Datatype, isDatatype } from '../tensor/datatype.js';
import { elementCount, type Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { parseClassCounts } from './oip-classification.js';
import { encodeContents } from './oip-contents.js';
import { type InputMemory, type OutputPlaces, parseInputMemory, parseOutputMemory, readInput } from './oip-memory.js';
import { withRequestId } from './request-id.js';
import { parseShape } from './wire-shape.js';

const NO_DATA = new Uint8Array(0);

/** What the facade alone knows of a request. Absent is the common case: no shared memory. */
export interface OipInferRequest extends InferRequest {
  /** Where outputs go that are not for the response message. */
  readonly outputPlaces?: OutputPlaces | undefined;
  /** What was read from shared memory: the message does not hold it. */
  readonly memoryBytes?: number | undefined;
}

/**
 * A ModelInferRequest as the data plane takes it. Raw contents stay views of the message, inputs in `memory` are copied. Throws `invalid_request`, with the
 * phrases that Triton's clients match on; what TensorMemory throws, or `unsupported` without one. Whether the tensors fit the model is not looked at.
 */
export function parseModelInferRequest(message: ModelInferRequest, memory?: TensorMemory): OipInferRequest {
  const inMemory = parseInputMemory(message, memory);
  return {
    model: message.modelName,
    version: parseVersionReference(message.modelVersion),
    requestId: message.id,
    inputs: message.rawInputContents.length > 0 ? parseRawInputs(message, inMemory) : parseTypedInputs(message, inMemory),
    memoryBytes: inMemory?.byteSize,
    outputNames: parseOutputNames(message),
    classCounts: parseClassCounts(message.outputs),
    outputPlaces: parseOutputMemory(message, memory),
    priority: parseCount('priority', message.parameters['priority']),
    queueTimeoutUs: parseCount('timeout', message.parameters['timeout']),
  };
}

/**
 * The error as the OIP facade answers it. Triton's clients know no aliases: to them an unknown one is a malformed version, which Triton refuses
 * before it looks for the model.
 */
export function oipErrorOf(error: ServingError, version: VersionReference): ServingError {
  if (version.kind !== 'alias' || error.code !== 'model_not_found') return error;
  const problem = `failed to get model version from specified version string ${quote(version.alias)}: ${error.message}`;
  return new ServingError('invalid_request', problem, undefined, error);
}

/** The error of a request that could be parsed, as the OIP facade answers it. */
export function inferErrorOf(error: ServingError, { requestId, version }: InferRequest): ServingError {
  return oipErrorOf(withRequestId(error, requestId), version);
}

/** Raw entries are those of the inputs that are not in shared memory, in their order. */
function parseRawInputs(message: ModelInferRequest, inMemory: InputMemory | undefined): Tensor[] {
  const { modelName: model, inputs, rawInputContents: raw } = message;
  const expected = inputs.length - (inMemory?.ranges.size ?? 0);
  if (expected !== raw.length) throw countMismatch(message, expected);
  const tensors: Tensor[] = [];
  let next = 0;
  for (const input of inputs) {
    const shared = inMemory && parseSharedInput(input, message, inMemory);
    const data = shared === undefined ? raw[next++] : shared.data;
    if (data === undefined) break;
    if (input.contents !== undefined) throw contentsBesideRaw(input, model);
    tensors.push(shared ?? parseInput(input, message, data));
  }
  return tensors;
}

function parseTypedInputs(message: ModelInferRequest, inMemory: InputMemory | undefined): Tensor[] {
  return message.inputs.map((input) => {
    const shared = inMemory && parseSharedInput(input, message, inMemory);
    return shared ?? parseTypedInput(input, message);
  });
}

function parseTypedInput(input: ModelInferRequest_InferInputTensor, message: ModelInferRequest): Tensor {
  const { modelName: model } = message;
  const datatype = parseDatatype(input, model);
  const data = input.contents && encodeContents({ name: input.name, datatype, model }, input.contents);
  const tensor = parseInput(input, message, data ?? NO_DATA);
  if (data === undefined && elementCount(tensor.shape) !== 0) {
    throw invalidRequest(`unable to find data for input tensor ${quote(input.name)} for model ${quote(model)} in request.`);
  }
  return tensor;
}

/** Undefined for an input whose data is in the message. */
function parseSharedInput(
  input: ModelInferRequest_InferInputTensor,
  message: ModelInferRequest,
  { memory, ranges }: InputMemory,
): Tensor | undefined {
  const range = ranges.get(input);
  if (range === undefined) return undefined;
  const tensor = parseInput(input, message, NO_DATA);
  return { ...tensor, data: readInput(tensor, range, memory, message) };
}

function parseInput(input: ModelInferRequest_InferInputTensor, message: ModelInferRequest, data: Uint8Array): Tensor {
  return { name: input.name, datatype: parseDatatype(input, message.modelName), shape: parseInputShape(input, message), data };
}

function parseInputShape({ name, shape }: ModelInferRequest_InferInputTensor, { id, modelName }: ModelInferRequest): Shape {
  try {
    return parseShape(shape, name, modelName);
  } catch (error) {
    throw withRequestId(ServingError.from(error), id);
  }
}

function parseDatatype({ name, datatype }: ModelInferRequest_InferInputTensor, model: string): Datatype {
  if (isDatatype(datatype)) return datatype;
  throw invalidRequest(
    `inference input ${quote(name)} data-type is ${quote(datatype)} for model ${quote(model)}, expected one of ${DATATYPES.join(', ')}`,
  );
}

function parseOutputNames({ outputs }: ModelInferRequest): string[] {
  const names: string[] = [];
  for (const output of outputs) {
    names.push(output.name);
  }
  return names;
}

function contentsBesideRaw({ name }: ModelInferRequest_InferInputTensor, model: string): ServingError {
  return invalidRequest(`contents field must not be specified when using raw_input_contents for ${quote(name)} for model ${quote(model)}`);
}

function countMismatch({ modelName, inputs, rawInputContents: raw }: ModelInferRequest, expected: number): ServingError {
  const which = expected === inputs.length ? '' : ' outside shared memory';
  return invalidRequest(
    `expected ${expected} raw_input_contents entries for ${expected} inputs${which} for model ${quote(modelName)}, got ${raw.length}`,
  );
}

/** Triton's clients send a priority as uint64 and a timeout as int64; either may be either. */
function parseCount(name: string, parameter: InferParameter | undefined): number {
  const choice = parameter?.parameterChoice;
  if (choice === undefined) return 0;
  const number = choice.$case === 'uint64Param' || choice.$case === 'int64Param' ? choice.value : undefined;
  if (number !== undefined && number >= 0n && number <= Number.MAX_SAFE_INTEGER) return Number(number);
  throw invalidRequest(
    `parameter ${quote(name)} must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, got ${quote(String(choice.value))}`,
  );
}
