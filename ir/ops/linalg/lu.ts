/** LU factors, and what is solved with them. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { describe } from "../support.ts";
import {
  adjoint,
  apply,
  batchOf,
  byColumns,
  columns,
  columnsOf,
  identity,
  isEmpty,
  lower,
  product,
  refuseFailed,
  requireMatrices,
  rows,
  rowsOf,
  run,
  solvedByColumns,
  togetherBatched,
  transposed,
  upper,
  zeros,
} from "./matrices.ts";
import { requireSystem, solveTriangular, solveTriangularRight } from "./triangular.ts";

const packed = "[*, m, n] -> [*, m, n], [*, min(m, n)], [*]";

/** The order of rows that pivots stand for. */
function orderOf(g: GraphBuilder, pivots: Node, rowCount: number): Node {
  const shape = [...pivots.shape.slice(0, -1), rowCount];
  if (isEmpty(pivots)) return g.iotaAlong(shape, shape.length - 1, "int32");
  return run(g, { name: "permutation", rows: rowCount }, [g.cast(pivots, "int32")])[0]!;
}
const alongRows = (g: GraphBuilder, order: Node, x: Node): Node =>
  g.expandTo(g.reshape(order, [...order.shape, 1]), x.shape);
/** The rows of x in an order: row i is row order[i] of x. */
export const permuteRows = (g: GraphBuilder, x: Node, order: Node): Node =>
  isEmpty(x) ? x : g.takeAlong(x, x.shape.length - 2, alongRows(g, order, x));
/** The reverse: row order[i] is row i of x. */
export const restoreRows = (g: GraphBuilder, x: Node, order: Node): Node =>
  isEmpty(x) ? x : g.scatterAlong("set", zeros(g, x.shape, x), x, x.shape.length - 2, alongRows(g, order, x));

/** The unit lower and the upper factor of packed ones. */
export function unpack(g: GraphBuilder, lu: Node): { readonly l: Node; readonly u: Node } {
  const size = Math.min(rowsOf(lu), columnsOf(lu));
  const left = columns(g, lu, 0, size);
  return { l: g.add(lower(g, left, -1), identity(g, left.shape, lu)), u: upper(g, rows(g, lu, 0, size)) };
}

const factors = defineOp({
  name: "lu_factors",
  signature: "lu_factors(Tensor input, bool pivot) -> Tensor[3]",
  places: [],
  composite: true,
  complexGradient: "analytic",
  doc: { summary: "Packed LU factors, pivots, first zero pivot.", shape: packed, source: "torch.linalg.lu_factor_ex" },
  // With L = [L1; L2], U = [U1, U2], L1 and U1 square, and M = L1⁻¹ Pᵀ dA1 U1⁻¹:
  // dL1 = L1 low(M), dU1 = up(M) U1, dL2 = dA2 U1⁻¹ - L2 up(M), dU2 = L1⁻¹ dA2 - low(M) U2.
  gradient(g, { inputs, attrs, outputs, grads }) {
    const [input, lu, grad] = [inputs[0]!, outputs[0]!, grads[0]];
    if (!grad) return [null];
    const [m, n] = [rowsOf(lu), columnsOf(lu)];
    const size = Math.min(m, n);
    const { l, u } = unpack(g, lu);
    const [l1, u1] = [rows(g, l, 0, size), columns(g, u, 0, size)];
    const [gradL, gradU] = [lower(g, columns(g, grad, 0, size), -1), upper(g, rows(g, grad, 0, size))];
    let low = product(g, transposed(g, l1), rows(g, gradL, 0, size));
    let up = product(g, columns(g, gradU, 0, size), transposed(g, u1));
    if (n > m) low = g.sub(low, product(g, columns(g, gradU, m, n - m), transposed(g, columns(g, u, m, n - m))));
    if (m > n) up = g.sub(up, product(g, transposed(g, rows(g, l, n, m - n)), rows(g, gradL, n, m - n)));
    const middle = g.add(lower(g, low, -1), upper(g, up));
    const solved = solveTriangularRight(g, transposed(g, u1), middle, false);
    let result = solveTriangular(g, transposed(g, l1), solved, true, true);
    if (n > m) {
      const right = solveTriangular(g, transposed(g, l1), columns(g, gradU, m, n - m), true, true);
      result = g.concat([result, right], result.shape.length - 1);
    }
    if (m > n) {
      const below = solveTriangularRight(g, transposed(g, u1), rows(g, gradL, n, m - n), false);
      result = g.concat([result, below], result.shape.length - 2);
    }
    return [attrs["pivot"] === true ? restoreRows(g, result, orderOf(g, outputs[1]!, rowsOf(input))) : result];
  },
  record(g, { input, pivot }) {
    if (!isEmpty(input)) return run(g, { name: "lu", pivot }, [input]);
    const size = Math.min(rowsOf(input), columnsOf(input));
    return [input, g.full([...batchOf(input), size], 0, "int32"), g.full(batchOf(input), 0, "int32")];
  },
});

export interface Factored {
  readonly lu: Node;
  readonly pivots: Node;
  readonly info: Node;
}
export function factor(g: GraphBuilder, input: Node, pivot = true): Factored {
  const [lu, pivots, info] = apply(g, factors, { input, pivot }) as [Node, Node, Node];
  return { lu, pivots, info };
}

const singular = "The solver failed because the input matrix is singular.";
const zeroPivot =
  "U[%,%] is zero and using it on lu_solve would result in a division by zero. lu_factor_ex() gives the factors all the same.";

defineOp({
  name: "linalg_lu_factor",
  signature: "linalg_lu_factor(Tensor A, *, bool pivot=True) -> Tensor[2]",
  places: ["linalg"],
  results: ["LU", "pivots"],
  doc: {
    summary: "The unit lower and the upper factor of A with its rows exchanged, in one matrix, and the exchanges.",
    shape: "[*, m, n] -> [*, m, n], [*, min(m, n)]",
    source: "torch.linalg.lu_factor",
  },
  saves: ["LU", "pivots"],
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { A, pivot }) {
    requireMatrices("linalg.lu_factor", A);
    const { lu, pivots, info } = factor(g, A, pivot);
    return [...refuseFailed(g, "linalg.lu_factor", [lu], info, zeroPivot), pivots];
  },
});

defineOp({
  name: "linalg_lu_factor_ex",
  signature: "linalg_lu_factor_ex(Tensor A, *, bool pivot=True, bool check_errors=False) -> Tensor[3]",
  places: ["linalg"],
  results: ["LU", "pivots", "info"],
  doc: {
    summary: "As lu_factor, and 0, or the number of the first zero on the diagonal of the upper factor.",
    shape: packed,
    source: "torch.linalg.lu_factor_ex",
  },
  saves: ["LU", "pivots"],
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { A, pivot, check_errors }) {
    requireMatrices("linalg.lu_factor_ex", A);
    const { lu, pivots, info } = factor(g, A, pivot);
    return check_errors
      ? [...refuseFailed(g, "linalg.lu_factor_ex", [lu], info, zeroPivot), pivots, info]
      : [lu, pivots, info];
  },
});

defineOp({
  name: "linalg_lu",
  signature: "linalg_lu(Tensor A, *, bool pivot=True) -> Tensor[3]",
  places: ["linalg"],
  results: ["P", "L", "U"],
  doc: {
    summary: "A = P L U: a permutation, a unit lower and an upper triangle. P is empty without pivots.",
    shape: "[*, m, n] -> [*, m, m], [*, m, min(m, n)], [*, min(m, n), n]",
    source: "torch.linalg.lu",
  },
  saves: ["P", "L", "U"],
  gradient: "through decomposition",
  record(g, { A, pivot }) {
    requireMatrices("linalg.lu", A);
    const { lu, pivots } = factor(g, A, pivot);
    const { l, u } = unpack(g, lu);
    return [pivot ? permutationMatrix(g, lu, pivots) : g.full([0], 0, A.dtype), l, u];
  },
});

/** P, whose column i has its one at the row that stands at place i. */
function permutationMatrix(g: GraphBuilder, lu: Node, pivots: Node): Node {
  const shape = [...batchOf(lu), rowsOf(lu), rowsOf(lu)];
  const order = orderOf(g, pivots, rowsOf(lu));
  const row = g.iotaAlong(shape, shape.length - 2, "int32");
  return g.cast(g.eq(row, g.expandTo(g.reshape(order, [...batchOf(lu), 1, rowsOf(lu)]), shape)), lu.dtype);
}

defineOp({
  name: "lu_unpack",
  signature: "lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=True, bool unpack_pivots=True) -> Tensor[3]",
  places: ["torch"],
  results: ["P", "L", "U"],
  doc: {
    summary: "P, L and U of packed factors and their pivots; what is not asked for is empty.",
    shape: "[*, m, n] -> [*, m, m], [*, m, min(m, n)], [*, min(m, n), n]",
    source: "torch.lu_unpack",
  },
  gradient: "through decomposition",
  record(g, { LU_data, LU_pivots, unpack_data, unpack_pivots }) {
    requireMatrices("lu_unpack", LU_data, "LU_data");
    requirePivots("lu_unpack", LU_data, LU_pivots);
    const none = g.full([0], 0, LU_data.dtype);
    const { l, u } = unpack_data ? unpack(g, LU_data) : { l: none, u: none };
    return [unpack_pivots ? permutationMatrix(g, LU_data, LU_pivots) : none, l, u];
  },
});

function requirePivots(name: string, lu: Node, pivots: Node): void {
  if (pivots.dtype !== "int32")
    throw new DTypeError(
      `${name}/pivots`,
      `${name}: torch.int32 dtype is expected for pivots, got ${describe(pivots)}.`,
      "Convert them with int().",
    );
  if (pivots.shape.at(-1) !== Math.min(rowsOf(lu), columnsOf(lu)))
    throw new ShapeError(
      `${name}/pivots`,
      `${name}: Number of pivots per batch should be same as the dimension of the matrix: ${describe(pivots)} for ${describe(lu)}.`,
    );
}

// ---- systems of equations

/** X with A X = B, or A^H X = B when it turns, from the factors of A. */
export function solveFactored(
  g: GraphBuilder,
  { lu, pivots }: Pick<Factored, "lu" | "pivots">,
  b: Node,
  turns: boolean,
): Node {
  const [factorsOfA, right] = togetherBatched(g, "linalg.lu_solve", lu, b);
  const order = g.expandTo(orderOf(g, pivots, rowsOf(lu)), [...batchOf(right), rowsOf(lu)]);
  if (turns) {
    const turned = adjoint(g, factorsOfA);
    return restoreRows(g, solveTriangular(g, turned, solveTriangular(g, turned, right, false), true, true), order);
  }
  return solveTriangular(
    g,
    factorsOfA,
    solveTriangular(g, factorsOfA, permuteRows(g, right, order), false, true),
    true,
  );
}

function luSolve(g: GraphBuilder, name: string, lu: Node, pivots: Node, b: Node, left: boolean, turns: boolean): Node {
  requireSystem(name, lu, b, left);
  requirePivots(name, lu, pivots);
  const factored = { lu, pivots };
  if (left) return solveFactored(g, factored, b, turns);
  return adjoint(g, solveFactored(g, factored, adjoint(g, b), !turns));
}

defineOp({
  name: "linalg_lu_solve",
  signature: "linalg_lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False) -> Tensor",
  places: ["linalg"],
  doc: {
    summary: "X with A X = B (X A = B when not left; Aᵀ with adjoint), given the factors of A.",
    shape: "[*, n, n], [*, n] and [*, n, k] -> [*, n, k]",
    source: "torch.linalg.lu_solve",
  },
  saves: ["LU", "pivots", "result"],
  gradient: "through decomposition",
  layout: ({ LU, left }, [x]) => [solvedByColumns(LU, x!, left)],
  record: (g, { LU, pivots, B, left, adjoint: turns }) => luSolve(g, "linalg.lu_solve", LU, pivots, B, left, turns),
});

defineOp({
  name: "lu_solve",
  signature: "lu_solve(Tensor input, Tensor LU_data, Tensor LU_pivots) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "X with A X = input, given the factors of A; deprecated in PyTorch for linalg.lu_solve.",
    shape: "[*, n, k], [*, n, n] and [*, n] -> [*, n, k]",
    source: "torch.lu_solve",
  },
  saves: ["LU_data", "LU_pivots", "result"],
  gradient: "through decomposition",
  layout: byColumns(true),
  record: (g, { input, LU_data, LU_pivots }) => luSolve(g, "lu_solve", LU_data, LU_pivots, input, true, false),
});

const solution = defineOp({
  name: "linear_solution",
  signature: "linear_solution(Tensor a, Tensor b) -> Tensor[2]",
  places: [],
  composite: true,
  complexGradient: "analytic",
  doc: {
    summary: "X with a X = b, of equal batches, and 0 where a is not singular.",
    shape: "[*, n, n] and [*, n, k] -> [*, n, k], [*]",
    source: "torch.linalg.solve_ex",
  },
  gradient(g, { inputs, outputs, grads }) {
    const [a, grad] = [inputs[0]!, grads[0]];
    if (!grad) return [null, null];
    const gradB = solve(g, transposed(g, a), grad)[0];
    return [a.requiresGrad ? g.neg(product(g, gradB, transposed(g, outputs[0]!))) : null, gradB];
  },
  record(g, { a, b }) {
    const factored = factor(g, a);
    return [solveFactored(g, factored, b, false), factored.info];
  },
});

/** X with a X = b, and where a is singular. */
export function solve(g: GraphBuilder, a: Node, b: Node): [Node, Node] {
  const [left, right] = togetherBatched(g, "linalg.solve", a, b);
  return apply(g, solution, { a: left, b: right }) as [Node, Node];
}

/** PyTorch's rule: B is a batch of vectors when it has the shape of A without its last size. */
const isVectors = (a: Node, b: Node): boolean =>
  b.shape.length === 1 || (b.shape.length === a.shape.length - 1 && b.shape.every((size, i) => size === a.shape[i]));

function solveOf(g: GraphBuilder, name: string, a: Node, b: Node, left: boolean): [Node, Node] {
  requireMatrices(name, a);
  const vectors = isVectors(a, b);
  if (vectors && !left)
    throw new ShapeError(
      `${name}/vector`,
      `${name}: Vector broadcasting of the left hand side is not supported for left=False.`,
    );
  const matrices = vectors ? g.reshape(b, [...b.shape, 1]) : b;
  requireSystem(name, a, matrices, left);
  const [x, info] = left ? solve(g, a, matrices) : solve(g, transposed(g, a), transposed(g, matrices));
  const turned = left ? x : transposed(g, x);
  return [vectors ? g.reshape(turned, turned.shape.slice(0, -1)) : turned, info];
}
const system = "[*, n, n] and [*, n, k] or [*, n] -> as B";

defineOp({
  name: "linalg_solve",
  signature: "linalg_solve(Tensor A, Tensor B, *, bool left=True) -> Tensor",
  places: ["linalg"],
  doc: {
    summary: "X with A X = B (X A = B when not left). A singular matrix is an error when the result is read.",
    shape: system,
    source: "torch.linalg.solve",
  },
  saves: ["A", "result"],
  gradient: "through decomposition",
  layout: ({ A, left }, [x]) => [solvedByColumns(A, x!, left)],
  record(g, { A, B, left }) {
    const [x, info] = solveOf(g, "linalg.solve", A, B, left);
    return refuseFailed(g, "torch.linalg.solve", [x], info, singular)[0]!;
  },
});

defineOp({
  name: "linalg_solve_ex",
  signature: "linalg_solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> Tensor[2]",
  places: ["linalg"],
  results: ["result", "info"],
  doc: {
    summary: "X with A X = B, and 0, or the number of the first zero pivot where A is singular.",
    shape: "[*, n, n] and [*, n, k] or [*, n] -> as B, [*]",
    source: "torch.linalg.solve_ex",
  },
  saves: ["A", "result"],
  gradient: "through decomposition",
  layout: ({ A, left }, [x]) => [solvedByColumns(A, x!, left), null],
  record(g, { A, B, left, check_errors }) {
    const [x, info] = solveOf(g, "linalg.solve_ex", A, B, left);
    return check_errors ? [...refuseFailed(g, "linalg.solve_ex", [x], info, singular), info] : [x, info];
  },
});

nameSteps({ linalg_lu_factor: "linalg_lu_factor_ex", lu_solve: "linalg_lu_solve", linalg_solve: "linalg_solve_ex" });
