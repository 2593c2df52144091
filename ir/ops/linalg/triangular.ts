/** Systems of equations with a triangular matrix. */
import type { GraphBuilder } from "../../builder.ts";
import { ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { requireSameType } from "../matmul.ts";
import { describe } from "../support.ts";
import {
  apply,
  byColumns,
  columnsOf,
  lower,
  product,
  requireMatrices,
  requireSquare,
  rowsOf,
  run,
  togetherBatched,
  transposed,
  upper as upperOf,
} from "./matrices.ts";
import { scalarTypeExpected } from "../out-types.ts";

const system = defineOp({
  name: "triangular_system",
  signature: "triangular_system(Tensor a, Tensor b, bool upper, bool unit) -> Tensor",
  places: [],
  composite: true,
  complexGradient: "analytic",
  doc: {
    summary: "X with a X = b, a triangular, of equal batches.",
    shape: "[*, n, n] and [*, n, k] -> [*, n, k]",
    source: "torch.linalg.solve_triangular",
  },
  // By hand: X is a function of a and b whatever the method. da = -a⁻ᵀ dX Xᵀ, in the triangle.
  gradient(g, { inputs, attrs, outputs, grads }) {
    const [a, grad] = [inputs[0]!, grads[0]];
    if (!grad) return [null, null];
    const { upper, unit } = attrs as { readonly upper: boolean; readonly unit: boolean };
    const gradB = solveTriangular(g, transposed(g, a), grad, !upper, unit);
    if (!a.requiresGrad) return [null, gradB];
    const full = g.neg(product(g, gradB, transposed(g, outputs[0]!)));
    return [upper ? upperOf(g, full, unit ? 1 : 0) : lower(g, full, unit ? -1 : 0), gradB];
  },
  record: (g, { a, b, upper, unit }) => run(g, { name: "solve_triangular", upper, unit }, [a, b])[0]!,
});

/** X with a X = b; batches broadcast. */
export function solveTriangular(g: GraphBuilder, a: Node, b: Node, upper: boolean, unit = false): Node {
  const [left, right] = togetherBatched(g, "linalg.solve_triangular", a, b);
  return apply(g, system, { a: left, b: right, upper, unit })[0]!;
}
/** X with X a = b. */
export const solveTriangularRight = (g: GraphBuilder, a: Node, b: Node, upper: boolean, unit = false): Node =>
  transposed(g, solveTriangular(g, transposed(g, a), transposed(g, b), !upper, unit));

/** @throws ShapeError when A X = B (X A = B when not `left`) cannot be */
export function requireSystem(name: string, a: Node, b: Node, left: boolean): void {
  requireMatrices(name, b, "The input tensor B");
  requireSquare(name, a);
  requireSameType(name, a, b);
  if (left ? rowsOf(a) === rowsOf(b) : columnsOf(a) === columnsOf(b)) return;
  throw new ShapeError(
    `${name}/sizes`,
    `${name}: Incompatible shapes of A and B for the equation ${left ? "AX = B" : "XA = B"} (${rowsOf(a)}x${columnsOf(a)} and ${rowsOf(b)}x${columnsOf(b)}): ${describe(a)} and ${describe(b)}.`,
  );
}

defineOp({
  name: "linalg_solve_triangular",
  signature:
    "linalg_solve_triangular(Tensor A, Tensor B, *, bool upper, bool left=True, bool unitriangular=False) -> Tensor",
  places: ["linalg"],
  out: scalarTypeExpected,
  doc: {
    summary: "X with A X = B (X A = B when not left), reading one triangle of A.",
    shape: "[*, n, n] and [*, n, k] -> [*, n, k]",
    source: "torch.linalg.solve_triangular",
  },
  saves: ["A", "result"],
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { A, B, upper, left, unitriangular }) {
    requireSystem("linalg.solve_triangular", A, B, left);
    return (left ? solveTriangular : solveTriangularRight)(g, A, B, upper, unitriangular);
  },
});

defineOp({
  name: "triangular_solve",
  signature:
    "triangular_solve(Tensor input, Tensor A, bool upper=True, bool transpose=False, bool unitriangular=False) -> Tensor[2]",
  places: ["torch", "Tensor"],
  results: ["solution", "cloned_coefficient"],
  doc: {
    summary: "X with A X = input, reading one triangle of A, and A; deprecated in PyTorch for linalg.solve_triangular.",
    shape: "[*, n, k] and [*, n, n] -> [*, n, k] and [*, n, n]",
    source: "torch.triangular_solve",
  },
  saves: ["input", "A", "solution"],
  gradient: "through decomposition",
  layout: byColumns(true, true),
  record(g, { input, A, upper, transpose, unitriangular }) {
    requireSystem("triangular_solve", A, input, true);
    const [a, b] = togetherBatched(g, "triangular_solve", A, input);
    const x = transpose
      ? solveTriangular(g, transposed(g, a), b, !upper, unitriangular)
      : solveTriangular(g, a, b, upper, unitriangular);
    return [x, a];
  },
});
