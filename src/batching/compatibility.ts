import type { ModelSpec, PaddingSpec, TensorSpec } from '../model/spec.js';
import type { Tensor } from '../tensor/tensor.js';

/** Tells whether requests may share a batch: those whose keys are equal. */
export type BatchKeyOf = (inputs: readonly Tensor[]) => string;

/** A request's length along the axes that are padded. */
export type RequestLengthOf = (inputs: readonly Tensor[]) => number;

/**
 * Requests share a batch when they bring the same inputs, each with the same row shape: padded axes and the mask, which is made for whoever leaves it
 * out, do not count. Where the model needs all inputs and fixes every axis but the batch's, validation has already seen to that and the key is a constant.
 */
export function batchKeyFor(spec: ModelSpec): BatchKeyOf {
  const { inputs, maxBatchSize } = spec;
  const { padding } = spec.batching;
  if (maxBatchSize === 0) return constantKey;
  if (inputs.some(({ name, optional }) => optional === true && name !== padding?.mask)) return placedKey(inputs, padding);
  if (inputs.every((input) => isFixed(input, padding))) return constantKey;
  return padding === undefined ? rowShapes : placedKey(inputs, padding);
}

/** 1 without padding; for requests that are validated, so that all their padded axes are of one length. */
export function requestLength({ batching: { padding }, maxBatchSize }: ModelSpec): RequestLengthOf {
  return padding === undefined || maxBatchSize === 0 ? noLength : (inputs) => paddedLength(inputs, padding.inputs);
}

function constantKey(): string {
  return '';
}

function noLength(): number {
  return 1;
}

function isFixed({ name, dims }: TensorSpec, padding: PaddingSpec | undefined): boolean {
  const paddedAxis = padding?.inputs.get(name)?.axis;
  return dims.every((size, axis) => size !== -1 || axis === paddedAxis);
}

/** Each input by its place in the model: a name could hold what separates the others. */
function placedKey(specs: readonly TensorSpec[], padding: PaddingSpec | undefined): BatchKeyOf {
  const places = new Map<string, string>();
  for (const [place, { name }] of specs.entries()) if (name !== padding?.mask) places.set(name, `${place}:`);
  return (inputs) => {
    let key = '';
    for (const { name, shape } of inputs) {
      const place = places.get(name);
      if (place === undefined) continue;
      key += place + rowShape(shape, padding?.inputs.get(name)?.axis);
    }
    return key;
  };
}

function rowShapes(inputs: readonly Tensor[]): string {
  let key = '';
  for (const { shape } of inputs) key += rowShape(shape);
  return key;
}

/** Without the axis of `dims` that is padded, if any. */
function rowShape(shape: readonly number[], paddedAxis?: number): string {
  let text = '';
  for (let axis = 1; axis < shape.length; axis++) if (axis - 1 !== paddedAxis) text += `${shape[axis]},`;
  return `${text};`;
}

function paddedLength(inputs: readonly Tensor[], padded: PaddingSpec['inputs']): number {
  for (const { name, shape } of inputs) {
    const axis = padded.get(name)?.axis;
    if (axis !== undefined) return shape[axis + 1] ?? 0;
  }
  return 0;
}
