import type { ModelSpec } from '../model/spec.js';
import type { Tensor } from '../tensor/tensor.js';

/** Tells whether requests may share a batch: those whose keys are equal. */
export type BatchKeyOf = (inputs: readonly Tensor[]) => string;

/**
 * Requests share a batch when they bring the same inputs, each with the same row shape. Where the model needs all of them and fixes every axis
 * but the batch's, validation has already seen to that and the key is a constant.
 */
export function batchKeyFor(spec: ModelSpec): BatchKeyOf {
  if (spec.maxBatchSize > 0 && spec.inputs.some(({ optional }) => optional === true)) return placedRowShapes(spec);
  const fixed = spec.inputs.every(({ dims }) => !dims.includes(-1));
  return spec.maxBatchSize === 0 || fixed ? () => '' : rowShapes;
}

/** Each input by its place in the model: a name could hold what separates the others. */
function placedRowShapes(spec: ModelSpec): BatchKeyOf {
  const places = new Map(spec.inputs.map(({ name }, place) => [name, place]));
  return (inputs) => `${inputs.map(({ name }) => places.get(name)).join(',')}|${rowShapes(inputs)}`;
}

function rowShapes(inputs: readonly Tensor[]): string {
  let key = '';
  for (const { shape } of inputs) {
    for (let axis = 1; axis < shape.length; axis++) key += `${shape[axis]},`;
    key += ';';
  }
  return key;
}
