/** Views as index expressions: which element of its source each element of a view is. */
import { Index, linear, unravel } from "./index.ts";
import type { Node } from "./graph.ts";
import { isView } from "./traits.ts";
import { contiguousStrides, type Shape } from "./shape.ts";

/** Coordinates in the first input of a view, for the views where every element comes from there unconditionally. */
export function sourceCoordinates(node: Node, at: readonly Index[]): Index[] | null {
  switch (node.op) {
    case "barrier":
      return [...at];
    case "reshape":
      return reshapeCoordinates(at, node.shape, node.inputs[0]!.shape);
    case "permute": {
      const result = new Array<Index>(at.length);
      node.attrs.axes.forEach((axis, i) => (result[axis] = at[i]!));
      return result;
    }
    case "expand":
      return at.map((index, i) => (node.inputs[0]!.shape[i] === node.shape[i] ? index : Index.constant(0)));
    case "slice":
      return at.map((index, i) => index.scale(node.attrs.step[i]!).add(node.attrs.start[i]!));
    case "window": {
      const { size, stride, dilation } = node.attrs;
      const lead = at.length - 2 * size.length;
      return [
        ...at.slice(0, lead),
        ...size.map((_, i) => at[lead + i]!.scale(stride[i]!).add(at[lead + size.length + i]!.scale(dilation[i]!))),
      ];
    }
    default:
      return null;
  }
}

/**
 * Where an element at `at` of the shape `from` is in the shape `to`. Splits both shapes into independent blocks of equal
 * size first, which keeps the expressions small.
 */
export function reshapeCoordinates(at: readonly Index[], from: Shape, to: Shape): Index[] {
  if (from.includes(0)) return to.map(() => Index.constant(0)); // never evaluated
  const result = new Array<Index>(to.length);
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    const firstI = i;
    const firstJ = j;
    let left = i < from.length ? from[i++]! : 1;
    let right = j < to.length ? to[j++]! : 1;
    while (left !== right) {
      if (left < right) left *= from[i++]!;
      else right *= to[j++]!;
    }
    const block = from.slice(firstI, i);
    const position = linear(at.slice(firstI, i), contiguousStrides(block));
    unravel(position, to.slice(firstJ, j)).forEach((index, k) => (result[firstJ + k] = index));
  }
  return result;
}

/** What a reshape shows: the same bytes. */
export function behindReshape(node: Node): Node {
  let source = node;
  while (source.op === "reshape") source = source.inputs[0]!;
  return source;
}

export interface LinearAccess {
  /** The node whose memory is read: not a view, or a view that has to be copied out first. */
  readonly base: Node;
  /** Elements between neighbours along each axis of the viewing node. */
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Follows views down as far as the position in the base stays linear in the coordinates. */
export function linearAccess(node: Node, stop: ReadonlySet<Node> = new Set()): LinearAccess {
  const names = node.shape.map((_, i) => `v${i}`);
  let at: Index[] = node.shape.map((size, i) => Index.variable(names[i]!, Math.max(0, size - 1)));
  let current = node;
  let best: LinearAccess = { base: node, strides: contiguousStrides(node.shape), offset: 0 };
  while (isView(current) && !stop.has(current)) {
    const next = sourceCoordinates(current, at);
    if (next === null) break;
    at = next;
    current = current.inputs[0]!;
    const position = linear(at, contiguousStrides(current.shape));
    const strides = names.map((name) => position.coefficientOf(name));
    if (strides.every((stride) => stride !== null))
      best = { base: current, strides: strides, offset: position.constant };
  }
  return best;
}
