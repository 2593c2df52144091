/** Eigenvalues of matrices of any kind. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { conjugate } from "../../complex/parts.ts";
import { complexOf, isComplex } from "../../dtype.ts";
import { AutogradError, LinAlgError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { recordRoutine } from "../../routines/index.ts";
import { solve } from "./lu.ts";
import {
  adjoint,
  apply,
  asColumn,
  asRow,
  batchOf,
  byColumns,
  diagonal,
  diagonalMatrix,
  isEmpty,
  isUnbounded,
  product,
  refuseFailed,
  requireSquare,
  rowsOf,
  timesReal,
  withDiagonal,
  withoutDiagonal,
} from "./matrices.ts";
import { safelyCastable } from "../out-types.ts";

/** Imaginary parts of V^H dV up to which PyTorch says that a loss does not feel the vectors' angles. */
const angleTolerance = 1e-2;

const factors = defineOp({
  name: "eig_factors",
  signature: "eig_factors(Tensor input) -> Tensor[3]",
  places: [],
  composite: true,
  complexGradient: "own",
  doc: {
    summary: "Eigenvalues and eigenvectors of a matrix, and 0 where all were found.",
    shape: "[*, n, n] -> [*, n], [*, n, n], [*]",
    source: "torch.linalg.eig",
  },
  // V⁻ᴴ (diag(dL) + (Vᴴ dV - Vᴴ V diag(Re(Vᴴ dV))) / conj(differences of L)) Vᴴ: vectors keep their length.
  gradient(g, { inputs, outputs, grads }) {
    const [values, vectors] = outputs as readonly [Node, Node, Node];
    const [gradValues, gradVectors] = grads;
    if (!gradValues && !gradVectors) return [null];
    const turned = adjoint(g, vectors);
    let middle: Node | null = gradValues ? diagonalMatrix(g, gradValues) : null;
    if (gradVectors) {
      const moved = product(g, turned, gradVectors);
      const along = diagonal(g, moved);
      const kept = timesReal(g, product(g, turned, vectors), g.expandTo(asRow(g, g.real(along)), moved.shape));
      const apart = withDiagonal(g, g.sub(asRow(g, values), asColumn(g, values)), 1);
      const turning = withoutDiagonal(g, g.div(g.sub(moved, kept), conjugate(g, apart)));
      middle = middle === null ? turning : g.add(middle, turning);
      middle = refuseAngles(g, middle, along);
    }
    const [result] = solve(g, turned, product(g, middle!, turned));
    return [isComplex(inputs[0]!.dtype) ? result : g.real(result)];
  },
  record(g, { input }) {
    const dtype = complexOf(input.dtype);
    if (isEmpty(input))
      return [
        g.full([...batchOf(input), rowsOf(input)], 0, dtype),
        g.full(input.shape, 0, dtype),
        g.full(batchOf(input), 0, "int32"),
      ];
    const found = isComplex(input.dtype)
      ? recordRoutine(g, { name: "complex_eig" }, [g.real(input), g.imag(input)])
      : recordRoutine(g, { name: "eig" }, [input]);
    return [g.complex(found[0]!, found[1]!), g.complex(found[2]!, found[3]!), found[4]!];
  },
});

/** A vector times a number of size one is as good an eigenvector: a loss that feels the number has no gradient. */
const refuseAngles = (g: GraphBuilder, x: Node, along: Node): Node =>
  g.refuseWhere(
    x,
    () => g.gt(g.abs(g.imag(along)), angleTolerance),
    () =>
      new AutogradError(
        "linalg.eig/angles",
        "linalg_eig_backward: The eigenvectors in the complex case are specified up to multiplication by e^{i phi}. The specified loss function depends on this quantity, so it is ill-defined.",
        "Use what does not change with the angle of a vector, such as its abs().",
      ),
  );

function eigOf(g: GraphBuilder, name: string, input: Node): [Node, Node] {
  requireSquare(name, input);
  const [values, vectors, info] = apply(g, factors, { input }) as [Node, Node, Node];
  const found = refuseFailed(g, name, [values, vectors], info, "The algorithm failed to converge.");
  if (isEmpty(input)) return found as [Node, Node];
  return found.map((x) =>
    g.refuseWhere(
      x,
      () => isUnbounded(g, input),
      () => new LinAlgError(`${name}/values`, `torch.${name}: input tensor should not contain infs or NaNs.`),
    ),
  ) as [Node, Node];
}

defineOp({
  name: "linalg_eig",
  signature: "linalg_eig(Tensor A) -> Tensor[2]",
  places: ["linalg"],
  results: ["eigenvalues", "eigenvectors"],
  doc: {
    summary:
      "Eigenvalues, in no order, and eigenvectors of length one (in columns) of a square matrix; always complex. The largest element of each vector is real.",
    shape: "[*, n, n] -> [*, n], [*, n, n]",
    source: "torch.linalg.eig",
  },
  gradient: "through decomposition",
  layout: byColumns(false, true),
  record: (g, { A }) => eigOf(g, "linalg.eig", A),
});

defineOp({
  name: "linalg_eigvals",
  signature: "linalg_eigvals(Tensor A) -> Tensor",
  places: ["linalg"],
  out: safelyCastable("torch.linalg.eigvals", "eigenvalues"),
  doc: {
    summary: "Eigenvalues of a square matrix, in no order; always complex.",
    shape: "[*, n, n] -> [*, n]",
    source: "torch.linalg.eigvals",
  },
  saves: ["result"],
  gradient: "through decomposition",
  record: (g, { A }) => eigOf(g, "linalg.eigvals", A)[0],
});

nameSteps({ linalg_eigvals: "linalg_eig" });
