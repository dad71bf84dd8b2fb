import { quote } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';
import { formatShape, type Shape } from '../tensor/shape.js';

/** A shape as messages carry it, checked: safe non-negative integers. Throws `invalid_request` that names the input and the model. */
export function parseShape(shape: readonly bigint[], input: string, model: string): Shape {
  const sizes: number[] = [];
  for (const size of shape) {
    if (size < 0n) {
      throw invalidRequest(
        `All input dimensions should be specified for input ${quote(input)} for model ${quote(model)}, got ${formatShape(shape)}`,
      );
    }
    if (size > Number.MAX_SAFE_INTEGER) {
      throw invalidRequest(
        `input ${quote(input)} for model ${quote(model)} has too many elements: a dimension may be at most ${Number.MAX_SAFE_INTEGER}, got ${formatShape(shape)}`,
      );
    }
    sizes.push(Number(size));
  }
  return sizes;
}

/** A checked shape as messages carry it. */
export function toWireShape(shape: readonly number[]): bigint[] {
  const sizes: bigint[] = [];
  for (const size of shape) sizes.push(BigInt(size));
  return sizes;
}
