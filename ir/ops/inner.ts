/** Products over the last dimension of both operands. */
import { ShapeError } from "../errors.ts";
import { defineOp } from "../operator.ts";
import { formatShape } from "../shape.ts";
import { requireSameType, times } from "./matmul.ts";
import { tensordotsType } from "./out-types.ts";
import { promoted } from "./support.ts";

defineOp({
  name: "inner",
  signature: "inner(Tensor input, Tensor other) -> Tensor",
  places: ["torch", "Tensor"],
  out: tensordotsType,
  doc: {
    summary: "Sum of products over the last dimension of both; a product where one is 0-d.",
    shape: "[*, k] and [#, k] -> [*, #]",
    source: "torch.inner",
  },
  gradient: "through decomposition",
  record(g, { input, other }) {
    const [a, b] = [input.shape.length, other.shape.length];
    if (a === 0 || b === 0) return times(g, ...promoted(g, input, other));
    requireSameType("inner", input, other);
    if (input.shape[a - 1] !== other.shape[b - 1])
      throw new ShapeError(
        "inner/inner-dims",
        `inner() the last dimension must match on both input tensors but got shapes ${formatShape(input.shape)} and ${formatShape(other.shape)}.`,
      );
    return g.dot(input, other, [[a - 1], [b - 1]]);
  },
});
