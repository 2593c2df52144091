/** Elements at any even distance in memory, as index expressions over the flattened storage. */
import { stridedPositions, checkStrides } from "../strided.ts";
import { dtypeBytes } from "../dtype.ts";
import { IndexError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount, formatShape, sameShape } from "../shape.ts";
import { sliceBounds } from "./movement.ts";
import { axisOf, range } from "./support.ts";

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
