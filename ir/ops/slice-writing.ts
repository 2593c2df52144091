/** Writing whole slices at the positions of a one-dimensional index. */
import { nameSteps, tensor1 } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import type { Node, ScatterMode } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { formatShape, sameShape } from "../shape.ts";
import { scaled } from "./arithmetic.ts";
import { filler } from "./fitting.ts";
import { requireVector } from "./indexing.ts";
import { type ScatterOf, scatterReduced } from "./scattering.ts";
import { atLeast1d, axisOf, checkRange, moveAxis, wrapIndex } from "./support.ts";
import { noKernel } from "../unsupported.ts";
import { scalarName } from "../dtype.ts";

interface Slices {
  readonly base: Node;
  readonly axis: number;
  readonly index: Node;
  /** Index positions first, then the base's other axes. */
  readonly source: Node;
}

function slices(g: GraphBuilder, name: string, input: Node, dim: number, index: Node, source: Node): Slices {
  const axis = axisOf(name, dim, input.shape.length);
  const base = atLeast1d(g, input);
  const positions = checkRange(g, name, atLeast1d(g, requireVector(name, index)), base.shape[axis]!, 0, axis);
  const values = atLeast1d(g, source);
  const expected = base.shape.map((size, i) => (i === axis ? positions.shape[0]! : size));
  if (!sameShape(values.shape, expected))
    throw new ShapeError(
      `${name}/source-size`,
      values.shape.length === base.shape.length && values.shape[axis] !== positions.shape[0]
        ? `${name}_(): Number of indices (${positions.shape[0]}) should be equal to source.size(dim): (${values.shape[axis]}), for dim: ${axis}.`
        : `${name}: source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = ${formatShape(input.shape)} source.shape = ${formatShape(source.shape)}.`,
    );
  if (input.dtype !== source.dtype)
    throw new DTypeError(
      `${name}/dtype`,
      `${name}_(): self (${scalarName(input.dtype)}) and source (${scalarName(source.dtype)}) must have the same scalar type.`,
      `Convert it with source.to(torch.${input.dtype}).`,
    );
  return { base, axis, index: positions, source: moveAxis(g, values, axis, 0) };
}

const intoSlices = (g: GraphBuilder, mode: ScatterMode, input: Node, { base, axis, index, source }: Slices): Node =>
  g.reshape(g.scatter(mode, base, source, [axis], [index]), input.shape);
const slicesShape = "[.., n, ..], [m] and [.., m, ..] -> [.., n, ..]";

defineOp({
  name: "index_add",
  signature: "index_add(Tensor input, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor",
  places: ["torch", "Tensor"],
  movesElements: true,
  inplace: true,
  doc: {
    summary: "input with alpha times the slices of source added at the positions of index.",
    shape: slicesShape,
    source: "torch.index_add",
  },
  saves: [
    { name: "index", for: ["source"] },
    { name: "source", for: ["source"] },
  ],
  gradient: "through decomposition",
  record: (g, { input, dim, index, source, alpha }) =>
    intoSlices(
      g,
      "add",
      input,
      slices(g, "index_add", input, dim, index, scaled(g, "index_add", source, alpha, source.dtype)),
    ),
});

defineOp({
  name: "index_copy",
  signature: "index_copy(Tensor input, int dim, Tensor index, Tensor source) -> Tensor",
  places: ["torch", "Tensor"],
  movesElements: true,
  inplace: true,
  doc: {
    summary: "input with the slices of source at the positions of index.",
    shape: slicesShape,
    source: "torch.index_copy",
  },
  saves: ["index", { name: "source", for: ["source"] }],
  gradient: "through decomposition",
  record: (g, { input, dim, index, source }) =>
    intoSlices(g, "set", input, slices(g, "index_copy", input, dim, index, source)),
});

/** A value in the slices at the positions of an index. */
function fillSlices(g: GraphBuilder, input: Node, dim: number, index: Node, value: Node): Node {
  const axis = axisOf("index_fill", dim, input.shape.length);
  const base = atLeast1d(g, input);
  const positions = wrapIndex(
    g,
    atLeast1d(g, requireVector("index_fill", index)),
    base.shape[axis]!,
    "index_fill",
    axis,
  );
  if (value.requiresGrad) {
    // By where: a slice that is named twice is filled once, and counts once in the value's gradient.
    const size = base.shape[axis]!;
    const none = g.full([size], false, "bool");
    const named = g.scatter("set", none, g.full(positions.shape, true, "bool"), [0], [positions]);
    const line = base.shape.map((_, i) => (i === axis ? size : 1));
    return g.reshape(g.where(g.reshape(named, line), value, base), input.shape);
  }
  const updates = g.expandTo(value, [positions.shape[0]!, ...base.shape.filter((_, i) => i !== axis)]);
  return g.reshape(g.scatter("set", base, updates, [axis], [positions]), input.shape);
}

// Before the one that takes a number: a 0-d tensor would do as that, without its gradient.
defineOp({
  name: "index_fill.tensor",
  signature: "index_fill(Tensor input, int dim, Tensor index, Tensor value) -> Tensor",
  places: ["torch", "Tensor"],
  inplace: true,
  doc: {
    summary: "input with a 0-d value in the slices that index names.",
    shape: "[.., n, ..] and [m] -> [.., n, ..]",
    source: "torch.index_fill",
  },
  gradient: "through decomposition",
  layout: ({ input }, _, orderOf) => [orderOf(input)],
  record(g, { input, dim, index, value }) {
    if (value.shape.length !== 0)
      throw new ShapeError(
        "index_fill/value",
        `index_fill_ only supports a 0-dimensional value tensor, but got tensor with ${value.shape.length} dimension(s).`,
      );
    return fillSlices(g, input, dim, index, g.cast(value, input.dtype));
  },
});

defineOp({
  name: "index_fill",
  signature: "index_fill(Tensor input, int dim, Tensor index, Scalar value) -> Tensor",
  places: ["torch", "Tensor"],
  inplace: true,
  doc: {
    summary: "input with a number in the slices that index names.",
    shape: "[.., n, ..] and [m] -> [.., n, ..]",
    source: "torch.index_fill",
  },
  gradient: "through decomposition",
  layout: ({ input }, _, orderOf) => [orderOf(input)],
  record: (g, { input, dim, index, value }) =>
    fillSlices(g, input, dim, index, filler(g, "index_fill", value, input.dtype)),
});

defineOp({
  name: "index_reduce",
  signature:
    "index_reduce(Tensor input, int dim, Tensor index, Tensor source, 'prod'|'mean'|'amax'|'amin' reduce, *, bool include_self=True) -> Tensor",
  places: ["torch", "Tensor"],
  movesElements: true,
  inplace: true,
  doc: {
    summary: "input with the slices of source reduced into the positions of index, by prod, mean, amax or amin.",
    shape: slicesShape,
    source: "torch.index_reduce",
  },
  saves: ["input", "index", "source", "result"],
  gradient: "through decomposition",
  record(g, { input, dim, index, source, reduce, include_self }) {
    if (!["prod", "mean", "amax", "amin"].includes(reduce))
      throw new ArgumentError(
        "index_reduce/reduce",
        `index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got ${String(reduce)}.`,
        "index_add sums.",
      );
    if (input.dtype === "bool") throw noKernel("index_reduce", "index_func_", input);
    const { base, axis, index: positions, source: values } = slices(g, "index_reduce", input, dim, index, source);
    const scatter: ScatterOf = (mode, target, updates) => g.scatter(mode, target, updates, [axis], [positions]);
    return g.reshape(scatterReduced(g, base, values, reduce, include_self, scatter), input.shape);
  },
});

nameSteps(
  {},
  {
    index_fill: tensor1("value"),
  },
);
