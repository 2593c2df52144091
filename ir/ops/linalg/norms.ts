/** Norms of vectors and matrices, and what follows from singular values alone. */
import { nameSteps } from "../../step-names.ts";
import { formatShape } from "../../shape.ts";
import type { GraphBuilder } from "../../builder.ts";
import { conjugate } from "../../complex/parts.ts";
import { isIntegral, realOf, scalarName, type DType } from "../../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { vectorNorm } from "../norms.ts";
import { axesOf, axisOf, checkBroadcast, describe, inFloat32, keepOrDrop, range } from "../support.ts";
import { inverseOf } from "./inverse.ts";
import { batchOf, isEmpty, requireMatrices, requireNumbers, requireSquare } from "./matrices.ts";
import { singularValues } from "./svd.ts";
import { normsType, safelyCastable, sameType } from "../out-types.ts";

type Order = number | string | null;
const reduced = "[*] -> [*] without dim (of size 1 with keepdim)";

function asFloats(g: GraphBuilder, name: string, x: Node, dtype: DType | null): Node {
  if (isIntegral(x.dtype))
    throw new DTypeError(
      `${name}/dtype`,
      `${name}: Expected a floating point or complex tensor as input. Got ${scalarName(x.dtype)}: ${describe(x)}.`,
      "Convert it with float().",
    );
  return dtype === null ? x : g.cast(x, dtype);
}

function vectorNormOf(g: GraphBuilder, x: Node, order: number, dim: readonly number[] | null, keepdim: boolean): Node {
  const axes = axesOf("linalg.vector_norm", dim, x.shape.length);
  return keepOrDrop(g, vectorNorm(g, x, order, axes), axes, keepdim);
}

/** The largest of sizes, or of a negative order the smallest; the largest of none is 0, as is their sum. */
function extreme(g: GraphBuilder, sizes: Node, order: number, axis: number): Node {
  if (order < 0) return g.reduce("reduce_min", sizes, [axis]);
  return g.reduce(sizes.shape[axis] === 0 ? "reduce_sum" : "reduce_max", sizes, [axis]);
}

/** The norm over two axes, kept. */
function matrixNormAlong(g: GraphBuilder, x: Node, order: Order, rowAxis: number, columnAxis: number): Node {
  const axes = [rowAxis, columnAxis].sort((a, b) => a - b);
  if (order === "fro") return vectorNorm(g, x, 2, axes);
  if (order === "nuc" || order === 2 || order === -2) {
    requireNumbers("linalg.matrix_norm", x);
    const rest = range(x.shape.length).filter((axis) => !axes.includes(axis));
    const values = singularValues(g, g.permute(x, [...rest, rowAxis, columnAxis]));
    const last = values.shape.length - 1;
    const combined = order === "nuc" ? g.sum(values, [last]) : extreme(g, values, order, last);
    return g.reshape(
      combined,
      x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
    );
  }
  if (order === 1 || order === -1 || order === Infinity || order === -Infinity) {
    const [summed, chosen] = Math.abs(order) === 1 ? [rowAxis, columnAxis] : [columnAxis, rowAxis];
    return extreme(g, g.sum(g.abs(x), [summed]), order, chosen);
  }
  throw new ArgumentError("linalg.matrix_norm/ord", `linalg.matrix_norm: Order ${String(order)} not supported.`);
}

function matrixNormOf(g: GraphBuilder, x: Node, order: Order, dim: readonly number[], keepdim: boolean): Node {
  const name = "linalg.matrix_norm";
  if (x.shape.length < 2)
    throw new ShapeError(
      `${name}/rank`,
      `${name}: The input tensor A must have at least 2 dimensions, got ${describe(x)}.`,
    );
  if (dim.length !== 2)
    throw new ArgumentError(`${name}/dim`, `${name}: dim must be a 2-tuple. Got [${dim.join(", ")}].`);
  const [rowAxis, columnAxis] = dim.map((d) => axisOf(name, d, x.shape.length)) as [number, number];
  if (rowAxis === columnAxis)
    throw new ShapeError(`${name}/dims`, `${name}: dims must be different. Got [${dim.join(", ")}].`);
  const chosen = order === -1 ? [columnAxis] : order === -Infinity ? [rowAxis] : [rowAxis, columnAxis];
  const empty = chosen.find((axis) => x.shape[axis] === 0);
  if (typeof order === "number" && order < 0 && empty !== undefined)
    throw new ShapeError(
      `${name}/empty`,
      `${name}: the norm of order ${order} is the smallest of sizes: Expected reduction dim ${empty} to have non-zero size, got ${describe(x)}.`,
    );
  return keepOrDrop(g, matrixNormAlong(g, x, order, rowAxis, columnAxis), [rowAxis, columnAxis], keepdim);
}

function normOf(g: GraphBuilder, x: Node, order: Order, dim: readonly number[] | null, keepdim: boolean): Node {
  if (order === null) return vectorNormOf(g, x, 2, dim, keepdim);
  const count = dim === null ? x.shape.length : dim.length;
  if (count !== 1 && count !== 2)
    throw new ShapeError(
      "linalg.norm/dims",
      dim === null
        ? `linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ${count}D: ${describe(x)}.`
        : `linalg.norm: If dim is specified, it must be of length 1 or 2. Got ${formatShape(dim)} of ${describe(x)}.`,
    );
  if (count === 2) return matrixNormOf(g, x, order, dim ?? [-2, -1], keepdim);
  if (typeof order === "string")
    throw new ArgumentError("linalg.norm/ord", `linalg.norm: Order "${order}" is of matrices, got ${describe(x)}.`);
  return vectorNormOf(g, x, order, dim, keepdim);
}

defineOp({
  name: "linalg_vector_norm",
  signature:
    "linalg_vector_norm(Tensor x, number ord=2, int[]? dim=None, bool keepdim=False, *, dtype? dtype=None) -> Tensor",
  places: ["linalg"],
  doc: {
    summary: "The norm of order ord of the elements over dim.",
    shape: reduced,
    source: "torch.linalg.vector_norm",
  },
  saves: ["x", "result"],
  gradient: "through decomposition",
  record: (g, { x, ord, dim, keepdim, dtype }) =>
    vectorNormOf(g, asFloats(g, "linalg.vector_norm", x, dtype), ord, dim, keepdim),
});

for (const [name, type] of [
  ["linalg_matrix_norm", "number ord"],
  ["linalg_matrix_norm.named", "'fro'|'nuc' ord=fro"],
] as const) {
  defineOp({
    name,
    signature:
      `linalg_matrix_norm(Tensor A, ${type}, int[] dim=[-2;-1], bool keepdim=False, *, dtype? dtype=None) -> Tensor` as "linalg_matrix_norm(Tensor A, number|'fro'|'nuc' ord, int[] dim=[-2;-1], bool keepdim=False, *, dtype? dtype=None) -> Tensor",
    places: ["linalg"],
    out: normsType("linalg.matrix_norm"),
    doc: {
      summary: 'A norm of matrices: "fro", "nuc", 2 and -2 (singular values), 1 and -1 (columns), inf and -inf (rows).',
      shape: reduced,
      source: "torch.linalg.matrix_norm",
    },
    saves: ({ ord }) => (ord === "nuc" ? [] : null),
    gradient: "through decomposition",
    record: (g, { A, ord, dim, keepdim, dtype }) =>
      matrixNormOf(g, asFloats(g, "linalg.matrix_norm", A, dtype), ord as Order, dim, keepdim),
  });
}

for (const [name, type] of [
  ["linalg_norm", "number? ord=None"],
  ["linalg_norm.named", "'fro'|'nuc' ord"],
] as const) {
  defineOp({
    name,
    signature:
      `linalg_norm(Tensor A, ${type}, int[]? dim=None, bool keepdim=False, *, dtype? dtype=None) -> Tensor` as "linalg_norm(Tensor A, number|'fro'|'nuc'? ord=None, int[]? dim=None, bool keepdim=False, *, dtype? dtype=None) -> Tensor",
    places: ["linalg"],
    out: normsType("linalg.norm"),
    doc: {
      summary: "vector_norm over one dimension, matrix_norm over two, and without ord the 2-norm of all elements.",
      shape: reduced,
      source: "torch.linalg.norm",
    },
    gradient: "through decomposition",
    record: (g, { A, ord, dim, keepdim, dtype }) => normOf(g, asFloats(g, "linalg.norm", A, dtype), ord, dim, keepdim),
  });
}

for (const [name, type] of [
  ["linalg_cond", "number? p=None"],
  ["linalg_cond.named", "'fro'|'nuc' p"],
] as const) {
  defineOp({
    name,
    signature:
      `linalg_cond(Tensor A, ${type}) -> Tensor` as "linalg_cond(Tensor A, number|'fro'|'nuc'? p=None) -> Tensor",
    places: ["linalg"],
    out: safelyCastable("linalg.cond"),
    doc: {
      summary: "The condition number in the norm p: by default the largest singular value over the smallest.",
      shape: "[*, m, n] -> [*]",
      source: "torch.linalg.cond",
    },
    saves: ({ p }) => (p === null || Math.abs(Number(p)) === 2 ? [] : null),
    gradient: "through decomposition",
    record(g, { A, p }) {
      requireMatrices("linalg.cond", A);
      if (p === null || p === 2 || p === -2) return ratioOfSingularValues(g, A, p === -2);
      requireSquare("linalg.cond", A);
      if (isEmpty(A)) return g.full(batchOf(A), 0, realOf(A.dtype));
      if (p === "nuc") {
        // Not by the inverse, which a singular matrix has none of.
        const values = singularValues(g, A);
        const total = (x: Node): Node => g.reshape(g.sum(x, [x.shape.length - 1]), batchOf(A));
        return g.mul(total(values), total(g.div(1, values)));
      }
      const [inverted, info] = inverseOf(g, A);
      const size = (x: Node): Node => matrixNormOf(g, x, p as Order, [-2, -1], false);
      return g.where(g.ne(info, 0), Infinity, g.mul(size(A), size(inverted)));
    },
  });
}

function ratioOfSingularValues(g: GraphBuilder, x: Node, inverse: boolean): Node {
  if (isEmpty(x)) return g.full(batchOf(x), 0, realOf(x.dtype));
  const values = singularValues(g, x);
  const last = values.shape.length - 1;
  const at = (place: number): Node => g.reshape(g.sliceAxis(values, last, place, 1), batchOf(x));
  const [largest, smallest] = [at(0), at(values.shape[last]! - 1)];
  return inverse ? g.div(smallest, largest) : g.div(largest, smallest);
}

// ---- vectors

defineOp({
  name: "linalg_vecdot",
  signature: "linalg_vecdot(Tensor x, Tensor y, *, int dim=-1) -> Tensor",
  aliases: ["vecdot"],
  places: ["linalg", "torch"],
  out: sameType((wanted, given) => `linalg.vecdot: Expected out of dtype${wanted} but found ${given}`),
  doc: {
    summary: "Scalar product of vectors along dim.",
    shape: "[.., n, ..] and [.., n, ..], broadcast together -> [.., ..]",
    source: "torch.linalg.vecdot",
  },
  gradient: "through decomposition",
  record(g, { x, y, dim }) {
    const [a, b] = [asFloats(g, "linalg.vecdot", x, null), y];
    if (a.dtype !== b.dtype)
      throw new DTypeError(
        "linalg.vecdot/dtype",
        `linalg.vecdot: Expected x and y to have the same dtype, but found x of type ${scalarName(a.dtype)} and y of type ${scalarName(b.dtype)} instead.`,
        `Convert one: y.to("${a.dtype}").`,
      );
    const axis = axisOf("linalg.vecdot", dim, checkBroadcast("linalg.vecdot", a, b).length);
    return inFloat32(g, [a, b], (p, q) => keepOrDrop(g, g.sum(g.mul(conjugate(g, p), q), [axis]), [axis], false));
  },
});

defineOp({
  name: "linalg_vander",
  signature: "linalg_vander(Tensor x, *, int? N=None) -> Tensor",
  places: ["linalg"],
  doc: {
    summary: "The powers 0 to N - 1 of each element, as rows; integers become int64.",
    shape: "[*, n] -> [*, n, N]",
    source: "torch.linalg.vander",
  },
  saves: ["x"],
  gradient: "through decomposition",
  record(g, { x, N }) {
    if (x.dtype === "bool" || x.dtype === "float16" || x.dtype === "bfloat16")
      throw new DTypeError(
        "linalg.vander/dtype",
        `linalg.vander supports floating point, complex, and integer tensors, but got ${scalarName(x.dtype)}: ${describe(x)}.`,
      );
    const numbers = isIntegral(x.dtype) ? g.cast(x, "int64") : x;
    const line = numbers.shape.length === 0 ? g.reshape(numbers, [1]) : numbers;
    const count = N ?? line.shape.at(-1)!;
    if (count <= 1)
      throw new ArgumentError("linalg.vander/N", `linalg.vander: N must be greater than 1, got ${count}.`);
    const one = g.full([...line.shape, 1], isIntegral(x.dtype) ? 1n : 1, line.dtype);
    const rest = g.expandTo(g.reshape(line, [...line.shape, 1]), [...line.shape, count - 1]);
    return g.scan("prod", g.concat([one, rest], line.shape.length), line.shape.length);
  },
});

nameSteps({ linalg_vander: "cat", linalg_norm: "linalg_vector_norm" });
