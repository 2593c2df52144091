/** Views and copies in other shapes: dimensions moved, split, repeated, joined. */
import type { GraphBuilder } from "../builder.ts";

import { isIntegral } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { broadcastShapes, elementCount, formatShape, sameShape } from "../shape.ts";
import { inferShape, pieces } from "./movement.ts";
import { axisOf, describe, range, requireRank } from "./support.ts";

const doc = (summary: string, source: string, shape = "[*] -> [*]") => ({ summary, shape, source: `torch.${source}` });

defineOp({
  name: "movedim",
  aliases: ["moveaxis"],
  signature: "movedim(Tensor input, int[] source, int[] destination) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: doc("Dimensions moved to other places; the others keep their order.", "movedim"),
  gradient: "through decomposition",
  record(g, { input, source, destination }) {
    const rank = input.shape.length;
    if (source.length !== destination.length)
      throw new ShapeError(
        "movedim/count",
        `movedim: Invalid source or destination dims: source (${formatShape(source)} dims) should contain the same number of dims as destination (${formatShape(destination)} dims).`,
      );
    const from = source.map((dim) => axisOf("movedim", dim, rank));
    const to = destination.map((dim) => axisOf("movedim", dim, rank));
    if (new Set(from).size !== from.length || new Set(to).size !== to.length)
      throw new ShapeError(
        "movedim/dim-twice",
        `movedim: repeated dim in source ${formatShape(source)} or destination ${formatShape(destination)}.`,
      );
    if (rank === 0) return input;
    const rest = range(rank).filter((axis) => !from.includes(axis));
    const axes = range(rank).map((place) => (to.includes(place) ? from[to.indexOf(place)]! : rest.shift()!));
    return g.permute(input, axes);
  },
});

defineOp({
  name: "unflatten",
  signature: "unflatten(Tensor input, int dim, int[] sizes) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: doc("One dimension split into several; one size may be -1.", "unflatten"),
  gradient: "through decomposition",
  record(g, { input, dim, sizes }) {
    const axis = axisOf("unflatten", dim, input.shape.length);
    if (sizes.length === 0) throw new ShapeError("unflatten/sizes", "unflatten: sizes must be non-empty.");
    const inner = inferShape("unflatten", g.full([input.shape[axis]!], 0, input.dtype), sizes);
    return g.reshape(input, [...input.shape.slice(0, axis), ...inner, ...input.shape.slice(axis + 1)]);
  },
});

for (const [name, other, summary] of [
  ["view_as", "view", "The same elements in the shape of other."],
  ["reshape_as", "reshape", "The same elements in the shape of other; a copy where they lie unevenly."],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, Tensor other) -> Tensor` as "view_as(Tensor input, Tensor other) -> Tensor",
    places: ["Tensor"],
    view: true,
    doc: doc(summary, `Tensor.${name}`),
    gradient: "through decomposition",
    record: (g, { input, other: like }) => g.reshape(input, inferShape(other, input, like.shape)),
  });
}

defineOp({
  name: "expand_as",
  signature: "expand_as(Tensor input, Tensor other) -> Tensor",
  places: ["Tensor"],
  view: true,
  doc: doc("Stretched to the shape of other without copying.", "Tensor.expand_as"),
  gradient: "through decomposition",
  record: (g, { input, other }) => broadcastTo(g, "expand_as", input, other.shape),
});

function broadcastTo(g: GraphBuilder, name: string, input: Node, shape: readonly number[]): Node {
  const lead = shape.length - input.shape.length;
  const target = shape.map((size, i) => (size === -1 && i >= lead ? input.shape[i - lead]! : size));
  const common = broadcastShapes(input.shape, target);
  if (common === null || !sameShape(common, target))
    throw new ShapeError(
      `${name}/size`,
      `${name}: The expanded size of the tensor must match the existing size at non-singleton dimensions. Target sizes: ${formatShape(shape)}. Tensor sizes: ${formatShape(input.shape)}.`,
    );
  return g.expandTo(input, target);
}

defineOp({
  name: "broadcast_to",
  signature: "broadcast_to(Tensor input, int... size) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: doc("Stretched to a shape without copying.", "broadcast_to"),
  gradient: "through decomposition",
  record: (g, { input, size }) => broadcastTo(g, "broadcast_to", input, size),
});

defineOp({
  name: "ravel",
  signature: "ravel(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: doc("All elements in one dimension.", "ravel", "[*] -> [count]"),
  gradient: "through decomposition",
  record: (g, { input }) => g.reshape(input, [elementCount(input.shape)]),
});

defineOp({
  name: "adjoint",
  signature: "adjoint(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: doc("The last two dimensions exchanged, and conjugated.", "adjoint", "[*, m, n] -> [*, n, m]"),
  gradient: "through decomposition",
  record(g, { input }) {
    const rank = input.shape.length;
    if (rank === 0) return input;
    if (rank < 2)
      throw new ShapeError(
        "adjoint/rank",
        `tensor.adjoint() is only supported on matrices or batches of matrices. Got ${rank}-D tensor ${describe(input)}.`,
      );
    return g.swap(input, rank - 2, rank - 1);
  },
});

// ---- pieces

/** Pieces of nearly equal size, the first ones larger. */
function equalPieces(g: GraphBuilder, x: Node, axis: number, count: number): Node[] {
  const total = x.shape[axis]!;
  const small = Math.floor(total / count);
  return pieces(
    g,
    x,
    axis,
    range(count).map((i) => small + (i < total % count ? 1 : 0)),
  );
}

/** Pieces that end at the given positions, as NumPy splits. */
function piecesAt(g: GraphBuilder, x: Node, axis: number, positions: readonly number[]): Node[] {
  const total = x.shape[axis]!;
  const place = (position: number): number => Math.max(0, Math.min(total, position < 0 ? position + total : position));
  const bounds = [0, ...positions.map(place), total];
  return range(positions.length + 1).map((i) =>
    g.sliceAxis(x, axis, bounds[i]!, Math.max(0, bounds[i + 1]! - bounds[i]!)),
  );
}

function splitInto(g: GraphBuilder, name: string, x: Node, axis: number, sections: number): Node[] {
  if (sections <= 0)
    throw new ShapeError(`${name}/sections`, `${name}: number of sections must be larger than 0, got ${sections}.`);
  return equalPieces(g, x, axis, sections);
}

function requireSplittable(name: string, x: Node): void {
  if (x.shape.length === 0)
    throw new ShapeError(
      `${name}/0-d`,
      `${name} expected at least a 1-dimensional tensor, but got a tensor with 0 dims.`,
    );
}

defineOp({
  name: "tensor_split",
  signature: "tensor_split(Tensor input, int indices_or_sections, int dim=0) -> Tensor[]",
  places: ["torch", "Tensor"],
  view: true,
  doc: doc("Pieces of nearly equal size along dim.", "tensor_split", "[*] -> list of [*]"),
  gradient: "through decomposition",
  record(g, { input, indices_or_sections, dim }) {
    requireSplittable("tensor_split", input);
    return splitInto(g, "tensor_split", input, axisOf("tensor_split", dim, input.shape.length), indices_or_sections);
  },
});
defineOp({
  name: "tensor_split.indices",
  signature: "tensor_split(Tensor input, int[] indices_or_sections, int dim=0) -> Tensor[]",
  places: ["torch", "Tensor"],
  view: true,
  doc: doc("Pieces that end at the given positions of dim.", "tensor_split", "[*] -> list of [*]"),
  gradient: "through decomposition",
  record(g, { input, indices_or_sections, dim }) {
    requireSplittable("tensor_split", input);
    return piecesAt(g, input, axisOf("tensor_split", dim, input.shape.length), indices_or_sections);
  },
});

for (const [name, least, axis] of [
  ["hsplit", 1, 1],
  ["vsplit", 2, 0],
  ["dsplit", 3, 2],
] as const) {
  const check = (input: Node): number => {
    if (input.shape.length < least)
      throw new ShapeError(
        `${name}/rank`,
        `torch.${name} requires a tensor with at least ${least} dimension${least > 1 ? "s" : ""}, but got a tensor with ${input.shape.length} dimensions: ${describe(input)}.`,
      );
    return Math.min(axis, input.shape.length - 1);
  };
  defineOp({
    name,
    signature:
      `${name}(Tensor input, int indices_or_sections) -> Tensor[]` as "hsplit(Tensor input, int indices_or_sections) -> Tensor[]",
    places: ["torch", "Tensor"],
    view: true,
    doc: doc(
      `Equal pieces along dimension ${axis}${name === "hsplit" ? " (0 of a vector)" : ""}.`,
      name,
      "[*] -> list of [*]",
    ),
    gradient: "through decomposition",
    record(g, { input, indices_or_sections: sections }) {
      const along = check(input);
      if (sections > 0 && input.shape[along]! % sections !== 0)
        throw new ShapeError(
          `${name}/sections`,
          `torch.${name} attempted to split along dimension ${along}, but the size of the dimension ${input.shape[along]} is not divisible by the split_size ${sections}!`,
        );
      return splitInto(g, name, input, along, sections);
    },
  });
  defineOp({
    name: `${name}.indices`,
    signature:
      `${name}(Tensor input, int[] indices_or_sections) -> Tensor[]` as "hsplit(Tensor input, int[] indices_or_sections) -> Tensor[]",
    places: ["torch", "Tensor"],
    view: true,
    doc: doc(`Pieces that end at the given positions of dimension ${axis}.`, name, "[*] -> list of [*]"),
    gradient: "through decomposition",
    record: (g, { input, indices_or_sections: positions }) => piecesAt(g, input, check(input), positions),
  });
}

// ---- turned

defineOp({
  name: "rot90",
  signature: "rot90(Tensor input, int k=1, int[] dims=[0;1]) -> Tensor",
  places: ["torch", "Tensor"],
  doc: doc("Turned by k quarters in the plane of two dimensions, from the first towards the second.", "rot90"),
  gradient: "through decomposition",
  record(g, { input, k, dims }) {
    const rank = input.shape.length;
    if (dims.length !== 2)
      throw new ShapeError("rot90/dims", `rot90: expected total rotation dims == 2, but got dims = ${dims.length}.`);
    if (rank < 2) throw new ShapeError("rot90/rank", `rot90: expected total dims >= 2, but got total dims = ${rank}.`);
    const [a, b] = [axisOf("rot90", dims[0]!, rank), axisOf("rot90", dims[1]!, rank)];
    if (a === b)
      throw new ShapeError(
        "rot90/dims",
        `rot90: expected rotation dims to be different, but got dim0 = ${dims[0]} and dim1 = ${dims[1]}.`,
      );
    switch (((k % 4) + 4) % 4) {
      case 1:
        return g.swap(g.flip(input, [b]), a, b);
      case 2:
        return g.flip(input, [a, b]);
      case 3:
        return g.swap(g.flip(input, [a]), a, b);
      default:
        return input;
    }
  },
});

for (const [name, axis] of [
  ["fliplr", 1],
  ["flipud", 0],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "fliplr(Tensor input) -> Tensor",
    places: ["torch", "Tensor"],
    doc: doc(`Order reversed along dimension ${axis}; a copy.`, name),
    gradient: "through decomposition",
    record(g, { input }) {
      requireRank(name, input, [axis + 1, Infinity]);
      return g.flip(input, [axis]);
    },
  });
}

defineOp({
  name: "sum_to_size",
  signature: "sum_to_size(Tensor input, int... size) -> Tensor",
  places: ["Tensor"],
  doc: doc("Summed over what broadcasting from `size` would have added.", "Tensor.sum_to_size"),
  gradient: "through decomposition",
  record(g, { input, size }) {
    const common = broadcastShapes(size, input.shape);
    if (common === null || !sameShape(common, input.shape))
      throw new ShapeError(
        "sum_to_size/size",
        `sum_to_size: size {${formatShape(size)}} is not expandable to size {${formatShape(input.shape)}}.`,
      );
    // What is summed becomes int64, as `sum` makes it.
    const summed = size.length === 0 || !sameShape(size, input.shape);
    return g.sumTo(summed && isIntegral(input.dtype) ? g.cast(input, "int64") : input, size);
  },
});
