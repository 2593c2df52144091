/** The exponential of matrices. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { inFloat32 } from "../support.ts";
import {
  apply,
  columns,
  isEmpty,
  overReal,
  requireSquare,
  rows,
  rowsOf,
  run,
  timesReal,
  transposed,
  zeros,
} from "./matrices.ts";

const exponential = defineOp({
  name: "matrix_exponential",
  signature: "matrix_exponential(Tensor input) -> Tensor",
  places: [],
  composite: true,
  complexGradient: "analytic",
  doc: {
    summary: "The exponential of square matrices.",
    shape: "[*, n, n] -> [*, n, n]",
    source: "torch.linalg.matrix_exp",
  },
  // The exponential of [[Aᵀ, G], [0, Aᵀ]] has the derivative in the direction G beside that of Aᵀ.
  gradient(g, { inputs, grads }) {
    const [input, grad] = [inputs[0]!, grads[0]];
    if (!grad) return [null];
    if (isEmpty(input)) return [grad];
    const [a, n, rank] = [transposed(g, input), rowsOf(input), input.shape.length];
    // It is linear in G, whose size must not decide by how much A is made smaller: nothing of A would be left.
    const largest = g.reduce("reduce_max", g.abs(g.detach(grad)), [rank - 2, rank - 1]);
    const size = g.expandTo(g.where(g.gt(largest, 0), g.mul(largest, n), 1), grad.shape);
    const above = g.concat([a, overReal(g, grad, size)], rank - 1);
    const below = g.concat([zeros(g, a.shape, a), a], rank - 1);
    const both = exponentialOf(g, g.concat([above, below], rank - 2));
    return [timesReal(g, columns(g, rows(g, both, 0, n), n, n), size)];
  },
  record: (g, { input }) => run(g, { name: "exponential" }, [input])[0]!,
});
function exponentialOf(g: GraphBuilder, input: Node): Node {
  return apply(g, exponential, { input })[0]!;
}

for (const [name, parameter] of [
  ["linalg_matrix_exp", "A"],
  ["matrix_exp", "input"],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor ${parameter}) -> Tensor` as "matrix_exp(Tensor input) -> Tensor",
    places: name === "matrix_exp" ? ["torch", "Tensor"] : ["linalg"],
    doc: {
      summary: "The exponential of square matrices: the sum of Aᵏ / k!.",
      shape: "[*, n, n] -> [*, n, n]",
      source: "torch.linalg.matrix_exp",
    },
    gradient: "through decomposition",
    record(g, args) {
      const input = (args as unknown as Record<string, Node>)[parameter]!;
      return inFloat32(g, [input], (x) => {
        requireSquare("linalg.matrix_exp", x);
        return exponentialOf(g, x);
      });
    },
  });
}

nameSteps({ matrix_exp: "linalg_matrix_exp" });
