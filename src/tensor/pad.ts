import type { PadFill } from './pad-fill.js';
import { offsetBehind } from './rows.js';
import { elementCount, type Shape } from './shape.js';
import type { Tensor } from './tensor.js';

/** How a tensor lies in memory around one axis: what belongs to one index of the axes before it, `outer` of them, is in one piece. */
interface AxisLayout {
  readonly outer: number;
  /** Elements of one index of the axis. */
  readonly inner: number;
}

function layoutAround(shape: Shape, axis: number): AxisLayout {
  const outer = elementCount(shape.slice(0, axis));
  const inner = elementCount(shape.slice(axis + 1));
  if (outer === undefined || inner === undefined) throw new RangeError('tensor size is beyond the safe integers');
  return { outer, inner };
}

/** Appends the tensor's data with `axis` filled up to `length`, as views of it and of the fill; gives the bytes appended. */
export function padInto(parts: Uint8Array[], tensor: Tensor, axis: number, length: number, fill: PadFill): number {
  const { shape, data } = tensor;
  const own = shape[axis] ?? 0;
  if (own === length) {
    parts.push(data);
    return data.length;
  }
  const { outer, inner } = layoutAround(shape, axis);
  let bytes = data.length;
  for (let place = 0, start = 0; place < outer; place++) {
    const end = offsetBehind(tensor, start, own * inner);
    parts.push(data.subarray(start, end));
    bytes += fill.addTo(parts, (length - own) * inner);
    start = end;
  }
  return bytes;
}

/** Appends a mask for a tensor of `shape` that is padded along `axis` up to `length`: ones where it has elements, zeros behind them; gives the bytes appended. */
export function maskInto(parts: Uint8Array[], shape: Shape, axis: number, length: number, ones: PadFill, zeros: PadFill): number {
  const own = shape[axis] ?? 0;
  const { outer, inner } = layoutAround(shape, axis);
  if (own === length) return ones.addTo(parts, outer * own * inner);
  let bytes = 0;
  for (let place = 0; place < outer; place++) {
    bytes += ones.addTo(parts, own * inner);
    bytes += zeros.addTo(parts, (length - own) * inner);
  }
  return bytes;
}

/** The first `length` indices of `axis`, which has at least as many: a view where they lie in one piece, or else one copy. */
export function unpad(tensor: Tensor, axis: number, length: number): Tensor {
  const { name, datatype, shape, data } = tensor;
  const padded = shape[axis] ?? 0;
  if (padded === length) return tensor;
  const { outer, inner } = layoutAround(shape, axis);
  const own = shape.with(axis, length);
  if (outer === 1) return { name, datatype, shape: own, data: data.subarray(0, offsetBehind(tensor, 0, length * inner)) };
  const pieces: Uint8Array[] = [];
  for (let place = 0, start = 0; place < outer; place++) {
    const end = offsetBehind(tensor, start, length * inner);
    pieces.push(data.subarray(start, end));
    start = offsetBehind(tensor, end, (padded - length) * inner);
  }
  return { name, datatype, shape: own, data: joined(pieces) };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  let bytes = 0;
  for (const { length } of pieces) bytes += length;
  const data = new Uint8Array(bytes);
  let offset = 0;
  for (const piece of pieces) {
    data.set(piece, offset);
    offset += piece.length;
  }
  return data;
}
