import { quote } from '../error/quote.js';
import { invalidRequest, type ServingError } from '../error/serving-error.js';
import type { InferParameter } from '../gen/inference/infer.js';
import type { MemoryRange } from '../model/tensor-memory.js';

const REGION = 'shared_memory_region';
const OFFSET = 'shared_memory_offset';
const BYTE_SIZE = 'shared_memory_byte_size';

type Parameters = Readonly<Record<string, InferParameter>>;

/** An input, or an output as it is asked for. */
export interface ParametrisedTensor {
  readonly name: string;
  readonly parameters: Parameters;
}

/**
 * Where a tensor's data lies, as its parameters say; undefined where they name no region. Throws `invalid_request`, with the phrases that Triton's clients
 * match on. Whether there is such a region is not looked at.
 */
export function parseMemoryRange({ name, parameters }: ParametrisedTensor): MemoryRange | undefined {
  if (isEmpty(parameters)) return undefined;
  const region = parseText(REGION, name, parameters);
  const offset = parseInteger(OFFSET, name, parameters);
  const byteSize = parseInteger(BYTE_SIZE, name, parameters);
  if (region === undefined) {
    if (offset !== undefined) throw withoutRegion(OFFSET, name);
    if (byteSize !== undefined) throw withoutRegion(BYTE_SIZE, name);
    return undefined;
  }
  if (byteSize === undefined) throw withoutByteSize(name);
  if (!isSize(offset ?? 0n)) throw invalidRequest(`Invalid offset for shared memory region: ${quote(region)}`);
  if (!isSize(byteSize)) throw invalidRequest(`Invalid offset + byte size for shared memory region: ${quote(region)}`);
  return { region, offset: Number(offset ?? 0n), byteSize: Number(byteSize) };
}

/** The one question that a request without shared memory costs: cheaper than to look for any one parameter. */
function isEmpty(parameters: Parameters): boolean {
  for (const _name in parameters) return false;
  return true;
}

function parseText(parameter: string, tensor: string, parameters: Parameters): string | undefined {
  if (!Object.hasOwn(parameters, parameter)) return undefined;
  const choice = parameters[parameter]?.parameterChoice;
  if (choice?.$case === 'stringParam') return choice.value;
  throw invalidType(parameter, tensor, 'string_param');
}

function parseInteger(parameter: string, tensor: string, parameters: Parameters): bigint | undefined {
  if (!Object.hasOwn(parameters, parameter)) return undefined;
  const choice = parameters[parameter]?.parameterChoice;
  if (choice?.$case === 'int64Param') return choice.value;
  throw invalidType(parameter, tensor, 'int64_param');
}

function isSize(size: bigint): boolean {
  return size >= 0n && size <= Number.MAX_SAFE_INTEGER;
}

function invalidType(parameter: string, tensor: string, expected: string): ServingError {
  return invalidRequest(`invalid value type for '${parameter}' parameter for tensor ${quote(tensor)}, expected ${expected}.`);
}

function withoutRegion(parameter: string, tensor: string): ServingError {
  return invalidRequest(`'${parameter}' can not be specified without '${REGION}' parameter for tensor ${quote(tensor)}`);
}

function withoutByteSize(tensor: string): ServingError {
  return invalidRequest(`'${BYTE_SIZE}' must be specified along with '${REGION}' parameter for tensor ${quote(tensor)}`);
}
