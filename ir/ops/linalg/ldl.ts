/** LDL factors of symmetric matrices, and what is solved with them. */
import type { GraphBuilder } from "../../builder.ts";
import { isComplex, isIntegral } from "../../dtype.ts";
import { AutogradError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, type GradientRule } from "../../operator.ts";
import { recordRoutine } from "../../routines/index.ts";
import { sameShape } from "../../shape.ts";
import { requireSameType } from "../matmul.ts";
import { describe } from "../support.ts";
import {
  apply,
  batchOf,
  byColumns,
  columnsOf,
  isEmpty,
  refuseFailed,
  requireMatrices,
  requireSquare,
  rowsOf,
  togetherBatched,
  zeros,
} from "./matrices.ts";

/** PyTorch has no derivatives of these. */
const underived =
  (name: string): GradientRule =>
  () => {
    throw new AutogradError(
      `${name}/derivative`,
      `${name}: derivative for aten::${name} is not implemented.`,
      "torch.linalg.solve has one.",
    );
  };

const factors = defineOp({
  name: "ldl_factors",
  signature: "ldl_factors(Tensor input, bool hermitian) -> Tensor[3]",
  places: [],
  composite: true,
  complexGradient: "own",
  doc: {
    summary: "Packed LDL factors, pivots, first block of zero.",
    shape: "[*, n, n] -> [*, n, n], [*, n], [*]",
    source: "torch.linalg.ldl_factor_ex",
  },
  gradient: underived("linalg_ldl_factor_ex"),
  record(g, { input, hermitian }) {
    if (isEmpty(input))
      return [input, g.full([...batchOf(input), rowsOf(input)], 0, "int32"), g.full(batchOf(input), 0, "int32")];
    if (!isComplex(input.dtype)) return recordRoutine(g, { name: "ldl" }, [input]);
    const [re, im, pivots, info] = recordRoutine(g, { name: "complex_ldl", hermitian }, [g.real(input), g.imag(input)]);
    return [g.complex(re!, im!), pivots!, info!];
  },
});

const singular = "The factorization met a block of zero: the input matrix is singular.";

function factor(g: GraphBuilder, input: Node, hermitian: boolean): Node[] {
  requireSquare("torch.linalg.ldl_factor_ex", input);
  return apply(g, factors, { input, hermitian });
}

defineOp({
  name: "linalg_ldl_factor",
  signature: "linalg_ldl_factor(Tensor A, *, bool hermitian=False) -> Tensor[2]",
  places: ["linalg"],
  results: ["LD", "pivots"],
  doc: {
    summary:
      "L and the block diagonal D of a symmetric (hermitian: Hermitian) matrix with A = L D Lᵀ, in one matrix, and the exchanges of rows as LAPACK gives them. Reads the lower triangle. It has no derivative.",
    shape: "[*, n, n] -> [*, n, n], [*, n]",
    source: "torch.linalg.ldl_factor",
  },
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { A, hermitian }) {
    const [ld, pivots, info] = factor(g, A, hermitian) as [Node, Node, Node];
    return refuseFailed(g, "torch.linalg.ldl_factor", [ld, pivots], info, singular);
  },
});

defineOp({
  name: "linalg_ldl_factor_ex",
  signature: "linalg_ldl_factor_ex(Tensor A, *, bool hermitian=False, bool check_errors=False) -> Tensor[3]",
  places: ["linalg"],
  results: ["LD", "pivots", "info"],
  doc: {
    summary: "As ldl_factor, and 0, or the number of the first block of zero.",
    shape: "[*, n, n] -> [*, n, n], [*, n], [*]",
    source: "torch.linalg.ldl_factor_ex",
  },
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { A, hermitian, check_errors }) {
    const [ld, pivots, info] = factor(g, A, hermitian) as [Node, Node, Node];
    if (!check_errors) return [ld, pivots, info];
    return [...refuseFailed(g, "torch.linalg.ldl_factor_ex", [ld, pivots], info, singular), info];
  },
});

const solution = defineOp({
  name: "ldl_solution",
  signature: "ldl_solution(Tensor ld, Tensor pivots, Tensor b, bool hermitian) -> Tensor",
  places: [],
  composite: true,
  complexGradient: "own",
  doc: {
    summary: "X with A X = b, given the factors of A, of equal batches.",
    shape: "[*, n, n], [*, n] and [*, n, k] -> [*, n, k]",
    source: "torch.linalg.ldl_solve",
  },
  gradient: underived("linalg_ldl_solve"),
  record(g, { ld, pivots, b, hermitian }) {
    if (isEmpty(b)) return zeros(g, b.shape, b);
    if (!isComplex(ld.dtype)) return recordRoutine(g, { name: "ldl_solve" }, [ld, pivots, b])[0]!;
    const inputs = [g.real(ld), g.imag(ld), pivots, g.real(b), g.imag(b)];
    const [re, im] = recordRoutine(g, { name: "complex_ldl_solve", hermitian }, inputs);
    return g.complex(re!, im!);
  },
});

function requireFactors(name: string, ld: Node, pivots: Node, b: Node): void {
  requireMatrices(name, b, "The input tensor B");
  requireSquare(name, ld);
  requireSameType(name, ld, b);
  if (rowsOf(ld) !== rowsOf(b))
    throw new ShapeError(
      `${name}/sizes`,
      `${name}: Incompatible matrix sizes for ${name}: each A matrix is ${rowsOf(ld)} by ${columnsOf(ld)} but each b matrix is ${rowsOf(b)} by ${columnsOf(b)}: ${describe(ld)} and ${describe(b)}.`,
    );
  if (!isIntegral(pivots.dtype) || pivots.dtype === "bool")
    throw new DTypeError(
      `${name}/pivots`,
      `${name}: Expected pivots to be integers. Got ${describe(pivots)}.`,
      "Pass the pivots of ldl_factor.",
    );
  if (!sameShape(pivots.shape, ld.shape.slice(0, -1)))
    throw new ShapeError(
      `${name}/pivots`,
      `${name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got ${describe(pivots)} for LD ${describe(ld)}.`,
    );
}

defineOp({
  name: "linalg_ldl_solve",
  signature: "linalg_ldl_solve(Tensor LD, Tensor pivots, Tensor B, *, bool hermitian=False) -> Tensor",
  places: ["linalg"],
  doc: {
    summary: "X with A X = B, given the factors of A as ldl_factor gives them. It has no derivative.",
    shape: "[*, n, n], [*, n] and [*, n, k] -> [*, n, k]",
    source: "torch.linalg.ldl_solve",
  },
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { LD, pivots, B, hermitian }) {
    requireFactors("torch.linalg.ldl_solve", LD, pivots, B);
    const [ld, b] = togetherBatched(g, "torch.linalg.ldl_solve", LD, B);
    const order = g.expandTo(g.cast(pivots, "int32"), ld.shape.slice(0, -1));
    return apply(g, solution, { ld, pivots: order, b, hermitian })[0]!;
  },
});
