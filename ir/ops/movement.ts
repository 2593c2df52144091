/** Views and copies that only move elements. */
import { nameSteps, given } from "../step-names.ts";
import { IndexError, ShapeError } from "../errors.ts";
import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount, formatShape } from "../shape.ts";
import { axesOf, axisOf, describe } from "./support.ts";
import { scalarName } from "../dtype.ts";

const viewDoc = (summary: string, source: string, shape = "[*] -> [*]") => ({ summary, shape, source });

/** A shape with one -1 filled in. */
export function inferShape(name: string, x: Node, wanted: readonly number[]): number[] {
  const count = elementCount(x.shape);
  const holes = wanted.filter((size) => size === -1).length;
  const known = wanted.reduce((n, size) => (size === -1 ? n : n * size), 1);
  if (holes > 1)
    throw new ShapeError(
      `${name}/size`,
      `${name}: only one dimension can be inferred: shape ${formatShape(wanted)}, input ${describe(x)}.`,
    );
  if (holes === 1 && known === 0 && count === 0)
    throw new ShapeError(
      `${name}/size`,
      `${name}: cannot reshape tensor of 0 elements into shape ${formatShape(wanted)} because the unspecified dimension size -1 can be any value and is ambiguous: input ${describe(x)}.`,
    );
  const refuse = (): never => {
    throw new ShapeError(
      `${name}/size`,
      `${name}: shape '${formatShape(wanted)}' is invalid for input of size ${count}: input ${describe(x)}.`,
      `The sizes must multiply to ${count}; one of them may be -1.`,
    );
  };
  const negative = wanted.findIndex((size) => size < -1);
  if (negative >= 0)
    throw new ShapeError(
      `${name}/size`,
      `${name}: invalid shape dimension ${wanted[negative]} at index ${negative} of shape ${formatShape(wanted)}.`,
    );
  if (holes === 0) return known === count ? [...wanted] : refuse();
  if (known === 0 || count % known !== 0) return refuse();
  return wanted.map((size) => (size === -1 ? count / known : size));
}

for (const name of ["reshape", "view"] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, int... shape) -> Tensor` as "reshape(Tensor input, int... shape) -> Tensor",
    places: name === "reshape" ? ["torch", "Tensor"] : ["Tensor"],
    view: true,
    viewTraits: { unevenly: name === "view" ? "refused" : "copied" },
    doc: viewDoc("The same elements in another shape; one size may be -1.", `torch.Tensor.${name}`),
    gradient: "through decomposition",
    record: (g, { input, shape }) => g.reshape(input, inferShape(name, input, shape)),
  });
}

export const flatten = defineOp({
  name: "flatten",
  signature: "flatten(Tensor input, int start_dim=0, int end_dim=-1) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  viewTraits: { isItself: true, unevenly: "copied" },
  doc: viewDoc("Joins the dimensions start_dim to end_dim into one.", "torch.flatten"),
  gradient: "through decomposition",
  record(g, { input, start_dim, end_dim }) {
    const rank = input.shape.length;
    const [start, end] = [axisOf("flatten", start_dim, rank), axisOf("flatten", end_dim, rank)];
    if (start > end)
      throw new ShapeError(
        "flatten/order",
        `flatten: flatten() has invalid args: start_dim cannot come after end_dim.`,
      );
    if (rank === 0) return g.reshape(input, [1]);
    return g.reshape(input, [
      ...input.shape.slice(0, start),
      elementCount(input.shape.slice(start, end + 1)),
      ...input.shape.slice(end + 1),
    ]);
  },
});

export const permute = defineOp({
  name: "permute",
  signature: "permute(Tensor input, int... dims) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: viewDoc("Dimensions in another order.", "torch.permute"),
  gradient: "through decomposition",
  record(g, { input, dims }) {
    const rank = input.shape.length;
    if (dims.length !== rank)
      throw new ShapeError(
        "permute/dims",
        `permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = ${rank} is not equal to len(dims) = ${dims.length}: input ${describe(input)}, dims ${formatShape(dims)}.`,
        "Name every dimension once.",
      );
    const axes = dims.map((dim) => axisOf("permute", dim, rank));
    if (new Set(axes).size !== rank)
      throw new ShapeError(
        "permute/dims",
        `permute(): duplicate dims are not allowed: dims ${formatShape(dims)} of ${describe(input)}.`,
        "Name every dimension once.",
      );
    return g.permute(input, axes);
  },
});

export const transpose = defineOp({
  name: "transpose",
  aliases: ["swapaxes", "swapdims"],
  signature: "transpose(Tensor input, int dim0, int dim1) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: viewDoc("Two dimensions exchanged.", "torch.transpose"),
  gradient: "through decomposition",
  record(g, { input, dim0, dim1 }) {
    const rank = input.shape.length;
    const [a, b] = [axisOf("transpose", dim0, rank), axisOf("transpose", dim1, rank)];
    return rank === 0 ? input : g.swap(input, a, b);
  },
});

export const t = defineOp({
  name: "t",
  signature: "t(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: viewDoc("Transpose of a matrix; vectors stay.", "torch.t"),
  gradient: "through decomposition",
  record(g, { input }) {
    if (input.shape.length > 2)
      throw new ShapeError(
        "t/rank",
        `t() expects a tensor with <= 2 dimensions, but self is ${input.shape.length}D: ${describe(input)}.`,
        "mT transposes batches of matrices.",
      );
    return input.shape.length === 2 ? g.swap(input, 0, 1) : input;
  },
});

export const expand = defineOp({
  name: "expand",
  signature: "expand(Tensor input, int... size) -> Tensor",
  places: ["Tensor"],
  view: true,
  doc: viewDoc("Dimensions of size 1 stretched without copying; -1 keeps a size.", "torch.Tensor.expand"),
  gradient: "through decomposition",
  record: (g, { input, size }) => stretched(g, "expand", input, size),
});

/** A tensor whose dimensions of size 1 are stretched, where -1 keeps a size. */
export function stretched(g: GraphBuilder, name: string, input: Node, size: readonly number[]): Node {
  const lead = size.length - input.shape.length;
  if (lead < 0)
    throw new ShapeError(
      `${name}/rank`,
      `${name}: expand(torch.${scalarName(input.dtype)}Tensor{${formatShape(input.shape)}}, size=${formatShape(size)}): the number of sizes provided (${size.length}) must be greater or equal to the number of dimensions in the tensor (${input.shape.length}).`,
    );
  const target = [...size];
  // From the last, as PyTorch tells of the last that does not fit.
  for (let i = size.length - 1; i >= 0; i--) {
    const wanted = size[i]!;
    const own = i < lead ? 1 : input.shape[i - lead]!;
    if (wanted === -1 && i >= lead) target[i] = own;
    else if (wanted < 0 || (own !== 1 && own !== wanted))
      throw new ShapeError(
        `${name}/size`,
        `${name}: The expanded size of the tensor (${wanted}) ${wanted === -1 ? `isn't allowed in a leading, non-existing dimension ${i}` : `must match the existing size (${own}) at non-singleton dimension ${i}`}. Target sizes: ${formatShape(size)}. Tensor sizes: ${formatShape(input.shape)}.`,
      );
  }
  return g.expandTo(input, target);
}

export const squeeze = defineOp({
  name: "squeeze",
  signature: "squeeze(Tensor input, int[]? dim=None) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  inplace: false,
  doc: viewDoc("Without the dimensions of size 1 (all, or those named).", "torch.squeeze"),
  gradient: "through decomposition",
  record(g, { input, dim }) {
    // Of no dimensions that are named none is removed.
    const axes = dim === null || dim.length === 0 ? dim : axesOf("squeeze", dim, input.shape.length);
    return g.reshape(
      input,
      input.shape.filter((size, i) => size !== 1 || (axes !== null && !axes.includes(i))),
    );
  },
});

export const unsqueeze = defineOp({
  name: "unsqueeze",
  signature: "unsqueeze(Tensor input, int dim) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: viewDoc("With a new dimension of size 1 at dim.", "torch.unsqueeze"),
  gradient: "through decomposition",
  record(g, { input, dim }) {
    const axis = axisOf("unsqueeze", dim, input.shape.length + 1);
    return g.reshape(input, [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)]);
  },
});

/** Bounds of a Python slice over a size. */
export function sliceBounds(
  size: number,
  start: number | null,
  stop: number | null,
  step: number,
): { start: number; count: number } {
  const clampTo = (value: number): number => Math.max(0, Math.min(size, value < 0 ? value + size : value));
  const from = start === null ? 0 : clampTo(start);
  const to = stop === null ? size : clampTo(stop);
  return { start: from, count: Math.max(0, Math.ceil((to - from) / step)) };
}

export const select = defineOp({
  name: "select",
  signature: "select(Tensor input, int dim, int index) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: viewDoc("One slice along dim, without that dimension.", "torch.select"),
  gradient: "through decomposition",
  record(g, { input, dim, index }) {
    if (input.shape.length === 0) throw new IndexError("select/0-d", "select() cannot be applied to a 0-dim tensor.");
    const axis = axisOf("select", dim, input.shape.length);
    const size = input.shape[axis]!;
    if (index < -size || index >= size)
      throw new IndexError(
        "select/index",
        `select(): index ${index} out of range for tensor of size ${formatShape(input.shape)} at dimension ${axis}.`,
      );
    const slice = g.sliceAxis(input, axis, index < 0 ? index + size : index, 1);
    return g.reshape(
      slice,
      input.shape.filter((_, i) => i !== axis),
    );
  },
});

export const narrow = defineOp({
  name: "narrow",
  signature: "narrow(Tensor input, int dim, int start, int length) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: viewDoc("The elements start to start + length along dim.", "torch.narrow"),
  gradient: "through decomposition",
  record: (g, { input, dim, start, length }) => narrowed(g, input, dim, start, length),
});
function narrowed(g: GraphBuilder, input: Node, dim: number, start: number, length: number): Node {
  if (input.shape.length === 0) throw new ShapeError("narrow/0-d", "narrow() cannot be applied to a 0-dim tensor.");
  const axis = axisOf("narrow", dim, input.shape.length);
  const size = input.shape[axis]!;
  const from = start < 0 ? start + size : start;
  if (length < 0) throw new ShapeError("narrow/length", `narrow(): length must be non-negative. It is ${length}.`);
  if (start < -size || start > size)
    throw new IndexError(
      "narrow/start",
      `narrow: start out of range (expected to be in range of [${-size}, ${size}], but got ${start}): ${describe(input)}.`,
    );
  if (from + length > size)
    throw new IndexError(
      "narrow/range",
      `narrow: start (${start}) + length (${length}) exceeds dimension size (${size}).`,
    );
  return g.sliceAxis(input, axis, from, length);
}

export const flip = defineOp({
  name: "flip",
  signature: "flip(Tensor input, int... dims) -> Tensor",
  places: ["torch", "Tensor"],
  doc: viewDoc("Order reversed along dims; a copy.", "torch.flip"),
  keepsLayout: true,
  gradient: "through decomposition",
  layout: ({ input }, _, orderOf) => [orderOf(input)],
  record(g, { input, dims }) {
    const axes = dims.map((dim) => axisOf("flip", dim, input.shape.length));
    const repeated = axes.find((axis, i) => axes.indexOf(axis) < i);
    if (repeated !== undefined)
      throw new ShapeError("flip/dims", `flip: dim ${repeated} appears multiple times in the list of dims.`);
    return g.flip(input, axes);
  },
});

export const clone = defineOp({
  name: "clone",
  signature: "clone(Tensor input, *, memory_format? memory_format=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: viewDoc("A copy with memory of its own.", "torch.clone"),
  keepsLayout: true,
  gradient: "through decomposition",
  record: (_g, { input }) => input,
});

nameSteps(
  { narrow: "slice", swapaxes: "transpose", swapdims: "transpose", flatten: "view", reshape: "view" },
  {
    squeeze: ({ dim }) => (given(dim) ? (Array.isArray(dim) && dim.length > 1 ? 2 : 1) : 0),
  },
);
