/** Sizes of vectors and distances between them. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { squaredSize } from "../complex/parts.ts";
import { isFloat, isIntegral, scalarName } from "../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount, formatShape } from "../shape.ts";
import { requireNumbers } from "./linalg/matrices.ts";
import { singularValues } from "./linalg/svd.ts";
import {
  axesOf,
  axisOf,
  checkBroadcast,
  describe,
  dropAxes,
  inFloat32,
  keepOrDrop,
  promoted,
  range,
} from "./support.ts";
import { noKernel } from "../unsupported.ts";
import { difference } from "./arithmetic.ts";
import { normsType, resultsType } from "./out-types.ts";

const reduced = "[*] -> [*] without dim (of size 1 with keepdim)";

/** Sum of |x| ** p over axes (kept), to the power 1 / p. */
export const vectorNorm = (g: GraphBuilder, x: Node, p: number, axes: readonly number[]): Node =>
  inFloat32(g, [x], (wide) => wideNorm(g, wide, p, axes));

function wideNorm(g: GraphBuilder, x: Node, p: number, axes: readonly number[]): Node {
  const size = g.abs(x);
  const empty = elementCount(axes.map((axis) => x.shape[axis]!)) === 0;
  if (empty && (p < 0 || p === Infinity)) {
    if (p === Infinity && elementCount(x.shape.filter((_, i) => !axes.includes(i))) === 0) return g.sum(size, axes);
    throw new ShapeError(
      "norm/empty",
      `linalg.vector_norm cannot compute the ${p} norm on an empty dimension because the operation does not have an identity: ${describe(x)}.`,
    );
  }
  // Of one number: its power may be out of range.
  if (p !== 0 && axes.every((axis) => x.shape[axis] === 1)) return size;
  if (p === Infinity) return g.reduce("reduce_max", size, axes);
  if (p === -Infinity) return g.reduce("reduce_min", size, axes);
  if (p === 0) {
    const count = g.sum(g.cast(g.ne(x, 0), size.dtype), axes);
    // A count is differentiable in PyTorch, with gradient zero.
    return x.requiresGrad ? g.withHistory(count, g.sum(g.mul(g.real(x), 0), axes)) : count;
  }
  if (p === 1) return g.sum(size, axes);
  if (p === 2) return rootOf(g, g.sum(squaredSize(g, x), axes), (total) => g.sqrt(total));
  return rootOf(g, g.sum(powerOf(g, size, p), axes), (total) => g.pow(total, 1 / p));
}

/** A power whose gradient at zero is zero, as PyTorch has it, and not infinite. */
function powerOf(g: GraphBuilder, size: Node, p: number): Node {
  if (!size.requiresGrad) return g.pow(size, p);
  const zero = g.eq(size, 0);
  return g.where(zero, p > 0 ? 0 : Infinity, g.pow(g.where(zero, 1, size), p));
}

/** A root whose gradient at zero is zero instead of infinite. */
function rootOf(g: GraphBuilder, total: Node, root: (total: Node) => Node): Node {
  if (!total.requiresGrad) return root(total);
  const zero = g.eq(total, 0);
  return g.where(zero, g.detach(root(total)), root(g.where(zero, 1, total)));
}

function requireMeasurable(name: string, x: Node): void {
  if (isIntegral(x.dtype))
    throw new DTypeError(
      `${name}/dtype`,
      `${name}: linalg.vector_norm: Expected a floating point or complex tensor as input. Got ${scalarName(x.dtype)}, ${describe(x)}.`,
      "Convert it with input.float().",
    );
}

function normOf(
  g: GraphBuilder,
  input: Node,
  p: number | string | null,
  dim: readonly number[] | null,
  keepdim: boolean,
  dtype: Node["dtype"] | null,
): Node {
  const x = dtype === null ? input : g.cast(input, dtype);
  requireMeasurable("norm", x);
  if (p === "nuc") return nuclearNorm(g, x, dim, keepdim);
  if (typeof p === "string" && p !== "fro")
    throw new ArgumentError("norm/p", `norm: p must be a number, "fro" or "nuc", got "${p}".`);
  const axes = axesOf("norm", dim, x.shape.length);
  return keepOrDrop(g, vectorNorm(g, x, typeof p === "number" ? p : 2, axes), axes, keepdim);
}

/** The sum of the singular values of the matrices in two dimensions. */
function nuclearNorm(g: GraphBuilder, x: Node, dim: readonly number[] | null, keepdim: boolean): Node {
  requireNumbers("linalg.matrix_norm", x);
  const rank = x.shape.length;
  const pair = dim === null && rank === 2 ? [0, 1] : (dim ?? []).map((d) => axisOf("norm", d, rank));
  if (pair.length !== 2 || pair[0] === pair[1])
    throw new ArgumentError(
      "norm/nuc",
      `norm: the nuclear norm is of the matrices in two dimensions: ${describe(x)}.`,
      "Give two dimensions as dim.",
    );
  const rest = range(rank).filter((axis) => !pair.includes(axis));
  const values = singularValues(g, g.permute(x, [...rest, ...pair]));
  const total = g.reshape(
    g.sum(values, [rank - 2]),
    x.shape.map((size, axis) => (pair.includes(axis) ? 1 : size)),
  );
  return keepOrDrop(g, total, pair, keepdim);
}

for (const [name, type] of [
  ["norm", "number? p=2"],
  ["norm.named", "'fro'|'nuc' p=fro"],
] as const) {
  defineOp({
    name,
    signature:
      `norm(Tensor input, ${type}, int[]? dim=None, bool keepdim=False, dtype? dtype=None) -> Tensor` as "norm(Tensor input, number|'fro'|'nuc'? p=2, int[]? dim=None, bool keepdim=False, dtype? dtype=None) -> Tensor",
    places: ["torch", "Tensor"],
    out: (types, args) => (args["p"] === "nuc" ? normsType("linalg.matrix_norm") : resultsType)(types, args),
    doc: {
      summary: "The p-norm of the elements over dim; deprecated in PyTorch for those of torch.linalg.",
      shape: reduced,
      source: "torch.norm",
    },
    gradient: "through decomposition",
    saves: ({ p }) => (p === "nuc" ? [] : ["input", "result"]),
    record: (g, { input, p, dim, keepdim, dtype }) => normOf(g, input, p, dim, keepdim, dtype),
  });
}

defineOp({
  name: "frobenius_norm",
  signature: "frobenius_norm(Tensor input, int[] dim, bool keepdim=False) -> Tensor",
  places: ["torch"],
  doc: { summary: "The 2-norm over dim, or with [] over all; deprecated.", shape: reduced, source: "torch.norm" },
  gradient: "through decomposition",
  saves: ["input", "result"],
  record: (g, { input, dim, keepdim }) => normOf(g, input, "fro", dim.length === 0 ? null : dim, keepdim, null),
});

for (const [name, parameter] of [
  ["nuclear_norm", ""],
  ["nuclear_norm.dim", "int[] dim, "],
] as const)
  defineOp({
    name,
    signature:
      `nuclear_norm(Tensor input, ${parameter}bool keepdim=False) -> Tensor` as "nuclear_norm(Tensor input, int[]? dim, bool keepdim=False) -> Tensor",
    places: ["torch"],
    out: normsType("linalg.matrix_norm"),
    doc: {
      summary: "The sum of the singular values of the matrices in two dimensions; deprecated.",
      shape: reduced,
      source: "torch.norm",
    },
    saves: [],
    gradient: "through decomposition",
    record: (g, { input, dim, keepdim }) => normOf(g, input, "nuc", dim ?? null, keepdim, null),
  });

defineOp({
  name: "dist",
  signature: "dist(Tensor input, Tensor other, number p=2) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "The p-norm of input - other.",
    shape: "[*] and [*], broadcast together -> []",
    source: "torch.dist",
  },
  gradient: "through decomposition",
  saves: ["input", "other", "result"],
  record(g, { input, other, p }) {
    return normOf(g, difference(g, "dist", input, other), p, null, false, null);
  },
});

defineOp({
  name: "renorm",
  signature: "renorm(Tensor input, number p, int dim, number maxnorm) -> Tensor",
  places: ["torch", "Tensor"],
  inplace: true,
  doc: {
    summary: "Slices along dim whose p-norm is above maxnorm scaled down to it.",
    shape: "[*] -> [*]",
    source: "torch.renorm",
  },
  gradient: "through decomposition",
  record(g, { input, p, dim, maxnorm }) {
    if (!(p > 0)) throw new ArgumentError("renorm/p", `renorm: non-positive-norm not supported, got ${p}.`);
    if (maxnorm < 0)
      throw new ArgumentError("renorm/maxnorm", `renorm: expected maxnorm to be >= 0 but got ${maxnorm}.`);
    requireMeasurable("renorm", input);
    if (input.shape.length < 2)
      throw new ShapeError(
        "renorm/rank",
        `renorm: input needs at least 2 dimensions, got ${input.shape.length} dimensions.`,
      );
    const axis = axisOf("renorm", dim, input.shape.length);
    const axes = range(input.shape.length).filter((i) => i !== axis);
    return inFloat32(g, [input], (x) => {
      const norm = vectorNorm(g, x, p, axes);
      const factor = g.where(g.gt(norm, maxnorm), g.div(maxnorm, g.add(norm, 1e-7)), 1);
      return g.mul(x, g.cast(factor, x.dtype));
    });
  },
});

// ---- vectors in space, distances between rows

function requireSameRank(x: Node, y: Node): void {
  if (x.shape.length !== y.shape.length)
    throw new ShapeError(
      "linalg.cross/rank",
      `linalg.cross: inputs must have the same number of dimensions, got ${describe(x)} and ${describe(y)}.`,
    );
}

function crossOf(g: GraphBuilder, name: string, input: Node, other: Node, dim: number | null): Node {
  const [x, y] = [input, other];
  requireSameRank(x, y);
  if (x.dtype !== y.dtype)
    throw new DTypeError(
      `${name}/dtype`,
      `${name}: expected scalar type ${scalarName(x.dtype)} but found ${scalarName(y.dtype)}: ${describe(x)} and ${describe(y)}.`,
      `Convert one: other.to("${x.dtype}").`,
    );
  if (x.dtype === "bool") throw noKernel(name, "cross", x, "Convert the operands with long().");
  const shape = checkBroadcast(name, x, y);
  const [a, b] = [g.expandTo(x, shape), g.expandTo(y, shape)];
  const axis = dim === null ? shape.indexOf(3) : axisOf(name, dim, shape.length);
  if (axis < 0) throw new ShapeError(`${name}/dim`, `${name}: no dimension of size 3 in input ${formatShape(shape)}.`);
  if (shape[axis] !== 3)
    throw new ShapeError(
      `${name}/size`,
      `${name}: inputs dimension ${axis} must have length 3. Got ${x.shape[axis - shape.length + x.shape.length]} and ${y.shape[axis - shape.length + y.shape.length]}: ${describe(input)} and ${describe(other)}.`,
    );
  const turned = (v: Node, by: number): Node =>
    g.concat([g.sliceAxis(v, axis, by, 3 - by), g.sliceAxis(v, axis, 0, by)], axis);
  return g.sub(g.mul(turned(a, 1), turned(b, 2)), g.mul(turned(a, 2), turned(b, 1)));
}
defineOp({
  name: "linalg_cross",
  signature: "linalg_cross(Tensor input, Tensor other, *, int dim=-1) -> Tensor",
  places: ["linalg"],
  doc: {
    summary: "Vector product of three-dimensional vectors along dim.",
    shape: "[.., 3, ..] and [.., 3, ..] -> [.., 3, ..]",
    source: "torch.linalg.cross",
  },
  gradient: "through decomposition",
  record(g, { input, other, dim }) {
    requireSameRank(input, other);
    const axis = axisOf("linalg.cross", dim, input.shape.length);
    if (input.shape[axis] !== 3 || other.shape[axis] !== 3)
      throw new ShapeError(
        "linalg.cross/size",
        `linalg.cross: inputs dimension ${dim} must have length 3. Got ${input.shape[axis]} and ${other.shape[axis]}.`,
      );
    return crossOf(g, "linalg.cross", input, other, dim);
  },
});
defineOp({
  name: "cross",
  signature: "cross(Tensor input, Tensor other, int? dim=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "Vector product of three-dimensional vectors along dim, or the first dimension of size 3.",
    shape: "[.., 3, ..] and [.., 3, ..] -> [.., 3, ..]",
    source: "torch.cross",
  },
  gradient: "through decomposition",
  record: (g, { input, other, dim }) => crossOf(g, "cross", input, other, dim),
});

/** Distances between vectors that stand along the last axis (dropped). */
function distances(g: GraphBuilder, difference: Node, p: number): Node {
  const axis = difference.shape.length - 1;
  return dropAxes(g, vectorNorm(g, difference, p, [axis]), [axis]);
}

defineOp({
  name: "cdist",
  signature:
    "cdist(Tensor x1, Tensor x2, number p=2, 'use_mm_for_euclid_dist_if_necessary'|'use_mm_for_euclid_dist'|'donot_use_mm_for_euclid_dist'? compute_mode=None) -> Tensor",
  places: ["torch"],
  doc: {
    summary: "The p-norm distance between every row of x1 and every row of x2.",
    shape: "[*, m, k] and [*, n, k] -> [*, m, n]",
    source: "torch.cdist",
  },
  gradient: "through decomposition",
  saves: ["x1", "x2", "result"],
  record(g, { x1, x2, p }) {
    if (x1.shape.length < 2 || x2.shape.length < 2)
      throw new ShapeError(
        "cdist/rank",
        `cdist only supports at least 2D tensors, got ${describe(x1)} and ${describe(x2)}.`,
      );
    if (x1.shape.at(-1) !== x2.shape.at(-1))
      throw new ShapeError(
        "cdist/columns",
        `cdist: X1 and X2 must have the same number of columns. X1: ${x1.shape.at(-1)} X2: ${x2.shape.at(-1)}.`,
      );
    if (p < 0) throw new ArgumentError("cdist/p", "cdist only supports non-negative p values.");
    const [a, b] = promoted(g, x1, x2);
    if (!isFloat(a.dtype))
      throw new DTypeError(
        "cdist/dtype",
        `cdist only supports floating-point dtypes, X1 got: ${scalarName(x1.dtype)}, X2 got: ${scalarName(x2.dtype)}, ${describe(x1)} and ${describe(x2)}.`,
      );
    const rows = g.reshape(a, [...a.shape.slice(0, -1), 1, a.shape.at(-1)!]);
    const columns = g.reshape(b, [...b.shape.slice(0, -2), 1, ...b.shape.slice(-2)]);
    checkBroadcast("cdist", rows, columns);
    return distances(g, g.sub(rows, columns), p);
  },
});

nameSteps({ cross: "linalg_cross", norm: "linalg_vector_norm" });
