import { elementCount, type Shape, type ShapePattern } from './shape.js';

/**
 * Whether every shape of the one pattern is a shape of the other with as many elements, axis -1 for axis -1 in their order: the fixed axes
 * between two variable ones must then have the same product on both sides.
 */
export function canReshape(from: ShapePattern, to: ShapePattern): boolean {
  const before = fixedCounts(from);
  const after = fixedCounts(to);
  return before.length === after.length && before.every((count, at) => count !== undefined && count === after[at]);
}

/** Products of the fixed axes before, between and behind the variable ones; undefined where one is beyond counting. */
function fixedCounts(pattern: ShapePattern): (number | undefined)[] {
  const counts: (number | undefined)[] = [];
  let start = 0;
  for (let axis = 0; axis <= pattern.length; axis++) {
    if (axis < pattern.length && pattern[axis] !== -1) continue;
    counts.push(elementCount(pattern.slice(start, axis)));
    start = axis + 1;
  }
  return counts;
}

/** The pattern with these sizes for its variable axes, in their order. */
export function fillVariable(pattern: ShapePattern, sizes: readonly number[]): Shape {
  let next = 0;
  return pattern.map((size) => (size === -1 ? (sizes[next++] ?? -1) : size));
}

/**
 * `shape`, which follows `from` behind its first `kept` axes, as it follows `to`: variable axes keep their sizes, in their order. Undefined
 * where it does not follow `from`. The patterns can be reshaped into each other.
 */
export function reshape(shape: Shape, from: ShapePattern, to: ShapePattern, kept: number): Shape | undefined {
  const sizes = shape.slice(kept);
  if (shape.length !== kept + from.length || sizes.some((size, axis) => from[axis] !== -1 && from[axis] !== size)) return undefined;
  const variable = sizes.filter((_, axis) => from[axis] === -1);
  return [...shape.slice(0, kept), ...fillVariable(to, variable)];
}
