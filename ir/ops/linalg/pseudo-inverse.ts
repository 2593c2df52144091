/** Ranks, pseudo-inverses and least squares, by singular values above a tolerance. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { squaredSize } from "../../complex/parts.ts";
import { isComplex, realOf, scalarName } from "../../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { broadcastShapes, formatShape, type Shape } from "../../shape.ts";
import { requireSameType } from "../matmul.ts";
import { checkBroadcast, computedFrom, describe, operand, type TensorOrScalar } from "../support.ts";
import { eighOf } from "./eigh.ts";
import {
  adjoint,
  apply,
  asColumn,
  asRow,
  batchOf,
  columnsOf,
  isEmpty,
  product,
  requireMatrices,
  requireSquare,
  rowsOf,
  solvedByColumns,
  timesReal,
  transposed,
} from "./matrices.ts";
import { singularValues, svdOf } from "./svd.ts";
import { safelyCastable } from "../out-types.ts";

const epsilonOf = (x: Node): number => (realOf(x.dtype) === "float64" ? 2 ** -52 : 2 ** -23);

interface Tolerances {
  readonly atol: Node;
  readonly rtol: Node;
}

/** PyTorch's defaults: relative to the larger size when nothing is given, else only what is given. */
function tolerancesOf(g: GraphBuilder, x: Node, atol: TensorOrScalar | null, rtol: TensorOrScalar | null): Tolerances {
  const relative = atol === null ? epsilonOf(x) * Math.max(rowsOf(x), columnsOf(x)) : 0;
  const dtype = realOf(x.dtype);
  return {
    atol: atol === null ? g.constant(0, dtype) : operand(g, atol, dtype),
    rtol: rtol === null ? g.constant(relative, dtype) : operand(g, rtol, dtype),
  };
}

/** Matrices that the tolerances have a number each for, repeated where those are more. */
function withTolerances(g: GraphBuilder, name: string, x: Node, { atol, rtol }: Tolerances): Node {
  let batch: Shape = batchOf(x);
  for (const tolerance of [atol, rtol]) batch = checkBroadcast(name, tolerance, x, tolerance.shape, batch);
  return g.expandTo(x, [...batch, rowsOf(x), columnsOf(x)]);
}

/** Which of the sizes along the last axis count. */
function counted(g: GraphBuilder, sizes: Node, { atol, rtol }: Tolerances): Node {
  const last = sizes.shape.length - 1;
  const largest = g.reduce("reduce_max", sizes, [last]);
  const column = (x: Node): Node => g.reshape(x, [...x.shape, 1]);
  const shape = broadcastShapes(broadcastShapes(largest.shape, column(atol).shape) ?? [], column(rtol).shape) ?? [];
  const spread = (x: Node): Node => g.expandTo(x, shape);
  const least = g.max(spread(column(atol)), g.mul(spread(column(rtol)), spread(largest)));
  return g.gt(sizes, least);
}
const asBatch = (g: GraphBuilder, x: Node, shape: Shape): Node => g.reshape(x, shape);

defineOp({
  name: "linalg_matrix_rank",
  signature:
    "linalg_matrix_rank(Tensor A, *, Tensor|Scalar? atol=None, Tensor|Scalar? rtol=None, bool hermitian=False) -> Tensor",
  places: ["linalg"],
  out: safelyCastable("torch.linalg.matrix_rank"),
  doc: {
    summary: "The number of singular values above max(atol, rtol * the largest).",
    shape: "[*, m, n] -> [*]",
    source: "torch.linalg.matrix_rank",
  },
  gradient: "none",
  record: (g, { A, atol, rtol, hermitian }) => matrixRank(g, A, atol, rtol, hermitian),
});
defineOp({
  name: "linalg_matrix_rank.tol",
  signature: "linalg_matrix_rank(Tensor A, Tensor|Scalar tol, bool hermitian=False) -> Tensor",
  places: ["linalg"],
  out: safelyCastable("torch.linalg.matrix_rank"),
  doc: {
    summary: "The number of singular values above tol.",
    shape: "[*, m, n] -> [*]",
    source: "torch.linalg.matrix_rank",
  },
  gradient: "none",
  record: (g, { A, tol, hermitian }) => matrixRank(g, A, tol, null, hermitian),
});

function matrixRank(
  g: GraphBuilder,
  A: Node,
  atol: TensorOrScalar | null,
  rtol: TensorOrScalar | null,
  hermitian: boolean,
): Node {
  requireMatrices("linalg.matrix_rank", A);
  const tolerances = tolerancesOf(g, A, atol, rtol);
  const x = withTolerances(g, "linalg.matrix_rank", g.detach(A), tolerances);
  if (isEmpty(x)) return g.full(batchOf(x), 0, "int64");
  const sizes = hermitian ? g.abs(eighOf(g, "linalg.matrix_rank", x, "L")[0]) : singularValues(g, x);
  return rankOf(g, counted(g, sizes, tolerances));
}
const rankOf = (g: GraphBuilder, which: Node): Node =>
  asBatch(g, g.sum(g.cast(which, "int64"), [which.shape.length - 1]), which.shape.slice(0, -1));

const isInfinite = (g: GraphBuilder, x: Node): Node =>
  g.or(g.eq(g.abs(g.real(x)), Infinity), g.eq(g.abs(g.imag(x)), Infinity));

const pseudo = defineOp({
  name: "pseudo_inverse",
  signature: "pseudo_inverse(Tensor input, Tensor atol, Tensor rtol, bool hermitian) -> Tensor",
  places: [],
  composite: true,
  complexGradient: "own",
  doc: { summary: "The pseudo-inverse.", shape: "[*, m, n] -> [*, n, m]", source: "torch.linalg.pinv" },
  // By hand: right for repeated singular values, too. With P the result, G its gradient and Pᵀ its transpose:
  // -Pᵀ G Pᵀ + (I - A P) Gᵀ P Pᵀ + Pᵀ P Gᵀ (I - P A)
  gradient(g, { inputs, outputs, grads }) {
    const [a, p, grad] = [inputs[0]!, outputs[0]!, grads[0]];
    if (!grad) return [null, null, null];
    const [turned, gradT] = [adjoint(g, p), adjoint(g, grad)];
    const direct = product(g, product(g, turned, grad), turned);
    const right = product(g, gradT, product(g, p, turned));
    const left = product(g, product(g, turned, p), gradT);
    const outside = g.sub(right, product(g, a, product(g, p, right)));
    const beyond = g.sub(left, product(g, product(g, left, p), a));
    return [g.sub(g.add(outside, beyond), direct), null, null];
  },
  record(g, { input, atol, rtol, hermitian }) {
    if (isEmpty(input)) return transposed(g, input);
    if (hermitian) {
      const [values, vectors] = eighOf(g, "linalg.pinv", input, "L");
      const which = counted(g, g.abs(values), { atol, rtol });
      const scaled = g.where(which, g.div(1, g.where(which, values, 1)), 0);
      return product(g, timesReal(g, vectors, g.expandTo(asRow(g, scaled), vectors.shape)), adjoint(g, vectors));
    }
    const { u, s, v } = svdOf(g, input);
    const which = counted(g, s, { atol, rtol });
    const scaled = g.where(which, g.div(1, g.where(which, s, 1)), 0);
    return product(g, timesReal(g, v, g.expandTo(asRow(g, scaled), v.shape)), adjoint(g, u));
  },
});

function pseudoInverse(
  g: GraphBuilder,
  name: string,
  matrices: Node,
  atol: TensorOrScalar | null,
  rtol: TensorOrScalar | null,
  hermitian: boolean,
): Node {
  const isFitting =
    matrices.shape.length >= 2 &&
    (isComplex(matrices.dtype) || matrices.dtype === "float32" || matrices.dtype === "float64");
  if (!isFitting)
    throw new (matrices.shape.length < 2 ? ShapeError : DTypeError)(
      `${name}/input`,
      `${name}(${scalarName(matrices.dtype)}{${formatShape(matrices.shape)}}): expected a tensor with 2 or more dimensions of float, double, cfloat or cdouble types.`,
    );
  if (hermitian) requireSquare(name, matrices);
  const tolerances = tolerancesOf(g, matrices, atol, rtol);
  const input = withTolerances(g, name, matrices, tolerances);
  if (hermitian || isEmpty(input)) return apply(g, pseudo, { input, ...tolerances, hermitian })[0]!;
  // A matrix with an infinite element has no singular values, and NaN for its inverse and for its gradient.
  const infinite = g.reduce("reduce_max", isInfinite(g, input), [input.shape.length - 2, input.shape.length - 1]);
  const finite = g.where(infinite, 0, g.detach(input));
  const inverse = apply(g, pseudo, {
    input: input.requiresGrad ? g.withHistory(finite, input) : finite,
    ...tolerances,
    hermitian,
  })[0]!;
  const factor = g.where(infinite, NaN, g.full([], 1, realOf(input.dtype)));
  return timesReal(g, inverse, g.expandTo(factor, inverse.shape));
}

defineOp({
  name: "linalg_pinv",
  signature:
    "linalg_pinv(Tensor A, *, Tensor|Scalar? atol=None, Tensor|Scalar? rtol=None, bool hermitian=False) -> Tensor",
  places: ["linalg"],
  out: safelyCastable("linalg.pinv"),
  doc: {
    summary: "The pseudo-inverse: singular values of at most max(atol, rtol * the largest) count as zero.",
    shape: "[*, m, n] -> [*, n, m]",
    source: "torch.linalg.pinv",
  },
  gradient: "through decomposition",
  record: (g, { A, atol, rtol, hermitian }) => pseudoInverse(g, "linalg.pinv", A, atol, rtol, hermitian),
});
defineOp({
  name: "linalg_pinv.rcond",
  signature: "linalg_pinv(Tensor A, Tensor|Scalar rcond, bool hermitian=False) -> Tensor",
  places: ["linalg"],
  out: safelyCastable("linalg.pinv"),
  doc: {
    summary: "The pseudo-inverse: singular values of at most rcond times the largest count as zero.",
    shape: "[*, m, n] -> [*, n, m]",
    source: "torch.linalg.pinv",
  },
  gradient: "through decomposition",
  record: (g, { A, rcond, hermitian }) => pseudoInverse(g, "linalg.pinv", A, null, rcond, hermitian),
});
defineOp({
  name: "pinverse",
  signature: "pinverse(Tensor input, Scalar rcond=1e-15) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "The pseudo-inverse, as torch.linalg.pinv.",
    shape: "[*, m, n] -> [*, n, m]",
    source: "torch.pinverse",
  },
  gradient: "through decomposition",
  record: (g, { input, rcond }) => pseudoInverse(g, "linalg.pinv", input, null, rcond, false),
});

const drivers = ["gels", "gelsy", "gelsd", "gelss"];

defineOp({
  name: "linalg_lstsq",
  signature:
    "linalg_lstsq(Tensor A, Tensor B, number? rcond=None, *, 'gels'|'gelsy'|'gelsd'|'gelss'? driver=None) -> Tensor[4]",
  places: ["linalg"],
  results: ["solution", "residuals", "rank", "singular_values"],
  doc: {
    summary:
      "The X of least size with A X nearest to B. residuals (of systems with more rows than columns), rank and singular_values are empty where the driver does not give them.",
    shape: "[*, m, n] and [*, m, k] or [*, m] -> [*, n, k] or [*, n], [*, k], [*], [*, min(m, n)]",
    source: "torch.linalg.lstsq",
  },
  saves: ["A", "B", "solution"],
  gradient: "through decomposition",
  layout: ({ A }, [x]) => [rowsOf(A) > columnsOf(A) ? null : solvedByColumns(A, x!), null, null, null],
  record(g, { A, B, rcond, driver }) {
    const name = "torch.linalg.lstsq";
    requireMatrices(name, A, "input");
    requireSameType(name, A, B);
    if (driver !== null && !drivers.includes(driver))
      throw new ArgumentError(
        `${name}/driver`,
        `${name}: parameter \`driver\` should be one of (gels, gelsy, gelsd, gelss), got "${driver}".`,
      );
    const vectors = B.shape.length === A.shape.length - 1;
    const b = vectors ? asColumn(g, B) : B;
    if (b.shape.length < 2 || rowsOf(b) !== rowsOf(A))
      throw new ShapeError(
        `${name}/sizes`,
        `${name}: input.size(-2) should match other.size(-2), got ${describe(A)} and ${describe(B)}.`,
      );
    const none = (dtype: Node["dtype"]): Node => g.full([0], 0, dtype);
    const tolerances: Tolerances = {
      atol: g.constant(0, realOf(A.dtype)),
      // "gels" takes the rank to be full.
      rtol: g.constant(
        driver === "gels" ? 0 : (rcond ?? epsilonOf(A) * Math.max(rowsOf(A), columnsOf(A))),
        realOf(A.dtype),
      ),
    };
    const inverted = apply(g, pseudo, { input: A, ...tolerances, hermitian: false })[0]!;
    const x = product(g, inverted, b);
    const solution = vectors ? g.reshape(x, x.shape.slice(0, -1)) : x;
    const values = isEmpty(A) ? null : singularValues(g, g.detach(A));
    const rank = values === null ? g.full(batchOf(A), 0, "int64") : rankOf(g, counted(g, values, tolerances));
    const hasValues = driver === "gelsd" || driver === "gelss";
    return [
      solution,
      rowsOf(A) > columnsOf(A) && driver !== "gelsy" && driver !== null
        ? residualsOf(g, A, x, b)
        : computedFrom(g, none(realOf(A.dtype)), [A, B]),
      driver === "gels" ? none("int64") : rank,
      hasValues && values !== null ? values : none(realOf(A.dtype)),
    ];
  },
});

function residualsOf(g: GraphBuilder, a: Node, x: Node, b: Node): Node {
  const difference = g.sub(product(g, a, x), b);
  const summed = g.sum(squaredSize(g, difference), [difference.shape.length - 2]);
  return asBatch(g, summed, [...batchOf(summed), columnsOf(summed)]);
}

nameSteps({ pinverse: "linalg_pinv" });
