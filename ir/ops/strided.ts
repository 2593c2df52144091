/** Elements at any even distance in memory, as index expressions over the flattened storage. */
import type { GraphBuilder } from "../builder.ts";
import { dtypeBytes } from "../dtype.ts";
import { IndexError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount, formatShape, sameShape, type Shape } from "../shape.ts";
import { sliceBounds } from "./movement.ts";
import { axisOf, range } from "./support.ts";

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
  const moving = range(size.length).filter((axis) => size[axis]! > 1 && stride[axis]! > 0);
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

defineOp({
  name: "as_strided_scatter",
  signature:
    "as_strided_scatter(Tensor input, Tensor src, int[] size, int[] stride, int? storage_offset=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "input with src written at the elements that sizes, strides and an offset describe.",
    shape: "[*] and size -> [*]",
    source: "torch.as_strided_scatter",
  },
  gradient: "through decomposition",
  record(g, { input, src, size, stride, storage_offset }) {
    const count = elementCount(input.shape);
    const offset = storage_offset ?? 0;
    checkStrides("as_strided_scatter", count, dtypeBytes(input.dtype), size, stride, offset);
    if (!sameShape(src.shape, size))
      throw new ShapeError(
        "as_strided_scatter/src",
        `as_strided_scatter: expected src to have a size equal to the slice of self. src size = ${formatShape(src.shape)}, slice size = ${formatShape(size)}.`,
      );
    if (size.includes(0)) return input;
    const updates = g.reshape(g.cast(src, input.dtype), [elementCount(size)]);
    const positions = g.reshape(stridedPositions(g, size, stride, offset), [elementCount(size)]);
    const line = g.reshape(input, [count]);
    const written = (base: Node): Node => g.scatter("set", base, updates, [0], [positions]);
    const value = written(line);
    if (!input.requiresGrad) return g.reshape(value, input.shape);
    // PyTorch's gradient of the input is that of the elements which are written, and none of those which are kept.
    const isWritten = g.scatter(
      "set",
      g.full([count], false, "bool"),
      g.full(updates.shape, true, "bool"),
      [0],
      [positions],
    );
    const history = g.add(written(g.detach(line)), g.where(isWritten, line, 0));
    return g.reshape(g.withHistory(g.detach(value), history), input.shape);
  },
});

defineOp({
  name: "unfold",
  signature: "unfold(Tensor input, int dimension, int size, int step) -> Tensor",
  places: ["Tensor"],
  view: true,
  doc: {
    summary: "Windows of `size` elements along a dimension, `step` apart, as a new last dimension.",
    shape: "[.., n, ..] -> [.., windows, .., size]",
    source: "torch.Tensor.unfold",
  },
  gradient: "through decomposition",
  record(g, { input, dimension, size, step }) {
    const rank = input.shape.length;
    const axis = axisOf("unfold", dimension, rank);
    const full = input.shape[axis] ?? 1;
    if (size < 0 || size > full)
      throw new ShapeError(
        "unfold/size",
        `maximum size for tensor at dimension ${axis} is ${full} but size is ${size}.`,
      );
    if (step <= 0) throw new ShapeError("unfold/step", `unfold: step is ${step} but must be > 0.`);
    if (rank === 0) return g.reshape(input, [1]);
    const last = g.permute(input, [...range(rank).filter((i) => i !== axis), axis]);
    const count = Math.floor((full - size) / step) + 1;
    const windows =
      size === 0 ? g.full([...last.shape.slice(0, -1), count, 0], 0, input.dtype) : g.window(last, [size], [step], [1]);
    // [others, windows, size] -> the windows in the dimension's place
    const order = range(rank).map((i) => (i < axis ? i : i === axis ? rank - 1 : i - 1));
    return g.permute(windows, [...order, rank]);
  },
});

for (const [name, described, parameters] of [
  ["select_scatter", "the slice at index of dim", "int dim, int index"],
  [
    "slice_scatter",
    "the elements start to end, by step, of dim",
    "int dim=0, int? start=None, int? end=None, int step=1",
  ],
] as const) {
  defineOp({
    name,
    signature:
      `${name}(Tensor input, Tensor src, ${parameters}) -> Tensor` as "any_scatter(Tensor input, Tensor src, int dim=0, int? start=None, int? end=None, int step=1, int index=0) -> Tensor",
    places: ["torch", "Tensor"],
    doc: {
      summary: `input with src in place of ${described}.`,
      shape: "[*] and the shape of what is replaced -> [*]",
      source: `torch.${name}`,
    },
    gradient: "through decomposition",
    record(g, { input, src, dim, start, end, step, index }) {
      const axis = axisOf(name, dim, input.shape.length);
      const full = input.shape[axis]!;
      let bounds: { start: number; count: number; step: number };
      let value = g.cast(src, input.dtype);
      if (name === "select_scatter") {
        if (index < -full || index >= full)
          throw new IndexError(
            "select_scatter/index",
            `select(): index ${index} out of range for tensor of size ${formatShape(input.shape)} at dimension ${axis}.`,
          );
        bounds = { start: index < 0 ? index + full : index, count: 1, step: 1 };
        const expected = input.shape.filter((_, i) => i !== axis);
        if (!sameShape(src.shape, expected))
          throw new ShapeError(
            "select_scatter/src",
            `expected src to have a size equal to the slice of self. src size = ${formatShape(src.shape)}, slice size = ${formatShape(expected)}.`,
          );
        value = g.reshape(
          value,
          input.shape.map((n, i) => (i === axis ? 1 : n)),
        );
      } else {
        if (step <= 0) throw new ShapeError("slice_scatter/step", "slice step must be positive.");
        bounds = { ...sliceBounds(full, start, end, step), step };
        const expected = input.shape.map((n, i) => (i === axis ? bounds.count : n));
        if (!sameShape(src.shape, expected))
          throw new ShapeError(
            "slice_scatter/src",
            `expected src to have a size equal to the slice of self. src size = ${formatShape(src.shape)}, slice size = ${formatShape(expected)}.`,
          );
      }
      if (bounds.count === 0) return input;
      const only = (n: number): number[] => input.shape.map((_, i) => (i === axis ? n : 0));
      const tail = full - bounds.start - (bounds.count - 1) * bounds.step - 1;
      const filler = input.dtype === "bool" ? false : 0;
      const inside = g.pad(
        g.full(value.shape, true, "bool"),
        only(bounds.start),
        only(tail),
        false,
        only(bounds.step - 1),
      );
      return g.where(inside, g.pad(value, only(bounds.start), only(tail), filler, only(bounds.step - 1)), input);
    },
  });
}
