/** Pieces of a tensor along a dimension, as NumPy splits: by how many there are, or by where they end. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { pieces } from "./splitting.ts";
import { axisOf, describe, range } from "./support.ts";

const doc = (summary: string, source: string, shape = "[*] -> [*]") => ({ summary, shape, source: `torch.${source}` });

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
        `torch.${name} requires a tensor with at least ${least} dimension, but got a tensor with ${input.shape.length} dimensions! It is ${describe(input)}.`,
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
      if (sections <= 0 || input.shape[along]! % sections !== 0)
        throw new ShapeError(
          `${name}/sections`,
          `torch.${name} attempted to split along dimension ${along}, but the size of the dimension ${input.shape[along]} is not divisible by the split_size ${sections}!`,
        );
      return equalPieces(g, input, along, sections);
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

nameSteps({ dsplit: "slice", hsplit: "slice", tensor_split: "slice", vsplit: "slice" });
