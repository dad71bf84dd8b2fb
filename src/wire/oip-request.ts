import { quote } from '../error/quote.js';
import { invalidRequest, ServingError } from '../error/serving-error.js';
import type { InferParameter, ModelInferRequest, ModelInferRequest_InferInputTensor } from '../gen/inference/infer.js';
import { parseVersionReference, type VersionReference } from '../model/id.js';
import type { InferRequest } from '../model/infer.js';
import { DATATYPES, type Datatype, isDatatype } from '../tensor/datatype.js';
import { elementCount } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { encodeContents } from './oip-contents.js';
import { parseShape } from './wire-shape.js';

const SHARED_MEMORY = 'shared_memory_region';
const CLASSIFICATION = 'classification';

/**
 * A ModelInferRequest as the data plane takes it. Raw contents stay views of the message. Throws `invalid_request`, with the phrases that
 * Triton's clients match on, and `unsupported` for shared memory and classification. Whether the tensors fit the model is not looked at.
 */
export function parseModelInferRequest(message: ModelInferRequest): InferRequest {
  return {
    model: message.modelName,
    version: parseVersionReference(message.modelVersion),
    requestId: message.id,
    inputs: message.rawInputContents.length > 0 ? parseRawInputs(message) : parseTypedInputs(message),
    outputNames: parseOutputNames(message),
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

function parseRawInputs({ modelName: model, inputs, rawInputContents: raw }: ModelInferRequest): Tensor[] {
  for (const input of inputs) assertNoSharedMemory('input', input);
  if (inputs.length !== raw.length) throw countMismatch(inputs.length, raw.length, model);
  const tensors: Tensor[] = [];
  for (let at = 0; at < inputs.length; at++) {
    const input = inputs[at];
    const data = raw[at];
    if (input === undefined || data === undefined) break;
    if (input.contents !== undefined) throw contentsBesideRaw(input, model);
    tensors.push(parseInput(input, model, data));
  }
  return tensors;
}

function parseTypedInputs({ modelName: model, inputs }: ModelInferRequest): Tensor[] {
  return inputs.map((input) => {
    assertNoSharedMemory('input', input);
    const datatype = parseDatatype(input, model);
    const data = input.contents && encodeContents({ name: input.name, datatype, model }, input.contents);
    const tensor = parseInput(input, model, data ?? new Uint8Array(0));
    if (data === undefined && elementCount(tensor.shape) !== 0) {
      throw invalidRequest(`unable to find data for input tensor ${quote(input.name)} for model ${quote(model)} in request.`);
    }
    return tensor;
  });
}

function parseInput(input: ModelInferRequest_InferInputTensor, model: string, data: Uint8Array): Tensor {
  const { name, shape } = input;
  return { name, datatype: parseDatatype(input, model), shape: parseShape(shape, name, model), data };
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
    assertNoSharedMemory('output', output);
    if (Object.hasOwn(output.parameters, CLASSIFICATION)) {
      throw new ServingError('unsupported', `classification of output ${quote(output.name)} is not supported: ask for the output itself`);
    }
    names.push(output.name);
  }
  return names;
}

interface WithParameters {
  readonly name: string;
  readonly parameters: Readonly<Record<string, InferParameter>>;
}

function assertNoSharedMemory(kind: 'input' | 'output', { name, parameters }: WithParameters): void {
  if (!Object.hasOwn(parameters, SHARED_MEMORY)) return;
  throw new ServingError('unsupported', `shared memory is not supported: ${kind} ${quote(name)} names a ${SHARED_MEMORY}`);
}

function contentsBesideRaw({ name }: ModelInferRequest_InferInputTensor, model: string): ServingError {
  return invalidRequest(`contents field must not be specified when using raw_input_contents for ${quote(name)} for model ${quote(model)}`);
}

function countMismatch(inputs: number, raw: number, model: string): ServingError {
  return invalidRequest(`expected ${inputs} raw_input_contents entries for ${inputs} inputs for model ${quote(model)}, got ${raw}`);
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
