/** Elements at positions of the flattened tensor, and along a dimension with the others broadcast. */
import { nameSteps } from "../step-names.ts";
import { scalarName } from "../dtype.ts";
import { DTypeError, IndexError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { broadcastShapes, elementCount } from "../shape.ts";
import { axisOf, checkRange, describe, requireIndex, wrapIndex } from "./support.ts";
import { sameType } from "./out-types.ts";

export const take = defineOp({
  name: "take",
  signature: "take(Tensor input, Tensor index) -> Tensor",
  places: ["torch", "Tensor"],
  out: sameType(
    (wanted, given) =>
      `take(): self and out expected to have the same dtype, but got self.dtype = ${wanted} and out.dtype = ${given}`,
  ),
  movesElements: "checked first",
  doc: {
    summary: "The elements at positions in the flattened input.",
    shape: "[*] and index -> the shape of index",
    source: "torch.take",
  },
  saves: ["input", "index"],
  gradient: "through decomposition",
  record(g, { input, index: given }) {
    requireIndex("take", given);
    const count = elementCount(input.shape);
    if (count === 0 && elementCount(given.shape) > 0)
      throw new IndexError("take/empty", "take(): tried to take from an empty tensor.");
    return g.gather(g.reshape(input, [count]), [0], [wrapIndex(g, given, count, "take", null, accessed(count))]);
  },
});

/** What PyTorch says of an index into the flattened tensor. */
export const accessed = (count: number): string =>
  `out of range: tried to access index % on a tensor of ${count} elements`;

export const takeAlongDim = defineOp({
  name: "take_along_dim",
  signature: "take_along_dim(Tensor input, Tensor indices, int? dim=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "As gather, the other dimensions broadcast; without dim from the flattened input.",
    shape: "[*] and indices -> [*]",
    source: "torch.take_along_dim",
  },
  // Along a dimension the positions are made anew.
  saves: ({ dim }) => (dim === null ? ["input", "indices"] : ["input"]),
  gradient: "through decomposition",
  record(g, { input, indices, dim }) {
    if (indices.dtype !== "int64")
      throw new DTypeError(
        "take_along_dim/index",
        `torch.take_along_dim(): dtype of indices should be Long but got ${scalarName(indices.dtype)}: ${describe(indices)}.`,
        "Convert it with indices.long().",
      );
    if (dim === null) {
      const count = elementCount(input.shape);
      const checked = checkRange(g, "take_along_dim", indices, count, 0, 0);
      return g.gather(g.reshape(input, [count]), [0], [g.reshape(checked, [elementCount(indices.shape)])]);
    }
    if (indices.shape.length !== input.shape.length)
      throw new ShapeError(
        "take_along_dim/rank",
        `torch.take_along_dim(): input and indices should have the same number of dimensions, but got ${input.shape.length} dimensions for input, and ${indices.shape.length} dimensions for indices.`,
      );
    const axis = axisOf("take_along_dim", dim, input.shape.length);
    const common = broadcastShapes(
      input.shape.map((size, i) => (i === axis ? 1 : size)),
      indices.shape.map((size, i) => (i === axis ? 1 : size)),
    );
    if (common === null)
      throw new ShapeError(
        "take_along_dim/broadcast",
        `take_along_dim: input ${describe(input)} and indices ${describe(indices)} do not broadcast.`,
      );
    const sized = (x: Node): Node =>
      g.expandTo(
        x,
        common.map((size, i) => (i === axis ? x.shape[i]! : size)),
      );
    const checked = wrapIndex(g, indices, input.shape[axis]!, "take_along_dim", axis);
    return g.takeAlong(sized(input), axis, sized(checked));
  },
});

nameSteps({ take_along_dim: "gather" });
