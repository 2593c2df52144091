/** Eigenvalues of symmetric matrices. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { realOf } from "../../dtype.ts";
import { ArgumentError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import {
  adjoint,
  apply,
  asColumn,
  asRow,
  batchOf,
  byColumns,
  diagonalMatrix,
  hermitian,
  isEmpty,
  lower,
  overReal,
  product,
  refuseUnbounded,
  requireSquare,
  rowsOf,
  run,
  withDiagonal,
  withoutDiagonal,
} from "./matrices.ts";

const factors = defineOp({
  name: "eigh_factors",
  signature: "eigh_factors(Tensor input) -> Tensor[2]",
  places: [],
  composite: true,
  complexGradient: "own",
  doc: {
    summary: "Eigenvalues, ascending, and eigenvectors of a symmetric matrix, of which the lower triangle is read.",
    shape: "[*, n, n] -> [*, n], [*, n, n]",
    source: "torch.linalg.eigh",
  },
  // V (diag(dL) + Vᵀ dV / (differences of L)) Vᵀ, as the symmetric matrix that it stands for.
  gradient(g, { outputs, grads }) {
    const [values, vectors] = outputs as readonly [Node, Node];
    const [gradValues, gradVectors] = grads;
    if (!gradValues && !gradVectors) return [null];
    const turned = adjoint(g, vectors);
    let middle: Node | null = gradValues ? diagonalMatrix(g, g.cast(gradValues, vectors.dtype)) : null;
    if (gradVectors) {
      const apart = withDiagonal(g, g.sub(asRow(g, values), asColumn(g, values)), 1);
      const turning = withoutDiagonal(g, overReal(g, product(g, turned, gradVectors), apart));
      middle = middle === null ? turning : g.add(middle, turning);
    }
    const result = product(g, product(g, vectors, middle!), turned);
    return [gradVectors ? hermitian(g, result) : result];
  },
  record(g, { input }) {
    if (isEmpty(input)) return [g.full([...batchOf(input), rowsOf(input)], 0, realOf(input.dtype)), input];
    return run(g, { name: "eigh" }, [input]);
  },
});

export function eighOf(g: GraphBuilder, name: string, input: Node, triangle: string): [Node, Node] {
  requireSquare(name, input);
  if (triangle !== "L" && triangle !== "U" && triangle !== "l" && triangle !== "u")
    throw new ArgumentError(`${name}/UPLO`, `${name}: Expected UPLO argument to be 'L' or 'U', but got ${triangle}.`);
  const isUpper = triangle.toUpperCase() === "U";
  const read = refuseUnbounded(g, name, isUpper ? adjoint(g, input) : input, (x) => lower(g, x));
  return apply(g, factors, { input: read }) as [Node, Node];
}

defineOp({
  name: "linalg_eigh",
  signature: "linalg_eigh(Tensor A, 'L'|'U' UPLO=L) -> Tensor[2]",
  places: ["linalg"],
  results: ["eigenvalues", "eigenvectors"],
  doc: {
    summary:
      "Eigenvalues, ascending, and eigenvectors (in columns) of a symmetric matrix, reading its lower or upper triangle.",
    shape: "[*, n, n] -> [*, n], [*, n, n]",
    source: "torch.linalg.eigh",
  },
  saves: ["eigenvalues", "eigenvectors"],
  gradient: "through decomposition",
  layout: byColumns(false, true),
  record: (g, { A, UPLO }) => eighOf(g, "linalg.eigh", A, UPLO),
});

defineOp({
  name: "linalg_eigvalsh",
  signature: "linalg_eigvalsh(Tensor A, 'L'|'U' UPLO=L) -> Tensor",
  places: ["linalg"],
  doc: {
    summary: "Eigenvalues of a symmetric matrix, ascending.",
    shape: "[*, n, n] -> [*, n]",
    source: "torch.linalg.eigvalsh",
  },
  saves: ["result"],
  gradient: "through decomposition",
  record: (g, { A, UPLO }) => eighOf(g, "linalg.eigvalsh", A, UPLO)[0],
});

nameSteps({ linalg_eigvalsh: "linalg_eigh" });
