/** Singular values, and what is defined by them. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { isComplex, realOf } from "../../dtype.ts";
import { ArgumentError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { completed } from "./qr.ts";
import {
  adjoint,
  apply,
  asColumn,
  asRow,
  batchOf,
  byColumns,
  columnsOf,
  diagonal,
  diagonalMatrix,
  isEmpty,
  overReal,
  product,
  refuseUnbounded,
  requireMatrices,
  rowsOf,
  run,
  timesReal,
  withDiagonal,
  withoutDiagonal,
} from "./matrices.ts";

const shape = "[*, m, n] -> [*, m, k], [*, k], [*, k, n], k = min(m, n)";

const factors = defineOp({
  name: "svd_factors",
  signature: "svd_factors(Tensor input) -> Tensor[3]",
  places: [],
  composite: true,
  complexGradient: "own",
  doc: {
    summary: "U, S and V with input = U diag(S) Vᵀ.",
    shape: "[*, m, n] -> [*, m, k], [*, k], [*, n, k]",
    source: "torch.linalg.svd",
  },
  gradient(g, { inputs, outputs, grads }) {
    const [u, s, v] = outputs as readonly [Node, Node, Node];
    const [gradU, gradS, gradV] = grads;
    const [m, n, k] = [rowsOf(inputs[0]!), columnsOf(inputs[0]!), s.shape.at(-1)!];
    const turnedV = adjoint(g, v);
    // In the basis of the factors: dS on the diagonal, and what turns U and V, divided by how far S² are apart.
    let middle: Node | null = gradS ? diagonalMatrix(g, g.cast(gradS, u.dtype)) : null;
    const join = (part: Node): void => {
      middle = middle === null ? part : g.add(middle, part);
    };
    const square = g.mul(s, s);
    const apart = withDiagonal(g, g.sub(asRow(g, square), asColumn(g, square)), 1);
    const skew = (basis: Node, grad: Node): Node => {
      const moved = product(g, adjoint(g, basis), grad);
      return g.sub(moved, adjoint(g, moved));
    };
    const turning = (basis: Node, grad: Node): Node => overReal(g, withoutDiagonal(g, skew(basis, grad)), apart);
    const [row, column] = [g.expandTo(asRow(g, s), apart.shape), g.expandTo(asColumn(g, s), apart.shape)];
    if (gradU) join(timesReal(g, turning(u, gradU), row));
    if (gradV) join(timesReal(g, turning(v, gradV), column));
    // What turns the phases of U and V together.
    if (gradU && gradV && isComplex(u.dtype))
      join(diagonalMatrix(g, overReal(g, diagonal(g, skew(u, gradU)), g.mul(s, 2))));
    if (middle === null) return [null];
    let result = product(g, product(g, u, middle), turnedV);
    if (gradU && m > k) {
      const outside = g.sub(gradU, product(g, u, product(g, adjoint(g, u), gradU)));
      result = g.add(result, product(g, overReal(g, outside, g.expandTo(asRow(g, s), outside.shape)), turnedV));
    }
    if (gradV && n > k) {
      const outside = g.sub(gradV, product(g, v, product(g, turnedV, gradV)));
      result = g.add(result, product(g, overReal(g, u, g.expandTo(asRow(g, s), u.shape)), adjoint(g, outside)));
    }
    return [result];
  },
  record(g, { input }) {
    const [m, n] = [rowsOf(input), columnsOf(input)];
    if (isEmpty(input)) {
      const k = Math.min(m, n);
      return [[m, k], [k], [n, k]].map((sizes) =>
        g.full([...batchOf(input), ...sizes], 0, sizes.length === 1 ? realOf(input.dtype) : input.dtype),
      );
    }
    if (m >= n) return run(g, { name: "svd" }, [input]);
    const [v, s, u] = run(g, { name: "svd" }, [adjoint(g, input)]);
    return [u!, s!, v!];
  },
});

/** input = u diag(s) vᵀ, with as many columns as the smaller size. */
export function svdOf(g: GraphBuilder, input: Node): { readonly u: Node; readonly s: Node; readonly v: Node } {
  const checked = refuseUnbounded(g, "linalg.svd", input);
  const [u, s, v] = apply(g, factors, { input: checked }) as [Node, Node, Node];
  return { u, s, v };
}
export const singularValues = (g: GraphBuilder, input: Node): Node => svdOf(g, input).s;

defineOp({
  name: "linalg_svd",
  signature: "linalg_svd(Tensor A, bool full_matrices=True, *, 'gesvd'|'gesvdj'|'gesvda'? driver=None) -> Tensor[3]",
  places: ["linalg"],
  results: ["U", "S", "Vh"],
  doc: {
    summary:
      "A = U diag(S) Vh, S descending. With full_matrices U and Vh are square; their further columns and rows have no gradient.",
    shape,
    source: "torch.linalg.svd",
  },
  gradient: "through decomposition",
  layout: byColumns(true, false, true),
  record(g, { A, full_matrices, driver }) {
    requireMatrices("linalg.svd", A);
    refuseDriver("linalg.svd", driver);
    const { u, s, v } = svdOf(g, A);
    const [left, right] = full_matrices ? [completed(g, u), completed(g, v)] : [u, v];
    return [left, s, adjoint(g, right)];
  },
});

function refuseDriver(name: string, driver: string | null): void {
  if (driver !== null)
    throw new ArgumentError(
      `${name}/driver`,
      `${name}: keyword argument \`driver=\` is only supported on CUDA inputs, got "${driver}".`,
    );
}

defineOp({
  name: "svd",
  signature: "svd(Tensor input, bool some=True, bool compute_uv=True) -> Tensor[3]",
  places: ["torch", "Tensor"],
  results: ["U", "S", "V"],
  doc: {
    summary: "input = U diag(S) Vᵀ; without compute_uv U and V are zeros. Deprecated in PyTorch for linalg.svd.",
    shape: "[*, m, n] -> [*, m, k], [*, k], [*, n, k], k = min(m, n); U and V square when not some",
    source: "torch.svd",
  },
  gradient: "through decomposition",
  layout: byColumns(true),
  record(g, { input, some, compute_uv }) {
    requireMatrices("torch.svd", input);
    const { u, s, v } = svdOf(g, input);
    if (!compute_uv) {
      const zero = (size: number): Node => g.full([...batchOf(input), size, size], 0, input.dtype);
      return [zero(rowsOf(input)), s, zero(columnsOf(input))];
    }
    return some ? [u, s, v] : [completed(g, u), s, completed(g, v)];
  },
});

defineOp({
  name: "linalg_svdvals",
  signature: "linalg_svdvals(Tensor A, *, 'gesvd'|'gesvdj'|'gesvda'? driver=None) -> Tensor",
  places: ["linalg"],
  doc: {
    summary: "Singular values, descending.",
    shape: "[*, m, n] -> [*, min(m, n)]",
    source: "torch.linalg.svdvals",
  },
  saves: ["result"],
  gradient: "through decomposition",
  record(g, { A, driver }) {
    requireMatrices("linalg.svdvals", A);
    refuseDriver("linalg.svdvals", driver);
    return singularValues(g, A);
  },
});

nameSteps({ linalg_svdvals: "linalg_svd", svd: "transpose" });
