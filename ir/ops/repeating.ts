/** Copies with elements repeated or moved round. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount, formatShape } from "../shape.ts";
import { selectAlong } from "./indexing.ts";
import { axisOf, describe, range, requireDimensions, requireIndex } from "./support.ts";

const doc = (summary: string, source: string, shape = "[*] -> [*]") => ({ summary, shape, source: `torch.${source}` });

/** Copies side by side: every dimension repeated as a whole. */
export function tiled(g: GraphBuilder, x: Node, repeats: readonly number[]): Node {
  const lead = repeats.length - x.shape.length;
  const shape = [...range(lead).map(() => 1), ...x.shape];
  // Fewer than no copies of nothing are nothing, which has no sign.
  const wanted = shape.map((size, i) => size * repeats[i]! + 0);
  const negative = wanted.find((size) => size < 0);
  if (negative !== undefined)
    throw new ShapeError(
      "repeat/negative",
      `repeat: Trying to create tensor with negative dimension ${negative}: ${formatShape(wanted)}.`,
    );
  const split = g.reshape(
    x,
    shape.flatMap((size) => [1, size]),
  );
  const spread = g.expandTo(
    split,
    shape.flatMap((size, i) => [Math.max(0, repeats[i]!), size]),
  );
  return g.reshape(spread, wanted);
}

defineOp({
  name: "repeat",
  signature: "repeat(Tensor input, int... repeats) -> Tensor",
  places: ["Tensor"],
  doc: doc(
    "Copies side by side along each dimension; more repeats than dimensions add dimensions in front.",
    "Tensor.repeat",
  ),
  gradient: "through decomposition",
  record(g, { input, repeats }) {
    if (repeats.length < input.shape.length)
      throw new ShapeError(
        "repeat/rank",
        `repeat: Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: repeats ${formatShape(repeats)}, input ${describe(input)}.`,
      );
    return tiled(g, input, repeats);
  },
});

defineOp({
  name: "tile",
  signature: "tile(Tensor input, int... dims) -> Tensor",
  places: ["torch", "Tensor"],
  doc: doc("Copies side by side; fewer repeats than dimensions repeat the last ones.", "tile"),
  gradient: "through decomposition",
  record: (g, { input, dims }) =>
    tiled(g, input, [...range(Math.max(0, input.shape.length - dims.length)).map(() => 1), ...dims]),
});

defineOp({
  name: "roll",
  signature: "roll(Tensor input, int[] shifts, int[]? dims=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: doc(
    "Elements moved along dims, those that leave coming in at the other end; without dims along all elements.",
    "roll",
  ),
  gradient: "through decomposition",
  record(g, { input, shifts, dims }) {
    if (dims === null || dims.length === 0) {
      if (shifts.length !== 1)
        throw new ShapeError(
          "roll/count",
          shifts.length === 0
            ? "roll: `shifts` required."
            : `roll: shifts and dimensions must align. shifts: ${shifts.length}, dims: 0.`,
        );
      return g.reshape(rolled(g, g.reshape(input, [elementCount(input.shape)]), 0, shifts[0]!), input.shape);
    }
    if (shifts.length !== dims.length)
      throw new ShapeError(
        "roll/count",
        `roll: shifts and dimensions must align. shifts: ${shifts.length}, dims: ${dims.length}.`,
      );
    let x = input;
    dims.forEach(
      (dim, i) => (x = rolled(g, x, axisOf("roll", dim, requireDimensions("roll", input, dim)), shifts[i]!)),
    );
    return x;
  },
});

function rolled(g: GraphBuilder, x: Node, axis: number, shift: number): Node {
  const size = x.shape[axis] ?? 0;
  const by = size === 0 ? 0 : ((shift % size) + size) % size;
  if (by === 0) return x;
  return g.concat([g.sliceAxis(x, axis, size - by, by), g.sliceAxis(x, axis, 0, size - by)], axis);
}

/** Without dim, the flattened input. */
function along(g: GraphBuilder, name: string, input: Node, dim: number | null): { x: Node; axis: number } {
  if (dim === null || input.shape.length === 0) return { x: g.reshape(input, [elementCount(input.shape)]), axis: 0 };
  return { x: input, axis: axisOf(name, dim, input.shape.length) };
}
const repeatShape = "[.., n, ..] -> [.., total, ..], [*] -> [total] without dim";

defineOp({
  name: "repeat_interleave",
  signature: "repeat_interleave(Tensor input, int repeats, int? dim=None, *, int? output_size=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: doc("Each element `repeats` times, next to each other.", "repeat_interleave", repeatShape),
  gradient: "through decomposition",
  record(g, { input, repeats, dim }) {
    if (repeats < 0)
      throw new ArgumentError(
        "repeat_interleave/negative",
        `repeat_interleave: repeats must be non-negative, got ${repeats}.`,
      );
    const { x, axis } = along(g, "repeat_interleave", input, dim);
    const inner = x.shape.slice(axis + 1);
    const lead = x.shape.slice(0, axis + 1);
    const spread = g.expandTo(g.reshape(x, [...lead, 1, ...inner]), [...lead, repeats, ...inner]);
    return g.reshape(spread, [...x.shape.slice(0, axis), x.shape[axis]! * repeats, ...inner]);
  },
});

defineOp({
  name: "repeat_interleave.tensor",
  signature: "repeat_interleave(Tensor input, Tensor repeats, int? dim=None, *, int? output_size=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: doc("Each element as often as `repeats` says, next to each other.", "repeat_interleave", repeatShape),
  gradient: "through decomposition",
  measure: (_g, { repeats }) => [repeats],
  record(g, { input, repeats, dim }, measured) {
    const { x, axis } = along(g, "repeat_interleave", input, dim);
    const counts = countsOf(repeats, measured.values[0]!, x.shape[axis]!, axis);
    const positions = counts.flatMap((count, i) => new Array<number>(count).fill(i));
    return selectAlong(g, x, axis, measured.upload(positions, [positions.length], "int64"));
  },
});

defineOp({
  name: "repeat_interleave.counts",
  signature: "repeat_interleave(Tensor repeats, *, int? output_size=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: doc("0 repeats[0] times, 1 repeats[1] times, and so on.", "repeat_interleave", "[n] -> [total]"),
  gradient: "none",
  measure: (_g, { repeats }) => [repeats],
  record(_g, { repeats }, measured) {
    if (repeats.shape.length !== 1)
      throw new ShapeError(
        "repeat_interleave/rank",
        `repeat_interleave: only accept 1D vector as repeat, got ${describe(repeats)}.`,
      );
    const counts = countsOf(repeats, measured.values[0]!, repeats.shape[0]!);
    const positions = counts.flatMap((count, i) => new Array<number>(count).fill(i));
    return measured.upload(positions, [positions.length], repeats.dtype);
  },
});

/** How often each of `size` elements comes. */
function countsOf(repeats: Node, values: ArrayLike<number | bigint>, size: number, axis = 0): number[] {
  requireIndex("repeat_interleave", repeats);
  if (repeats.shape.length > 1)
    throw new ShapeError(
      "repeat_interleave/rank",
      `repeat_interleave: repeats must be 0-dim or 1-dim tensor, got ${describe(repeats)}.`,
    );
  const counts = Array.from(values, Number);
  if (counts.length !== 1 && counts.length !== size)
    throw new ShapeError(
      "repeat_interleave/size",
      `repeat_interleave: repeats must have the same size as input along dim, but got repeats.size(0) = ${counts.length} and input.size(${axis}) = ${size}.`,
    );
  if (counts.some((count) => count < 0))
    throw new ArgumentError("repeat_interleave/negative", "repeat_interleave: repeats can not be negative.");
  return counts.length === size ? counts : range(size).map(() => counts[0]!);
}

nameSteps({ tile: "repeat" });
