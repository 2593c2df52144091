/** Pieces of a tensor along a dimension. */
import type { GraphBuilder } from "../builder.ts";
import { IndexError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { formatShape } from "../shape.ts";
import { axisOf, describe, range } from "./support.ts";

const viewDoc = (summary: string, source: string, shape = "[*] -> [*]") => ({ summary, shape, source });

/** Pieces of the given sizes along an axis. */
export function pieces(g: GraphBuilder, x: Node, axis: number, sizes: readonly number[]): Node[] {
  let start = 0;
  return sizes.map((size) => {
    const piece = g.sliceAxis(x, axis, start, size);
    start += size;
    return piece;
  });
}

defineOp({
  name: "split",
  signature: "split(Tensor input, int split_size_or_sections, int dim=0) -> Tensor[]",
  places: ["torch", "Tensor"],
  view: true,
  viewTraits: { areSeveral: true },
  doc: viewDoc("Pieces of one size; the last may be smaller.", "torch.split", "[*] -> list of [*]"),
  gradient: "through decomposition",
  record(g, { input, split_size_or_sections: size, dim }) {
    if (input.shape.length === 0) throw new ShapeError("split/0-d", "split expects at least a 1-dimensional tensor.");
    const axis = axisOf("split", dim, input.shape.length);
    const total = input.shape[axis]!;
    if (size === 0 && total !== 0)
      throw new ShapeError(
        "split/size",
        `split: split_size can only be 0 if dimension size is 0, but got dimension size of ${total}.`,
      );
    if (size < 0)
      throw new ShapeError("split/size", `split expects split_size be non-negative, but got split_size=${size}.`);
    const count = size === 0 ? 1 : Math.max(1, Math.ceil(total / size));
    return pieces(
      g,
      input,
      axis,
      Array.from({ length: count }, (_, i) => Math.min(size, total - i * size)),
    );
  },
});

for (const [name, argument] of [
  ["split.sections", "split_size_or_sections"],
  ["split_with_sizes", "split_sizes"],
] as const) {
  defineOp({
    name,
    signature:
      `${name.split(".")[0]}(Tensor input, int[] ${argument}, int dim=0) -> Tensor[]` as "split(Tensor input, int[] sizes, int dim=0) -> Tensor[]",
    places: ["torch", "Tensor"],
    view: true,
    viewTraits: { areSeveral: true },
    doc: viewDoc("Pieces of the sizes listed.", "torch.split", "[*] -> list of [*]"),
    gradient: "through decomposition",
    record(g, args) {
      const { input, dim } = args;
      const sizes = (args as unknown as Readonly<Record<typeof argument, readonly number[]>>)[argument];
      if (input.shape.length === 0)
        throw new ShapeError("split/0-d", "split_with_sizes expects at least a 1-dimensional tensor.");
      const axis = axisOf("split_with_sizes", dim, input.shape.length);
      return pieces(g, input, axis, checkSections(input.shape[axis]!, axis, sizes));
    },
  });
}

function checkSections(total: number, axis: number, sizes: readonly number[]): readonly number[] {
  if (sizes.some((size) => size < 0) || sizes.reduce((a, b) => a + b, 0) !== total)
    throw new ShapeError(
      "split/sections",
      `split_with_sizes expects split_sizes to sum exactly to ${total} (input tensor's size at dimension ${axis}), but got split_sizes=${formatShape(sizes)}.`,
    );
  return sizes;
}

export const chunk = defineOp({
  name: "chunk",
  signature: "chunk(Tensor input, int chunks, int dim=0) -> Tensor[]",
  places: ["torch", "Tensor"],
  view: true,
  viewTraits: { areSeveral: true },
  doc: viewDoc("At most `chunks` pieces of equal size, the last maybe smaller.", "torch.chunk", "[*] -> list of [*]"),
  gradient: "through decomposition",
  record(g, { input, chunks, dim }) {
    if (input.shape.length === 0) throw new ShapeError("chunk/0-d", "chunk expects at least a 1-dimensional tensor.");
    if (chunks <= 0)
      throw new ShapeError("chunk/count", `chunk expects \`chunks\` to be greater than 0, got: ${chunks}.`);
    const axis = axisOf("chunk", dim, input.shape.length);
    const total = input.shape[axis]!;
    const size = Math.ceil(total / chunks);
    if (size === 0) return pieces(g, input, axis, new Array<number>(chunks).fill(0));
    return pieces(
      g,
      input,
      axis,
      Array.from({ length: Math.ceil(total / size) }, (_, i) => Math.min(size, total - i * size)),
    );
  },
});

export const unbind = defineOp({
  name: "unbind",
  signature: "unbind(Tensor input, int dim=0) -> Tensor[]",
  places: ["torch", "Tensor"],
  view: true,
  viewTraits: { areSeveral: true },
  doc: viewDoc("All slices along dim.", "torch.unbind", "[*] -> list of [*]"),
  gradient: "through decomposition",
  record(g, { input, dim }) {
    if (input.shape.length === 0)
      throw new IndexError("unbind/0-d", "unbind: Dimension specified as 0 but tensor has no dimensions.");
    const axis = axisOf("unbind", dim, input.shape.length);
    const rest = input.shape.filter((_, i) => i !== axis);
    return Array.from({ length: input.shape[axis]! }, (_, i) => g.reshape(g.sliceAxis(input, axis, i, 1), rest));
  },
});

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
