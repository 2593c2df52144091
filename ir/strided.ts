/** Elements at any even distance in memory, as index expressions over the flattened storage. */
import type { GraphBuilder } from "./builder.ts";
import { IndexError, ShapeError } from "./errors.ts";
import type { Node } from "./graph.ts";
import { elementCount, formatShape, type Shape } from "./shape.ts";

/** @throws IndexError when an element would lie outside a storage of `count` elements of `bytes` each */
export function checkStrides(
  name: string,
  count: number,
  bytes: number,
  size: Shape,
  stride: readonly number[],
  offset: number,
): void {
  if (size.length !== stride.length)
    throw new ShapeError(
      `${name}/strides`,
      `${name}: mismatch in length of strides and shape: size ${formatShape(size)}, stride ${formatShape(stride)}.`,
    );
  if (size.some((n) => n < 0) || stride.some((n) => n < 0) || offset < 0)
    throw new ShapeError(
      `${name}/negative`,
      `${name}: Negative strides are not supported at the moment, got strides: ${formatShape(stride)}, nor negative sizes ${formatShape(size)} and offsets (${offset}).`,
    );
  if (size.includes(0)) return;
  const needed = size.reduce((last, n, i) => last + (n - 1) * stride[i]!, offset + 1);
  if (needed > count)
    throw new IndexError(
      `${name}/range`,
      `${name}: setStorage: sizes ${formatShape(size)}, strides ${formatShape(stride)}, storage offset ${offset}, and itemsize ${bytes} requiring a storage size of ${needed * bytes} are out of bounds for storage of size ${count * bytes}: ${needed} elements of ${count}.`,
    );
}

/** The view of a flat tensor that sizes, strides and an offset describe. */
export function stridedView(g: GraphBuilder, flat: Node, size: Shape, stride: readonly number[], offset: number): Node {
  if (size.includes(0)) return g.reshape(g.sliceAxis(flat, 0, 0, 0), size);
  return nestedView(g, flat, size, stride, offset) ?? gatheredView(g, flat, size, stride, offset);
}

/**
 * By slices alone, where each stride is a multiple of the next and holds all that is inside it: the storage is then a
 * box whose sides are slices.
 */
function nestedView(g: GraphBuilder, flat: Node, size: Shape, stride: readonly number[], offset: number): Node | null {
  const moving = [...size.keys()].filter((axis) => size[axis]! > 1 && stride[axis]! > 0);
  if (moving.length === 0)
    return g.expandTo(
      g.reshape(
        g.sliceAxis(flat, 0, offset, 1),
        size.map(() => 1),
      ),
      size,
    );
  const order = moving.sort((a, b) => stride[b]! - stride[a]!);
  const box: number[] = [];
  for (let i = 0; i < order.length; i++) {
    const [own, next] = [stride[order[i]!]!, order[i + 1]];
    if (next === undefined) {
      box.push(own);
      break;
    }
    if (own % stride[next]! !== 0 || own < size[next]! * stride[next]!) return null;
    box.push(own / stride[next]!);
  }
  // Sides: the outermost axis, then how often each stride goes into the one before.
  const sides = [size[order[0]!]!, ...box];
  const total = elementCount(sides);
  const rest = flat.shape[0]! - offset;
  const cut =
    total <= rest
      ? g.sliceAxis(flat, 0, offset, total)
      : g.pad(g.sliceAxis(flat, 0, offset, rest), [0], [total - rest], flat.dtype === "bool" ? false : 0);
  const kept = g.slice(
    g.reshape(cut, sides),
    sides.map(() => 0),
    [...order.map((axis) => size[axis]!), 1],
  );
  const dense = g.reshape(
    kept,
    order.map((axis) => size[axis]!),
  );
  const placed = g.permute(
    dense,
    [...order].sort((a, b) => a - b).map((axis) => order.indexOf(axis)),
  );
  return g.expandTo(
    g.reshape(
      placed,
      size.map((n, axis) => (order.includes(axis) ? n : 1)),
    ),
    size,
  );
}

/** The position in memory of every element of a view. */
export function stridedPositions(g: GraphBuilder, size: Shape, stride: readonly number[], offset: number): Node {
  let positions = g.full(size, offset, "int32");
  size.forEach((_, axis) => {
    if (stride[axis] !== 0) positions = g.add(positions, g.mul(g.iotaAlong(size, axis, "int32"), stride[axis]!));
  });
  return positions;
}
const gatheredView = (g: GraphBuilder, flat: Node, size: Shape, stride: readonly number[], offset: number): Node =>
  g.gather(flat, [0], [stridedPositions(g, size, stride, offset)]);
