/** Sizes of each axis, outermost first: safe non-negative integers. [] is a scalar. */
export type Shape = readonly number[];

/** A shape in which -1 stands for an axis of any size, as models declare them. */
export type ShapePattern = readonly number[];

/** Product of the axes; undefined where it is beyond the safe integers, so that no overflow goes unseen. */
export function elementCount(shape: Shape): number | undefined {
  let count = 1;
  let overflowed = false;
  for (const size of shape) {
    if (size === 0) return 0;
    count *= size;
    if (!Number.isSafeInteger(count)) overflowed = true;
  }
  return overflowed ? undefined : count;
}

export function formatShape(shape: readonly (number | bigint)[]): string {
  const shown = shape.length > 8 ? [...shape.slice(0, 8), '…'] : shape;
  return `[${shown.join(',')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) {
    if (a[axis] !== b[axis]) return false;
  }
  return true;
}
