/** Views in other shapes: dimensions moved, split, stretched, turned. */
import { nameSteps } from "../step-names.ts";
import { conjugate } from "../complex/parts.ts";
import { isIntegral } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { defineOp } from "../operator.ts";
import { broadcastShapes, elementCount, formatShape, sameShape } from "../shape.ts";
import { inferShape, stretched } from "./movement.ts";
import { axisOf, describe, range } from "./support.ts";

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
    for (const [role, given, axes] of [
      ["source", source, from],
      ["destination", destination, to],
    ] as const) {
      if (new Set(axes).size !== axes.length)
        throw new ShapeError("movedim/dim-twice", `movedim: repeated dim in \`${role}\` (${formatShape(given)}).`);
    }
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
  viewTraits: { unevenly: "copied" },
  doc: doc("One dimension split into several; one size may be -1.", "unflatten"),
  gradient: "through decomposition",
  record(g, { input, dim, sizes }) {
    const axis = axisOf("unflatten", dim, input.shape.length);
    if (sizes.length === 0) throw new ShapeError("unflatten/sizes", "unflatten: sizes must be non-empty.");
    const size = input.shape[axis] ?? 1;
    const known = elementCount(sizes.filter((part) => part !== -1));
    if (sizes.includes(-1) ? size % known !== 0 : known !== size)
      throw new ShapeError(
        "unflatten/sizes",
        `unflatten: Provided sizes ${formatShape(sizes)} don't multiply up to the size of dim ${axis} (${size}) in the input tensor, ${describe(input)}.`,
      );
    const inner = inferShape("unflatten", g.full([size], 0, input.dtype), sizes);
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
    viewTraits: { unevenly: name === "view_as" ? "refused" : "copied" },
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
  record: (g, { input, other }) => stretched(g, "expand_as", input, other.shape),
});

defineOp({
  name: "broadcast_to",
  signature: "broadcast_to(Tensor input, int... size) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: doc("Stretched to a shape without copying.", "broadcast_to"),
  gradient: "through decomposition",
  record: (g, { input, size }) => stretched(g, "broadcast_to", input, size),
});

defineOp({
  name: "ravel",
  signature: "ravel(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  viewTraits: { unevenly: "laid in rows" },
  doc: doc("All elements in one dimension.", "ravel", "[*] -> [count]"),
  gradient: "through decomposition",
  record: (g, { input }) => g.reshape(input, [elementCount(input.shape)]),
});

defineOp({
  name: "adjoint",
  signature: "adjoint(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  viewTraits: { ofParts: true },
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
    return conjugate(g, g.swap(input, rank - 2, rank - 1));
  },
});

defineOp({
  name: "sum_to_size",
  signature: "sum_to_size(Tensor input, int... size) -> Tensor",
  places: ["Tensor"],
  view: ({ input, size }) => size.length > 0 && sameShape(size, input.shape),
  viewTraits: { isItself: true },
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

nameSteps({
  broadcast_to: "expand",
  expand_as: "expand",
  moveaxis: "permute",
  movedim: "permute",
  sum_to_size: "sum:1",
  ravel: "view",
  reshape_as: "view",
  unflatten: "view",
  view_as: "view",
});
