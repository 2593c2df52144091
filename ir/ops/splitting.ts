/** Pieces of a tensor along a dimension. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { IndexError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { formatShape } from "../shape.ts";
import { axisOf } from "./support.ts";

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

nameSteps(
  { chunk: "split" },
  {
    "split.sections": () => "split_with_sizes",
  },
);
