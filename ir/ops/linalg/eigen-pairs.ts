/** The gradient of some eigenvalues and eigenvectors of a symmetric matrix, wherever they come from. */
import { NotImplementedError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { eighOf } from "./eigh.ts";
import {
  adjoint,
  asColumn,
  asRow,
  columnsOf,
  diagonalMatrix,
  hermitian,
  product,
  rowsOf,
  transposed,
} from "./matrices.ts";

defineOp({
  name: "eigen_pairs",
  signature: "eigen_pairs(Tensor input, Tensor values, Tensor vectors, bool largest, Tensor? b=None) -> Tensor[2]",
  places: [],
  composite: true,
  complexGradient: "own",
  doc: {
    summary:
      "The first or last eigenvalues of a symmetric matrix, and their vectors: given ones, with the matrix's gradient.",
    shape: "[m, m], [k], [m, k] -> [k], [m, k]",
    source: "torch.lobpcg",
  },
  // U diag(dD) Uᵀ + V (Vᵀ dU / (what the values are apart from all eigenvalues)) Uᵀ, V all eigenvectors.
  gradient(g, { inputs, outputs, grads, attrs }) {
    const [values, vectors] = outputs as readonly [Node, Node];
    const [gradValues, gradVectors] = grads;
    const none = inputs.slice(1).map(() => null);
    if (!gradValues && !gradVectors) return [null, ...none];
    if (inputs.length > 3)
      throw new NotImplementedError(
        "lobpcg/derivative",
        "lobpcg.backward does not support backward with B != I yet.",
        "torch.linalg.eigh of the matrix divided by the factors of B has a gradient.",
      );
    let middle = gradValues ? product(g, vectors, diagonalMatrix(g, gradValues)) : null;
    if (gradVectors) {
      const [all, basis] = eighOf(g, "lobpcg", inputs[0]!, "L");
      const turned = product(g, adjoint(g, basis), gradVectors);
      const [m, k] = [rowsOf(turned), columnsOf(turned)];
      const [row, column] = [g.iotaAlong([m, k], 0, "int32"), g.iotaAlong([m, k], 1, "int32")];
      const own = g.eq(row, attrs["largest"] === true ? g.sub(m - 1, column) : column);
      const apart = g.where(own, 1, g.sub(asRow(g, values), asColumn(g, all)));
      const turning = product(g, basis, g.where(own, 0, g.div(turned, apart)));
      middle = middle === null ? turning : g.add(middle, turning);
    }
    return [hermitian(g, product(g, middle!, transposed(g, vectors))), ...none];
  },
  record: (_g, { values, vectors }) => [values, vectors],
});
