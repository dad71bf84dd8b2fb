import { quote } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';
import type { ModelInferRequest_InferRequestedOutputTensor } from '../gen/inference/infer.js';

const CLASSIFICATION = 'classification';
const SHARED_MEMORY = 'shared_memory_region';

/**
 * How many classes each output is asked for that is to be answered as such; undefined, for nothing, where none is. Triton's clients send an int64,
 * and a uint64 says the same. Throws `invalid_request` in Triton's words.
 */
export function parseClassCounts(
  outputs: readonly ModelInferRequest_InferRequestedOutputTensor[],
): ReadonlyMap<string, number> | undefined {
  let counts: Map<string, number> | undefined;
  for (const output of outputs) {
    if (!Object.hasOwn(output.parameters, CLASSIFICATION)) continue;
    counts ??= new Map();
    counts.set(output.name, parseClassCount(output));
  }
  return counts;
}

function parseClassCount({ name, parameters }: ModelInferRequest_InferRequestedOutputTensor): number {
  const choice = parameters[CLASSIFICATION]?.parameterChoice;
  if (choice?.$case !== 'int64Param' && choice?.$case !== 'uint64Param') {
    const problem = `invalid value type for '${CLASSIFICATION}' parameter, expected int64_param`;
    throw invalidRequest(`${problem}: output ${quote(name)}`);
  }
  if (choice.value < 1n) {
    throw invalidRequest(`invalid value for '${CLASSIFICATION}' parameter, expected > 0, got ${choice.value} for output ${quote(name)}`);
  }
  if (Object.hasOwn(parameters, SHARED_MEMORY)) {
    throw invalidRequest(`output can't set both '${SHARED_MEMORY}' and '${CLASSIFICATION}': ${quote(name)}`);
  }
  return Number(choice.value);
}
