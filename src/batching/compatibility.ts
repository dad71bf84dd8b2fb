import type { ModelSpec } from '../model/spec.js';
import type { Tensor } from '../tensor/tensor.js';

/** Tells whether requests may share a batch: those whose keys are equal. */
export type BatchKeyOf = (inputs: readonly Tensor[]) => string;

/**
 * Requests share a batch when each input has the same row shape. Where the model fixes every axis but the batch's, validation has
 * already seen to that and the key is a constant.
 */
export function batchKeyFor(spec: ModelSpec): BatchKeyOf {
  const fixed = spec.inputs.every(({ dims }) => !dims.includes(-1));
  return spec.maxBatchSize === 0 || fixed ? () => '' : rowShapes;
}

function rowShapes(inputs: readonly Tensor[]): string {
  let key = '';
  for (const { shape } of inputs) {
    for (let axis = 1; axis < shape.length; axis++) key += `${shape[axis]},`;
    key += ';';
  }
  return key;
}
