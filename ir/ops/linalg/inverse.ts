/** Inverses, determinants and powers. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { conjugate } from "../../complex/parts.ts";
import { isComplex, realOf } from "../../dtype.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, operator, type Operator } from "../../operator.ts";
import { elementCount } from "../../shape.ts";
import { describe, range } from "../support.ts";
import { factor, solve, solveFactored } from "./lu.ts";
import { svdOf } from "./svd.ts";
import {
  adjoint,
  apply,
  asRow,
  batchOf,
  byColumns,
  columnOrder,
  diagonal,
  diagonalMatrix,
  identity,
  product,
  refuseFailed,
  requireMatrices,
  requireSquare,
  rowsOf,
  timesReal,
  transposed,
  upper,
  withDiagonal,
  withoutDiagonal,
} from "./matrices.ts";
import { safelyCastable } from "../out-types.ts";

const square = "[*, n, n] -> [*, n, n]";
const singular =
  "The diagonal element % is zero, the inversion could not be completed because the input matrix is singular.";

const inverse = defineOp({
  name: "matrix_inverse",
  signature: "matrix_inverse(Tensor input) -> Tensor[2]",
  places: [],
  composite: true,
  complexGradient: "analytic",
  doc: {
    summary: "The inverse, and 0 where there is one.",
    shape: "[*, n, n] -> [*, n, n], [*]",
    source: "torch.linalg.inv_ex",
  },
  // d(A⁻¹) = -A⁻¹ dA A⁻¹
  gradient(g, { outputs, grads }) {
    const grad = grads[0];
    if (!grad) return [null];
    const turned = transposed(g, outputs[0]!);
    return [g.neg(product(g, turned, product(g, grad, turned)))];
  },
  record: (g, { input }) => solve(g, input, identity(g, input.shape, input)),
});

/** The inverse, and where there is none. */
export const inverseOf = (g: GraphBuilder, input: Node): [Node, Node] => apply(g, inverse, { input }) as [Node, Node];

function checkedInverse(g: GraphBuilder, name: string, input: Node): Node {
  requireSquare(name, input);
  const [result, info] = inverseOf(g, input);
  return refuseFailed(g, name, [result], info, singular)[0]!;
}

defineOp({
  name: "linalg_inv",
  signature: "linalg_inv(Tensor A) -> Tensor",
  places: ["linalg"],
  doc: {
    summary: "The inverse. A singular matrix is an error when the result is read.",
    shape: square,
    source: "torch.linalg.inv",
  },
  saves: ["result"],
  gradient: "through decomposition",
  layout: byColumns(true),
  record: (g, { A }) => checkedInverse(g, "linalg.inv", A),
});
defineOp({
  name: "inverse",
  signature: "inverse(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  doc: { summary: "The inverse, as torch.linalg.inv.", shape: square, source: "torch.inverse" },
  saves: ["result"],
  gradient: "through decomposition",
  layout: byColumns(true),
  record: (g, { input }) => checkedInverse(g, "linalg.inv", input),
});
defineOp({
  name: "linalg_inv_ex",
  signature: "linalg_inv_ex(Tensor A, *, bool check_errors=False) -> Tensor[2]",
  places: ["linalg"],
  results: ["inverse", "info"],
  doc: {
    summary: "The inverse, and 0, or the number of the first zero pivot where there is none.",
    shape: "[*, n, n] -> [*, n, n], [*]",
    source: "torch.linalg.inv_ex",
  },
  saves: ["inverse"],
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { A, check_errors }) {
    requireSquare("linalg.inv_ex", A);
    const [result, info] = inverseOf(g, A);
    return check_errors ? [...refuseFailed(g, "linalg.inv_ex", [result], info, singular), info] : [result, info];
  },
});

// ---- determinants

/** 1 or -1: the sign of the order of rows. */
function signOfPivots(g: GraphBuilder, pivots: Node, like: Node): Node {
  const axis = pivots.shape.length - 1;
  const own = g.add(g.iotaAlong(pivots.shape, axis, "int32"), 1);
  const signs = g.where(g.eq(pivots, own), g.full(pivots.shape, 1, realOf(like.dtype)), -1);
  return g.cast(g.reshape(g.reduce("reduce_prod", signs, [axis]), pivots.shape.slice(0, -1)), like.dtype);
}
const overDiagonal = (g: GraphBuilder, x: Node, op: "reduce_prod" | "reduce_sum"): Node =>
  g.reshape(g.reduce(op, x, [x.shape.length - 1]), x.shape.slice(0, -1));
const asMatrices = (g: GraphBuilder, x: Node): Node => g.reshape(x, [...x.shape, 1, 1]);

/** det(A) A⁻ᵀ; a zero pivot counts as rounding of the largest, which the product of the two does not feel. */
function cofactorsByLu(g: GraphBuilder, input: Node): Node {
  if (rowsOf(input) === 0) return input;
  const { lu, pivots } = factor(g, input);
  const line = diagonal(g, lu);
  const [epsilon, tiniest] = realOf(input.dtype) === "float64" ? [2 ** -52, 2 ** -1022] : [2 ** -23, 2 ** -126];
  const largest = g.reduce("reduce_max", g.abs(upper(g, lu)), [lu.shape.length - 2, lu.shape.length - 1]);
  const least = g.max(g.mul(g.reshape(largest, [...batchOf(input), 1]), epsilon), tiniest);
  const moved = g.where(g.eq(line, 0), g.cast(g.expandTo(least, line.shape), line.dtype), line);
  const det = g.mul(overDiagonal(g, moved, "reduce_prod"), signOfPivots(g, pivots, input));
  const one = identity(g, input.shape, input);
  const turned = solveFactored(g, { lu: g.add(withoutDiagonal(g, lu), diagonalMatrix(g, moved)), pivots }, one, true);
  return g.mul(asMatrices(g, det), conjugate(g, turned));
}

/** The same in a form that is differentiable where the matrix is singular, too: det(U) det(V^H) conj(U) diag(others) Vᵀ. */
function cofactorsBySvd(g: GraphBuilder, input: Node): Node {
  if (rowsOf(input) === 0) return input;
  const { u, s, v } = svdOf(g, input);
  const sign = g.mul(apply(g, determinant, { input: u })[0]!, conjugate(g, apply(g, determinant, { input: v })[0]!));
  const n = rowsOf(input);
  const others = withDiagonal(g, g.expandTo(asRow(g, s), input.shape), 1);
  const rest = g.reshape(g.reduce("reduce_prod", others, [others.shape.length - 1]), [...batchOf(input), 1, n]);
  const left = timesReal(g, conjugate(g, u), g.expandTo(rest, u.shape));
  return g.mul(asMatrices(g, sign), product(g, left, transposed(g, v)));
}

const determinant: Operator = defineOp({
  name: "determinant",
  signature: "determinant(Tensor input) -> Tensor",
  places: [],
  composite: true,
  complexGradient: "analytic",
  doc: { summary: "The determinant.", shape: "[*, n, n] -> [*]", source: "torch.linalg.det" },
  gradient(g, { inputs, grads }) {
    const [input, grad] = [inputs[0]!, grads[0]];
    if (!grad) return [null];
    return [g.mul(asMatrices(g, grad), (g.gradEnabled ? cofactorsBySvd : cofactorsByLu)(g, input))];
  },
  record(g, { input }) {
    if (rowsOf(input) === 0) return g.full(batchOf(input), 1, input.dtype);
    const { lu, pivots } = factor(g, input);
    return g.mul(overDiagonal(g, diagonal(g, lu), "reduce_prod"), signOfPivots(g, pivots, input));
  },
});

for (const [name, parameter] of [
  ["linalg_det", "A"],
  ["det", "input"],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor ${parameter}) -> Tensor` as "det(Tensor input) -> Tensor",
    places: name === "det" ? ["torch", "Tensor"] : ["linalg"],
    doc: { summary: "The determinant.", shape: "[*, n, n] -> [*]", source: "torch.linalg.det" },
    saves: [parameter, "result"],
    gradient: "through decomposition",
    record(g, args) {
      const input = (args as unknown as Record<string, Node>)[parameter]!;
      requireSquare("linalg.det", input);
      return apply(g, determinant, { input })[0]!;
    },
  });
}

const logarithm = defineOp({
  name: "log_determinant",
  signature: "log_determinant(Tensor input) -> Tensor[2]",
  places: [],
  composite: true,
  complexGradient: "own",
  doc: {
    summary: "Sign of the determinant and logarithm of its size.",
    shape: "[*, n, n] -> [*], [*]",
    source: "torch.linalg.slogdet",
  },
  gradient(g, { inputs, outputs, grads: [gradSign, gradLog] }) {
    const [input, sign] = [inputs[0]!, outputs[0]!];
    const turned = isComplex(input.dtype) && gradSign ? g.neg(g.imag(g.mul(conjugate(g, gradSign), sign))) : null;
    if (!gradLog && turned === null) return [null];
    const inverted = adjoint(g, inverseOf(g, input)[0]);
    if (!isComplex(input.dtype)) return [g.mul(asMatrices(g, gradLog!), inverted)];
    // What flows into the size and what flows into the angle of the determinant.
    const zero = g.full(sign.shape, 0, realOf(sign.dtype));
    return [g.mul(asMatrices(g, g.complex(gradLog ?? zero, turned ?? zero)), inverted)];
  },
  record(g, { input }) {
    if (rowsOf(input) === 0)
      return [g.full(batchOf(input), 1, input.dtype), g.full(batchOf(input), 0, realOf(input.dtype))];
    const { lu, pivots } = factor(g, input);
    const line = diagonal(g, lu);
    const signs = apply(g, operator("sgn"), { input: line })[0]!;
    return [
      g.mul(overDiagonal(g, signs, "reduce_prod"), signOfPivots(g, pivots, input)),
      overDiagonal(g, g.log(g.abs(line)), "reduce_sum"),
    ];
  },
});
const logarithmOf = (g: GraphBuilder, name: string, input: Node): [Node, Node] => {
  requireSquare(name, input);
  return apply(g, logarithm, { input }) as [Node, Node];
};

for (const [name, parameter] of [
  ["linalg_slogdet", "A"],
  ["slogdet", "input"],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor ${parameter}) -> Tensor[2]` as "slogdet(Tensor input) -> Tensor[2]",
    places: name === "slogdet" ? ["torch", "Tensor"] : ["linalg"],
    results: ["sign", "logabsdet"],
    doc: {
      summary: "Sign of the determinant and logarithm of its size.",
      shape: "[*, n, n] -> [*], [*]",
      source: "torch.linalg.slogdet",
    },
    saves: [parameter, "sign"],
    gradient: "through decomposition",
    record: (g, args) => logarithmOf(g, "linalg.slogdet", (args as unknown as Record<string, Node>)[parameter]!),
  });
}

defineOp({
  name: "logdet",
  signature: "logdet(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "Logarithm of the determinant: NaN where it is negative.",
    shape: "[*, n, n] -> [*]",
    source: "torch.logdet",
  },
  gradient: "through decomposition",
  record(g, { input }) {
    const [sign, log] = logarithmOf(g, "logdet", input);
    if (isComplex(sign.dtype)) return g.add(g.log(sign), g.cast(log, sign.dtype));
    return g.where(g.eq(sign, -1), NaN, log);
  },
});

// ---- powers

export function powerOf(g: GraphBuilder, name: string, input: Node, n: number): Node {
  requireSquare(name, input);
  if (n === 0) {
    const one = identity(g, input.shape, input);
    // Differentiable in PyTorch, with gradient zero.
    return input.requiresGrad ? g.withHistory(one, g.mul(input, 0)) : one;
  }
  let base = n < 0 ? checkedInverse(g, "linalg.inv", input) : input;
  let result: Node | null = null;
  for (let rest = Math.abs(n); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result === null ? base : product(g, result, base);
    if (rest > 1) base = product(g, base, base);
  }
  return result!;
}

for (const [name, parameter] of [
  ["linalg_matrix_power", "A"],
  ["matrix_power", "input"],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor ${parameter}, int n) -> Tensor` as "matrix_power(Tensor input, int n) -> Tensor",
    places: name === "matrix_power" ? ["torch", "Tensor"] : ["linalg"],
    out: safelyCastable("matrix_power"),
    doc: {
      summary: "The n-th power of a square matrix, of its inverse when n is negative.",
      shape: square,
      source: "torch.linalg.matrix_power",
    },
    saves: ({ n }) => (n >= 0 ? null : n === -1 ? ["result"] : []),
    gradient: "through decomposition",
    layout: ({ n }, [x]) => [n === -1 ? columnOrder(x!) : null],
    record: (g, args) =>
      powerOf(g, "linalg.matrix_power", (args as unknown as Record<string, Node>)[parameter]!, args.n),
  });
}

// ---- tensors as matrices

const sizeOf = (shape: readonly number[]): number => elementCount(shape);

defineOp({
  name: "linalg_tensorinv",
  signature: "linalg_tensorinv(Tensor A, int ind=2) -> Tensor",
  places: ["linalg"],
  out: safelyCastable("tensorinv"),
  doc: {
    summary: "The inverse for tensordot over the first ind dimensions.",
    shape: "[a.., b..] -> [b.., a..]",
    source: "torch.linalg.tensorinv",
  },
  saves: ["result"],
  gradient: "through decomposition",
  record(g, { A, ind }) {
    if (ind <= 0)
      throw new ArgumentError(
        "linalg.tensorinv/ind",
        `linalg.tensorinv: Expected a strictly positive integer for 'ind', but got ${ind}.`,
      );
    const [head, tail] = [A.shape.slice(0, ind), A.shape.slice(ind)];
    if (sizeOf(head) !== sizeOf(tail))
      throw new ShapeError(
        "linalg.tensorinv/sizes",
        `linalg.tensorinv: Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got ${sizeOf(tail)} != ${sizeOf(head)}: ${describe(A)}.`,
      );
    const inverted = checkedInverse(g, "linalg.tensorinv", g.reshape(A, [sizeOf(head), sizeOf(tail)]));
    return g.reshape(inverted, [...tail, ...head]);
  },
});

defineOp({
  name: "linalg_tensorsolve",
  signature: "linalg_tensorsolve(Tensor A, Tensor B, int[]? dims=None) -> Tensor",
  places: ["linalg"],
  out: safelyCastable("tensorsolve"),
  doc: {
    summary: "X with tensordot(A, X, X.ndim) = B; dims of A are moved to its end first.",
    shape: "[b.., x..] and [b..] -> [x..]",
    source: "torch.linalg.tensorsolve",
  },
  saves: ({ dims }) => (dims === null ? ["A", "result"] : ["result"]),
  gradient: "through decomposition",
  record(g, { A, B, dims }) {
    const rank = A.shape.length;
    const moved = (dims ?? []).map((dim) => (dim < 0 ? dim + rank : dim));
    const a = g.permute(A, [...range(rank).filter((axis) => !moved.includes(axis)), ...moved]);
    const result = a.shape.slice(B.shape.length);
    if (sizeOf(result) !== sizeOf(B.shape))
      throw new ShapeError(
        "linalg.tensorsolve/sizes",
        `linalg.tensorsolve: Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got ${sizeOf(result)} != ${sizeOf(B.shape)}: ${describe(A)} and ${describe(B)}.`,
      );
    const matrix = g.reshape(a, [sizeOf(B.shape), sizeOf(result)]);
    requireMatrices("linalg.tensorsolve", matrix);
    const [x, info] = solve(g, matrix, g.reshape(B, [sizeOf(B.shape), 1]));
    const checked = refuseFailed(g, "linalg.tensorsolve", [x], info, singular)[0]!;
    return g.reshape(checked, result);
  },
});

nameSteps({
  det: "linalg_det",
  inverse: "linalg_inv_ex",
  linalg_inv: "linalg_inv_ex",
  slogdet: "linalg_slogdet",
  linalg_tensorsolve: "view",
});
