/** A tensor's own shape, changed. */
import { ShapeError } from "../ir/errors.ts";
import { elementCount, type Shape } from "../ir/shape.ts";
import { checkInplace } from "./call.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";
import { movement } from "./views.ts";

/** The tensor as it was, for a view of which the same object then stands. */
export function former(self: Tensor, operator: string): Tensor {
  checkInplace(self, operator);
  return self.giveWay_();
}

/** Gives a tensor itself another shape: elements keep their order, new ones are zero. */
export function resized(self: Tensor, shape: Shape, operator: string): Tensor {
  if (self.requires_grad)
    throw new ShapeError(
      "resize/requires-grad",
      `${operator}: cannot resize variables that require grad.`,
      "Use reshape(), or detach() first.",
    );
  const before = former(self, operator);
  const [count, had] = [elementCount(shape), before.numel()];
  if (count <= had) {
    const step = movement("resize", (g, parent) =>
      g.reshape(g.sliceAxis(g.reshape(parent, [had]), 0, 0, count), shape),
    );
    return self.takeOver_(before.viewBy_(step));
  }
  const flat = graph.reshape(before.node_(), [had]);
  const filler = self.dtype.name === "bool" ? false : 0;
  const grown = Tensor.ofNode(graph.reshape(graph.pad(flat, [0], [count - had], filler), shape), self.storage_.device);
  return self.takeOver_(grown);
}
