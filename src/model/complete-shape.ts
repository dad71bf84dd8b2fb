import { canReshape, fillVariable } from '../tensor/reshape.js';
import { formatShape, type ShapePattern, sameShape } from '../tensor/shape.js';
import type { TensorSettings } from './spec.js';

/** What requests see of a tensor, and what the model itself wants where that is another shape. */
export type CompletedShape =
  | { readonly dims: ShapePattern; readonly modelDims: ShapePattern | undefined }
  /** Why the settings cannot be those of the model's tensor. */
  | { readonly problem: string };

/** Joins what the settings say of a tensor's shape with the model's `own`, all without the batch axis: what either fixes is fixed. */
export function completeShape(settings: TensorSettings, own: ShapePattern, isBatched: boolean): CompletedShape {
  const { dims, reshape } = settings;
  if (dims === undefined) {
    return reshape === undefined ? { dims: own, modelDims: undefined } : { problem: 'a reshape needs dims, which say what requests see' };
  }
  const target = reshape ?? (isScalar(dims, own, isBatched) ? own : dims);
  if (!canReshape(dims, target))
    return { problem: `the reshape ${formatShape(target)} has not as many elements as dims ${formatShape(dims)}` };
  if (!agree(target, own)) {
    const configured = reshape === undefined ? 'dims are' : 'the dims of the reshape are';
    return { problem: `${configured} configured as ${formatShape(target)}, but the model's are ${formatShape(own)}` };
  }
  const sizes = own.filter((_, axis) => target[axis] === -1);
  const completed = fillVariable(dims, sizes);
  const modelDims = fillVariable(target, sizes);
  return { dims: completed, modelDims: sameShape(completed, modelDims) ? undefined : modelDims };
}

/** Triton knows no scalars: without a batch axis, dims of one element stand for one. */
function isScalar(dims: ShapePattern, own: ShapePattern, isBatched: boolean): boolean {
  return !isBatched && own.length === 0 && dims.every((size) => size === 1);
}

/** Of equal rank, and no axis fixed to two sizes. */
function agree(a: ShapePattern, b: ShapePattern): boolean {
  return a.length === b.length && a.every((size, axis) => size === -1 || b[axis] === -1 || size === b[axis]);
}
