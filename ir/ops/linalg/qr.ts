/** Householder reflections and QR factors. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { isComplex } from "../../dtype.ts";
import { ArgumentError, AutogradError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { sameShape } from "../../shape.ts";
import { requireSameType } from "../matmul.ts";
import { computedFrom, describe } from "../support.ts";
import {
  adjoint,
  apply,
  asColumn,
  batchOf,
  byColumns,
  columns,
  columnsOf,
  diagonal,
  diagonalMatrix,
  identity,
  isEmpty,
  lower,
  product,
  requireMatrices,
  requireNumbers,
  requireRankTwo,
  rows,
  rowsOf,
  run,
  upper,
  zeros,
} from "./matrices.ts";
import { solveTriangularRight } from "./triangular.ts";
import { anyCastable, safelyCastable, sameType } from "../out-types.ts";

/** R above the vectors of the reflections, and their factors. */
function reflect(g: GraphBuilder, input: Node): [Node, Node] {
  if (isEmpty(input))
    return [input, g.full([...batchOf(input), Math.min(rowsOf(input), columnsOf(input))], 0, input.dtype)];
  return run(g, { name: "reflect" }, [input]) as [Node, Node];
}
/** The first columns of the product of reflections. */
function unfold(g: GraphBuilder, packed: Node, tau: Node, count: number): Node {
  const shape = [...batchOf(packed), rowsOf(packed), count];
  if (isEmpty(packed) || isEmpty(tau) || count === 0) return identity(g, shape, packed);
  return run(g, { name: "reflections", columns: count }, [packed, tau])[0]!;
}

/** A matrix of orthonormal columns with further ones, until it is square. */
export function completed(g: GraphBuilder, x: Node): Node {
  const [m, k] = [rowsOf(x), columnsOf(x)];
  if (m === k) return x;
  const [packed, tau] = reflect(g, g.detach(x));
  return g.concat([x, columns(g, unfold(g, packed, tau, m), k, m - k)], x.shape.length - 1);
}

const factors = defineOp({
  name: "qr_factors",
  signature: "qr_factors(Tensor input, 'reduced'|'complete'|'r' mode) -> Tensor[2]",
  places: [],
  composite: true,
  complexGradient: "own",
  doc: { summary: "Q and R with input = Q R.", shape: "[*, m, n] -> [*, m, k], [*, k, n]", source: "torch.linalg.qr" },
  gradient(g, { inputs, attrs, outputs, grads }) {
    const [q, r] = outputs as readonly [Node, Node];
    const [m, n] = [rowsOf(inputs[0]!), columnsOf(inputs[0]!)];
    if (attrs["mode"] === "r")
      throw new AutogradError(
        "qr/r",
        "linalg.qr: The derivative of linalg.qr depends on Q, which is not computed when mode='r'.",
        "Please use linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr.",
      );
    if (attrs["mode"] === "complete" && m > n)
      throw new AutogradError(
        "qr/complete",
        `linalg.qr: The QR decomposition is not differentiable when mode='complete' and nrows > ncols: ${describe(inputs[0]!)}.`,
        'Use mode "reduced".',
      );
    const [gradQ, gradR] = [grads[0] ?? zeros(g, q.shape, q), grads[1] ?? zeros(g, r.shape, r)];
    if (m >= n) return [tallGradient(g, q, r, gradQ, gradR)];
    // A = [X, Y] with X = Q U square: Y = Q V, so V = Qᵀ Y.
    const [gradU, gradV] = [columns(g, gradR, 0, m), columns(g, gradR, m, n - m)];
    const rest = columns(g, inputs[0]!, m, n - m);
    const fromV = g.add(gradQ, product(g, rest, adjoint(g, gradV)));
    const gradX = tallGradient(g, q, columns(g, r, 0, m), fromV, gradU);
    return [g.concat([gradX, product(g, q, gradV)], gradX.shape.length - 1)];
  },
  record(g, { input, mode }) {
    const [m, n] = [rowsOf(input), columnsOf(input)];
    const count = mode === "complete" ? m : Math.min(m, n);
    const [packed, tau] = reflect(g, input);
    const triangle = upper(g, rows(g, packed, 0, Math.min(m, n)));
    const below = zeros(g, [...batchOf(input), count - Math.min(m, n), n], input);
    return [
      unfold(g, packed, tau, count),
      count === Math.min(m, n) ? triangle : g.concat([triangle, below], triangle.shape.length - 2),
    ];
  },
});

/** (dQ + Q sym(up(dR R^H - Q^H dQ))) R^-H, sym copying the upper triangle to the lower, its diagonal being real. */
function tallGradient(g: GraphBuilder, q: Node, r: Node, gradQ: Node, gradR: Node): Node {
  const moved = g.sub(product(g, gradR, adjoint(g, r)), product(g, adjoint(g, q), gradQ));
  const above = upper(g, moved, 1);
  const along = diagonalMatrix(g, diagonal(g, isComplex(moved.dtype) ? g.cast(g.real(moved), moved.dtype) : moved));
  const both = g.add(g.add(above, adjoint(g, above)), along);
  return solveTriangularRight(g, adjoint(g, r), g.add(gradQ, product(g, q, both)), false);
}

export const qrOf = (g: GraphBuilder, input: Node, mode: "reduced" | "complete" | "r" = "reduced"): [Node, Node] =>
  apply(g, factors, { input, mode }) as [Node, Node];

defineOp({
  name: "linalg_qr",
  signature: "linalg_qr(Tensor A, 'reduced'|'complete'|'r' mode=reduced) -> Tensor[2]",
  places: ["linalg"],
  results: ["Q", "R"],
  doc: {
    summary:
      'A = Q R, Q with orthonormal columns, R upper triangular. mode "complete": Q square; "r": Q is empty, and no gradient.',
    shape: "[*, m, n] -> [*, m, k], [*, k, n], k = min(m, n)",
    source: "torch.linalg.qr",
  },
  saves: ["Q", "R"],
  gradient: "through decomposition",
  layout: byColumns(true, true),
  record(g, { A, mode }) {
    requireMatrices("linalg.qr", A);
    if (mode !== "reduced" && mode !== "complete" && mode !== "r")
      throw new ArgumentError(
        "linalg.qr/mode",
        `linalg.qr: qr received unrecognized mode '${mode}' but expected one of 'reduced' (default), 'r', or 'complete'.`,
      );
    const [q, r] = qrOf(g, A, mode);
    return [mode === "r" ? g.full([0], 0, A.dtype) : q, r];
  },
});

defineOp({
  name: "qr",
  signature: "qr(Tensor input, bool some=True) -> Tensor[2]",
  places: ["torch", "Tensor"],
  results: ["Q", "R"],
  doc: {
    summary: "input = Q R, Q square when not some; deprecated in PyTorch for linalg.qr.",
    shape: "[*, m, n] -> [*, m, k], [*, k, n], k = min(m, n)",
    source: "torch.qr",
  },
  saves: ["Q", "R"],
  gradient: "through decomposition",
  layout: byColumns(true, true),
  record(g, { input, some }) {
    requireMatrices("torch.qr", input);
    return qrOf(g, input, some ? "reduced" : "complete");
  },
});

defineOp({
  name: "geqrf",
  signature: "geqrf(Tensor input) -> Tensor[2]",
  places: ["torch", "Tensor"],
  out: anyCastable,
  results: ["a", "tau"],
  doc: {
    summary: "R, and below its diagonal the vectors of the reflections whose product is Q, and their factors.",
    shape: "[*, m, n] -> [*, m, n], [*, min(m, n)]",
    source: "torch.geqrf",
  },
  gradient: "none",
  layout: byColumns(true),
  record(g, { input }) {
    requireMatrices("torch.geqrf", input, "input");
    return reflect(g, g.detach(input));
  },
});

function requireReflections(name: string, packed: Node, tau: Node): void {
  requireMatrices(name, packed, "input");
  requireSameType(name, packed, tau);
  if (tau.shape.at(-1)! > columnsOf(packed))
    throw new ShapeError(
      `${name}/tau`,
      `${name}: tau.shape[-1] must be less than or equal to input.shape[-1], got ${describe(tau)} and ${describe(packed)}.`,
    );
  if (rowsOf(packed) < columnsOf(packed))
    throw new ShapeError(
      `${name}/wide`,
      `${name}: input.shape[-2] must be greater than or equal to input.shape[-1], got ${describe(packed)}.`,
    );
  if (!sameShape(tau.shape.slice(0, -1), batchOf(packed)))
    throw new ShapeError(
      `${name}/batch`,
      `${name}: Expected batch dimensions of tau to be equal to input.shape[:-2], got ${describe(tau)} and ${describe(packed)}.`,
    );
}

/** I - tau v vᵀ for each reflection, applied from the last to the first: differentiable in both arguments. */
function multiplied(g: GraphBuilder, packed: Node, tau: Node): Node {
  if (!packed.requiresGrad && !tau.requiresGrad) return unfold(g, packed, tau, columnsOf(packed));
  const vectors = g.add(lower(g, packed, -1), identity(g, packed.shape, packed));
  let result = identity(g, packed.shape, packed);
  for (let i = tau.shape.at(-1)! - 1; i >= 0; i--) {
    const vector = columns(g, vectors, i, 1);
    const along = product(g, adjoint(g, vector), result);
    const factor = asColumn(g, g.sliceAxis(tau, tau.shape.length - 1, i, 1));
    result = g.sub(result, g.mul(product(g, vector, along), factor));
  }
  return computedFrom(g, result, [packed, tau]);
}

defineOp({
  name: "linalg_householder_product",
  signature: "linalg_householder_product(Tensor A, Tensor tau) -> Tensor",
  places: ["linalg"],
  out: safelyCastable("torch.linalg.householder_product"),
  doc: {
    summary: "The first columns of the product of the reflections whose vectors stand below the diagonal of A.",
    shape: "[*, m, n] and [*, k] -> [*, m, n]",
    source: "torch.linalg.householder_product",
  },
  saves: ["A", "tau", "result"],
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { A, tau }) {
    requireReflections("torch.linalg.householder_product", A, tau);
    return multiplied(g, A, tau);
  },
});
defineOp({
  name: "orgqr",
  signature: "orgqr(Tensor input, Tensor tau) -> Tensor",
  places: ["torch", "Tensor"],
  out: safelyCastable("torch.linalg.householder_product"),
  doc: {
    summary: "The product of reflections, as torch.linalg.householder_product.",
    shape: "[*, m, n] and [*, k] -> [*, m, n]",
    source: "torch.orgqr",
  },
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { input, tau }) {
    requireReflections("torch.linalg.householder_product", input, tau);
    return multiplied(g, input, tau);
  },
});

defineOp({
  name: "ormqr",
  signature: "ormqr(Tensor input, Tensor tau, Tensor other, bool left=True, bool transpose=False) -> Tensor",
  places: ["torch", "Tensor"],
  out: sameType(
    (wanted, given) =>
      `torch.ormqr: Expected input and result to have the same dtype, but input has dtype${wanted} and result has dtype ${given}`,
  ),
  doc: {
    summary: "Q other (other Q when not left), Q the product of reflections, or its transpose.",
    shape: "[*, m, k], [*, k] and [*, m, n] -> [*, m, n]",
    source: "torch.ormqr",
  },
  saves: ["input", "tau", "other", "result"],
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { input, tau, other, left, transpose }) {
    for (const [what, x] of Object.entries({ input, other })) requireRankTwo("torch.ormqr", x, what);
    if (tau.shape.at(-1) !== Math.min(left ? rowsOf(other) : columnsOf(other), columnsOf(input)))
      throw new ShapeError(
        "ormqr/tau",
        `torch.ormqr: tau.shape[-1] must be equal to min(other.shape[${left ? -2 : -1}], input.shape[-1]), got ${describe(tau)} and ${describe(input)}.`,
      );
    if ((left ? rowsOf(other) : columnsOf(other)) !== rowsOf(input))
      throw new ShapeError(
        "ormqr/other",
        `torch.ormqr: other.shape[${left ? -2 : -1}] must be equal to input.shape[-2], got ${describe(other)} and ${describe(input)}.`,
      );
    requireNumbers("torch.ormqr", input);
    requireNumbers("torch.ormqr", other);
    const size = rowsOf(input);
    const wide = size - columnsOf(input);
    const rank = input.shape.length;
    const square = wide > 0 ? g.concat([input, zeros(g, [...batchOf(input), size, wide], input)], rank - 1) : input;
    const q = multiplied(g, columns(g, square, 0, size), tau);
    const turned = transpose ? adjoint(g, q) : q;
    return left ? product(g, turned, other) : product(g, other, turned);
  },
});

nameSteps({ orgqr: "linalg_householder_product" });
