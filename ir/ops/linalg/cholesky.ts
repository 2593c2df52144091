/** Cholesky factors, and what is solved with them. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { defineOp, type Place } from "../../operator.ts";
import {
  adjoint,
  apply,
  byColumns,
  identity,
  lower,
  product,
  refuseFailed,
  requireSquare,
  run,
  togetherBatched,
  transposed,
} from "./matrices.ts";
import { requireSystem, solveTriangular } from "./triangular.ts";
import { anyCastable, resultsType, safelyCastable } from "../out-types.ts";

const factor = defineOp({
  name: "cholesky_factor",
  signature: "cholesky_factor(Tensor input, bool upper) -> Tensor[2]",
  places: [],
  composite: true,
  complexGradient: "own",
  doc: {
    summary:
      "L with L Lᵀ = input, whose lower triangle is read (with upper the upper one), and the order of the first minor that is not positive.",
    shape: "[*, n, n] -> [*, n, n], [*]",
    source: "torch.linalg.cholesky_ex",
  },
  // L^-H phi(L^H dL) L⁻¹, phi being the lower triangle with half the diagonal, made symmetric. A diagonal that is not
  // real keeps it from being so; as in PyTorch it is the gradient all the same, whichever triangle is read.
  gradient(g, { outputs, grads }) {
    const [l, grad] = [outputs[0]!, grads[0]];
    if (!grad) return [null];
    const turned = lower(g, product(g, adjoint(g, l), grad));
    const half = g.mul(g.add(turned, adjoint(g, lower(g, turned, -1))), 0.5);
    const left = solveTriangular(g, adjoint(g, l), half, true);
    return [transposed(g, solveTriangular(g, transposed(g, l), transposed(g, left), true))];
  },
  record: (g, { input, upper }) => run(g, { name: "cholesky" }, [upper ? adjoint(g, input) : input]),
});

function choleskyOf(g: GraphBuilder, name: string, input: Node, upper: boolean): [Node, Node] {
  requireSquare(name, input);
  const [l, info] = apply(g, factor, { input, upper }) as [Node, Node];
  return [upper ? adjoint(g, l) : l, info];
}
const failed =
  "The factorization could not be completed because the input is not positive-definite (the leading minor of order % is not positive-definite).";
const shape = "[*, n, n] -> [*, n, n]";

for (const [name, parameter, places] of [
  ["linalg_cholesky", "Tensor A, *, bool upper=False", ["linalg"]],
  ["cholesky", "Tensor input, bool upper=False", ["torch", "Tensor"]],
] as const satisfies readonly (readonly [string, string, readonly Place[]])[]) {
  defineOp({
    name,
    signature: `${name}(${parameter}) -> Tensor` as "cholesky(Tensor input, bool upper=False) -> Tensor",
    places,
    out: name === "cholesky" ? safelyCastable(name) : resultsType,
    doc: {
      summary: "The triangular factor L of a positive-definite matrix L Lᵀ (its transpose with upper).",
      shape,
      source: `torch.${name.replace("_", ".")}`,
    },
    saves: ["result"],
    gradient: "through decomposition",
    layout: byColumns(true),
    record(g, args) {
      const { A, input, upper } = args as { readonly A?: Node; readonly input?: Node; readonly upper: boolean };
      const [l, info] = choleskyOf(g, "linalg.cholesky", (A ?? input)!, upper);
      return refuseFailed(g, "linalg.cholesky", [l], info, failed)[0]!;
    },
  });
}

defineOp({
  name: "linalg_cholesky_ex",
  signature: "linalg_cholesky_ex(Tensor A, *, bool upper=False, bool check_errors=False) -> Tensor[2]",
  places: ["linalg"],
  results: ["L", "info"],
  doc: {
    summary: "The triangular factor of a positive-definite matrix, and 0, or the order of the minor where it failed.",
    shape: "[*, n, n] -> [*, n, n], [*]",
    source: "torch.linalg.cholesky_ex",
  },
  saves: ["L"],
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { A, upper, check_errors }) {
    const [l, info] = choleskyOf(g, "linalg.cholesky_ex", A, upper);
    return check_errors ? [...refuseFailed(g, "linalg.cholesky_ex", [l], info, failed), info] : [l, info];
  },
});

const solution = defineOp({
  name: "cholesky_solution",
  signature: "cholesky_solution(Tensor b, Tensor l) -> Tensor",
  places: [],
  composite: true,
  complexGradient: "own",
  doc: {
    summary: "X with l lᵀ X = b, of equal batches.",
    shape: "[*, n, k] and [*, n, n] -> [*, n, k]",
    source: "torch.cholesky_solve",
  },
  // As PyTorch: of l lᵀ as a whole, also above the diagonal.
  gradient(g, { inputs, outputs, grads }) {
    const [l, grad] = [inputs[1]!, grads[0]];
    if (!grad) return [null, null];
    const gradB = solveFactored(g, grad, l);
    const outer = product(g, gradB, adjoint(g, outputs[0]!));
    return [gradB, l.requiresGrad ? g.neg(product(g, g.add(outer, adjoint(g, outer)), l)) : null];
  },
  record: (g, { b, l }) => solveTriangular(g, adjoint(g, l), solveTriangular(g, l, b, false), true),
});

/** X with L Lᵀ X = b. */
function solveFactored(g: GraphBuilder, b: Node, l: Node): Node {
  const [right, left] = togetherBatched(g, "cholesky_solve", b, l);
  return apply(g, solution, { b: right, l: left })[0]!;
}

defineOp({
  name: "cholesky_solve",
  signature: "cholesky_solve(Tensor input, Tensor L, bool upper=False) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  doc: {
    summary: "X with L Lᵀ X = input for a Cholesky factor L (Lᵀ L with upper).",
    shape: "[*, n, k] and [*, n, n] -> [*, n, k]",
    source: "torch.cholesky_solve",
  },
  saves: ["input", "L", "result"],
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { input, L, upper }) {
    requireSystem("cholesky_solve", L, input, true);
    return solveFactored(g, input, upper ? adjoint(g, L) : L);
  },
});

defineOp({
  name: "cholesky_inverse",
  signature: "cholesky_inverse(Tensor L, bool upper=False) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  doc: {
    summary: "The inverse of L Lᵀ for a Cholesky factor L (of Lᵀ L with upper).",
    shape,
    source: "torch.cholesky_inverse",
  },
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { L, upper }) {
    requireSquare("cholesky_inverse", L);
    return solveFactored(g, identity(g, L.shape, L), upper ? adjoint(g, L) : L);
  },
});

nameSteps({ linalg_cholesky: "linalg_cholesky_ex" });
