import { quote } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';
import { isNumeric } from '../tensor/numbers.js';
import type { InferRequest } from './infer.js';
import type { TensorSpec } from './spec.js';

/** Throws `invalid_request` for an output that has no classes, in Triton's words. Every name is one of the outputs. */
export function assertClassifiable(classCounts: NonNullable<InferRequest['classCounts']>, outputs: readonly TensorSpec[]): void {
  for (const { name, datatype } of outputs) {
    if (isNumeric(datatype) || !classCounts.has(name)) continue;
    throw invalidRequest(`class result not available for output due to unsupported type '${datatype}': output ${quote(name)}`);
  }
}
